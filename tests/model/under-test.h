// SPDX-License-Identifier: MIT
/* Interface between the code under test and the model. Accesses to memory are not part of
 * it: the compiler reports them, see access.c. */
#ifndef UNDER_TEST_H
#define UNDER_TEST_H 1
#include <stddef.h>
#include <stdint.h>
struct pthread *mc_self(void);
long mc_futex(volatile void *addr, int op, int val, int timed, void *uaddr2);
void mc_register(void);			/* set_robust_list */
void *mc_vdso(void);			/* the vDSO function or NULL */
int mc_has_vdso(void);			/* there is a vDSO at all */
int mc_policy(void);			/* glibc.pthread.robust_unlock */
int mc_choose(int n, const char *what);	/* left open: one of n */
void mc_fail(const char *property, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
#endif
