// SPDX-License-Identifier: MIT
/* Interface between the code under test, the simulated kernel and the search. */
#ifndef MC_H
#define MC_H 1
#include <stddef.h>
#include <stdint.h>
#define MC_N 3				/* threads at most, each its own process */
enum { MC_GLOBAL, MC_LOCAL };		/* kind of the access that comes next */
void mc_yield(int kind, const char *file, int line, const char *what);
int mc_choose(int n, const char *what);	/* nondeterministic, not interrupted */
void mc_fail(const char *prop, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));
void mc_at(const volatile void *p, const char *file, int line);	/* before an atomic */
void mc_touch(void);			/* libc accesses memory of the mutex */
int *mc_skip(void);			/* static data of a process */
void **mc_vdsofunc(void);
long mc_futex(volatile void *addr, int op, int val, int timed, void *uaddr2, int op3);
int mc_policy(void);
void *mc_vdso(void);			/* the vDSO function or NULL */
int mc_has_vdso(void);			/* there is a vDSO at all */
void mc_register(void);			/* set_robust_list */
unsigned mc_try_unlock(volatile void *lock, unsigned tid, void *pop);
/* in front of an access that is not by an atomic */
static inline int mc_g(const char *f, int l, const char *w) { mc_yield(MC_GLOBAL, f, l, w); mc_touch(); return 0; }
static inline int mc_l(const char *f, int l, const char *w) { mc_yield(MC_LOCAL, f, l, w); return 0; }
#define MC_SPINS 0
#endif
