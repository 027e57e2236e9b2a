/* SPDX-License-Identifier: MIT */
/* A seccomp filter for futex(2) calls, such as those with FUTEX_ROBUST_UNLOCK. */
#ifndef FUTEX_FILTER_H
#define FUTEX_FILTER_H

#include "harness.h"
#include <linux/filter.h>
#include <linux/seccomp.h>

/* From now on, the filter answers each call of this number with the SECCOMP_RET_
 * action if the low half of argument ARG has this value under the mask. Skips the
 * test if filters are not possible. */
void filter_call(int number, int arg, unsigned mask, unsigned value,
			       unsigned action);

/* The same for futex(2) calls and their op. */
void filter_futex(unsigned mask, unsigned value, unsigned action);

void filter_robust_unlock(unsigned action);

#endif
