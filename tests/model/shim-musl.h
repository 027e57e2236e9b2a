// SPDX-License-Identifier: MIT
/* What musl's pthread_mutex_*.c need, in place of its internal headers. */
#ifndef SHIM_MUSL_H
#define SHIM_MUSL_H 1
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include "under-test.h"
typedef struct { union { int i_[10]; volatile int vi_[10]; volatile void *volatile p_[5]; } u_; } mc_mutex_t;
#define pthread_mutex_t mc_mutex_t
#define _m_type    u_.i_[0]
#define _m_lock    u_.vi_[1]
#define _m_waiters u_.vi_[2]
#define _m_prev    u_.p_[3]
#define _m_next    u_.p_[4]
#define _m_count   u_.i_[5]
struct pthread {
	int tid;
	struct { volatile void *volatile head; long off; volatile void *volatile pending; } robust_list;
};
typedef struct pthread *mc_pthread_t;
#define pthread_t mc_pthread_t
#define __pthread_self() mc_self()
#define PTHREAD_MUTEX_NORMAL 0
#define PTHREAD_MUTEX_DEFAULT 0
#undef PTHREAD_MUTEX_RECURSIVE
#define PTHREAD_MUTEX_RECURSIVE 1
#undef PTHREAD_MUTEX_ERRORCHECK
#define PTHREAD_MUTEX_ERRORCHECK 2
#include "musl-futex.h"
enum { SYS_futex = 202, SYS_set_robust_list = 273 };
#define A_(x) ((void *)(uintptr_t)(x))
#define SC_N(n,a,op,v,to,u,...) mc_futex((volatile void *)A_(a), (op) & ~(FUTEX_PRIVATE), (long)(uintptr_t)(v), A_(to) != 0, A_(u))
#define __syscall(n, ...) ((n) == SYS_set_robust_list ? (mc_register(), 0L) : SC_N(n, __VA_ARGS__, 0, 0, 0, 0))
#define a_cas(p, t, s) ({ int t_ = (t); __atomic_compare_exchange_n(p, &t_, s, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); t_; })
#define a_swap(p, v) __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define a_store(p, v) __atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define a_inc(p) ((void)__atomic_fetch_add(p, 1, __ATOMIC_SEQ_CST))
#define a_dec(p) ((void)__atomic_fetch_add(p, -1, __ATOMIC_SEQ_CST))
#define a_and(p, v) ((void)__atomic_fetch_and(p, v, __ATOMIC_SEQ_CST))
#define a_or(p, v) ((void)__atomic_fetch_or(p, v, __ATOMIC_SEQ_CST))
#define a_spin() ((void)0)
#define weak_alias(a, b)
#define __wake(a, n, p) ((void)mc_futex(a, FUTEX_WAKE, (n) < 0 ? INT_MAX : (n), 0, 0))
#define __vm_lock() ((void)0)
#define __vm_unlock() ((void)0)
#define __vm_wait() ((void)0)
static inline int __timedwait(volatile int *addr, int val, clockid_t clk, const struct timespec *at, int priv)
{
	if (at && mc_choose(2, "has the time-out passed before the wait?"))
		return ETIMEDOUT;
	int r = -mc_futex(addr, FUTEX_WAIT, val, at != 0, 0);
	return r == ETIMEDOUT ? r : 0;
}
/* Without VDSO_ROBUST_UNLOCK_SINCE_FLAG: without the function, it tries the flag. */
#define VDSO_ROBUST_UNLOCK_SYM "sym"
#define VDSO_ROBUST_UNLOCK_VER "ver"
#define __vdsosym(v, s) mc_vdso()
void __robust_list_pending(pthread_mutex_t *);
int __pthread_mutex_pi_release(pthread_mutex_t *, int);
int __pthread_mutex_trylock_owner(pthread_mutex_t *);
int __pthread_mutex_trylock(pthread_mutex_t *);
int __pthread_mutex_lock(pthread_mutex_t *);
int __pthread_mutex_unlock(pthread_mutex_t *);
int __pthread_mutex_timedlock(pthread_mutex_t *restrict, const struct timespec *restrict);
#define pthread_mutex_consistent mc_pthread_mutex_consistent
int pthread_mutex_consistent(pthread_mutex_t *);
#endif
