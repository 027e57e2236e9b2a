/* SPDX-License-Identifier: MIT */
/* A seccomp filter for futex(2) calls, such as those with FUTEX_ROBUST_UNLOCK. */
#ifndef FUTEX_FILTER_H
#define FUTEX_FILTER_H

#include "harness.h"
#include <linux/filter.h>
#include <linux/seccomp.h>

/* From now on each call of this number, whose argument ARG has the value under the
 * mask in its low half, is answered with the SECCOMP_RET_ action. Ends the test as
 * skipped where filters are not possible. */
void filter_call(int number, int arg, unsigned mask, unsigned value,
			       unsigned action);

/* The same for futex(2) calls and their op. */
void filter_futex(unsigned mask, unsigned value, unsigned action);

void filter_robust_unlock(unsigned action);

#endif
