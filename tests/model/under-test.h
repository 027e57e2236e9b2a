// SPDX-License-Identifier: MIT
/* The interface between the code under test and the model. It excludes memory
 * accesses, which the compiler reports: see access.c. */
#ifndef UNDER_TEST_H
#define UNDER_TEST_H 1
#include <stddef.h>
#include <stdint.h>
struct pthread *mc_self(void);
long mc_futex(volatile void *addr, int op, int val, int timed, void *uaddr2);
void mc_register(void);			/* set_robust_list */
void *mc_vdso(void);			/* the vDSO function or NULL */
int mc_has_vdso(void);			/* whether there is a vDSO */
int mc_policy(void);			/* glibc.pthread.robust_unlock */
int mc_choose(int n, const char *what);	/* one of n open possibilities */
void mc_fail(const char *property, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
#endif
