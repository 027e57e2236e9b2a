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
#define _m_lock    u_.vi_[1 + mc_g(__FILE__, __LINE__, "_m_lock")]
#define _m_waiters u_.vi_[2 + mc_g(__FILE__, __LINE__, "_m_waiters")]
#define _m_prev    u_.p_[3 + mc_own(__FILE__, __LINE__, "_m_prev")]
#define _m_next    u_.p_[4 + mc_own(__FILE__, __LINE__, "_m_next")]
#define _m_count   u_.i_[5]
/* by sed, for the addresses */
#define MC_ADDR_m_lock(m)    (&(m)->u_.vi_[1])
#define MC_ADDR_m_waiters(m) (&(m)->u_.vi_[2])
#define MC_ADDR_m_next(m)    (&(m)->u_.p_[4])
static inline int mc_own(const char *f, int l, const char *w) { mc_yield(MC_LOCAL, f, l, w); mc_touch(); return 0; }
struct pthread { int tid; struct { volatile void *volatile head; long off; volatile void *volatile pending; } robust_list; };
typedef struct pthread *mc_pthread_t;
#define pthread_t mc_pthread_t
struct pthread *mc_self(void);
#define __pthread_self() mc_self()
/* by sed: robust_list.pending and robust_list.head that are not addresses */
#define MC_SLOT (*({ mc_l(__FILE__, __LINE__, "robust_list.pending"); &mc_self()->robust_list.pending; }))
#define MC_HEAD (*({ mc_l(__FILE__, __LINE__, "robust_list.head"); &mc_self()->robust_list.head; }))
#define PTHREAD_MUTEX_NORMAL 0
#define PTHREAD_MUTEX_DEFAULT 0
#undef PTHREAD_MUTEX_RECURSIVE
#define PTHREAD_MUTEX_RECURSIVE 1
#undef PTHREAD_MUTEX_ERRORCHECK
#define PTHREAD_MUTEX_ERRORCHECK 2
#include "musl-futex.h"
enum { SYS_futex = 202, SYS_set_robust_list = 273 };
static inline long mc_syscall_futex(volatile void *a, int op, long v, void *to, void *u2, long v3)
{ return mc_futex(a, op & ~(FUTEX_PRIVATE), v, to != 0, u2, v3); }
#define A_(x) ((void *)(uintptr_t)(x))
#define SC_N(n,a,op,v,to,u,w,...) mc_syscall_futex((volatile void *)A_(a), op, (long)(uintptr_t)(v), A_(to), A_(u), (long)(w))
#define __syscall(n, ...) ((n) == SYS_set_robust_list ? (mc_register(), 0L) : SC_N(n, __VA_ARGS__, 0, 0, 0, 0, 0))
#define a_cas(p, t, s) ({ volatile int *p_ = (p); int t_ = (t), s_ = (s), o_; mc_at(p_, __FILE__, __LINE__); o_ = *p_; if (o_ == t_) *p_ = s_; o_; })
#define a_swap(p, v) ({ volatile int *p_ = (p); int v_ = (v), o_; mc_at(p_, __FILE__, __LINE__); o_ = *p_; *p_ = v_; o_; })
#define a_store(p, v) ((void)a_swap(p, v))
#define a_inc(p) ({ volatile int *p_ = (p); mc_at(p_, __FILE__, __LINE__); ++*p_; })
#define a_dec(p) ({ volatile int *p_ = (p); mc_at(p_, __FILE__, __LINE__); --*p_; })
#define a_and(p, v) ({ volatile int *p_ = (p); int v_ = (v); mc_at(p_, __FILE__, __LINE__); *p_ &= v_; })
#define a_or(p, v) ({ volatile int *p_ = (p); int v_ = (v); mc_at(p_, __FILE__, __LINE__); *p_ |= v_; })
#define a_spin() ((void)0)
#define weak_alias(a, b)
#define SHAREDWAKE(a, n) ((void)mc_futex(a, FUTEX_WAKE, (n) < 0 ? INT_MAX : (n), 0, 0, 0))
#define __wake(a, n, p) SHAREDWAKE(a, n)
#define __vm_lock() ((void)0)
#define __vm_unlock() ((void)0)
#define __vm_wait() ((void)0)
static inline int __timedwait(volatile int *addr, int val, clockid_t clk, const struct timespec *at, int priv)
{
	if (at && mc_choose(2, "time over before the wait?")) return ETIMEDOUT;
	int r = -mc_futex(addr, FUTEX_WAIT, val, at != 0, 0, 0);
	return r == ETIMEDOUT ? r : 0;
}
#define VDSO_ROBUST_UNLOCK_SYM "sym"
#define VDSO_ROBUST_UNLOCK_VER "ver"
#define __vdsosym(v, s) mc_vdso()
#define vdso_func (*({ try_unlock_fn *volatile *f_ = (void *)mc_vdsofunc(); if (!*f_) *f_ = try_unlock_vm; f_; }))
int __pthread_mutex_trylock_owner(pthread_mutex_t *);
int __pthread_mutex_trylock(pthread_mutex_t *);
int __pthread_mutex_lock(pthread_mutex_t *);
int __pthread_mutex_unlock(pthread_mutex_t *);
int __pthread_mutex_timedlock(pthread_mutex_t *restrict, const struct timespec *restrict);
#define pthread_mutex_consistent mc_pthread_mutex_consistent
int pthread_mutex_consistent(pthread_mutex_t *);
#endif
