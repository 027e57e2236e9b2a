// SPDX-License-Identifier: MIT
/* What the nptl files need, in place of glibc's internal headers. */
#ifndef SHIM_H
#define SHIM_H 1
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/types.h>
#include <time.h>
#include <pthread.h>
#include "under-test.h"
#undef EOVERFLOW
#define EOVERFLOW 75
typedef pthread_mutex_t mc_mutex_t;
struct robust_list_head { void *list; long futex_offset; void *list_op_pending; };
struct pthread { pid_t tid; void *robust_prev; struct robust_list_head robust_head; };
#define THREAD_SELF mc_self ()
/* volatile, like the assembly that they are */
#define THREAD_GETMEM(d, m) (*(volatile __typeof__ ((d)->m) *) &(d)->m)
#define THREAD_SETMEM(d, m, v) ((void) (*(volatile __typeof__ ((d)->m) *) &(d)->m = (v)))
#define QUEUE_PTR_ADJUST (offsetof (__pthread_list_t, __next))
#include "queue.h"			/* from nptl/descr.h */
#define FUTEX_WAITERS 0x80000000
#define FUTEX_OWNER_DIED 0x40000000
#define FUTEX_TID_MASK 0x3fffffff
#include "kinds.h"			/* from sysdeps/nptl/pthreadP.h */
#define PTHREAD_MUTEX_PSHARED_BIT 128
#define LLL_PRIVATE 0
#define LLL_SHARED 128
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_WAKE_OP 5
#define FUTEX_LOCK_PI 6
#define FUTEX_UNLOCK_PI 7
#define FUTEX_TRYLOCK_PI 8
#define __NR_futex 202
#define LIBC_PROBE(...)
#define LIBC_START_MAIN
#undef __glibc_likely
#undef __glibc_unlikely
#undef __attribute_noinline__
#define __glibc_likely(x) (x)
#define __glibc_unlikely(x) (x)
#define __attribute_noinline__ __attribute__ ((noinline))
#ifndef __always_inline
# define __always_inline inline __attribute__ ((always_inline))
#endif
#define attribute_hidden
#define libc_hidden_def(x)
#define libc_hidden_ver(a, b)
#define libpthread_hidden_def(x)
#define strong_alias(a, b)
#define weak_alias(a, b)
#define versioned_symbol(...)
#define compat_symbol(...)
#define OTHER_SHLIB_COMPAT(...) 0
#define SHLIB_COMPAT(...) 0
#define SHARED 1
#define atomic_load_relaxed(p) __atomic_load_n (p, __ATOMIC_RELAXED)
#define atomic_store_relaxed(p, v) __atomic_store_n (p, v, __ATOMIC_RELAXED)
#define atomic_store_release(p, v) __atomic_store_n (p, v, __ATOMIC_RELEASE)
#define atomic_exchange_release(p, v) __atomic_exchange_n (p, v, __ATOMIC_RELEASE)
#define atomic_compare_and_exchange_val_acq(p, n, o) ({ __typeof__ (*(p)) o_ = (o); __atomic_compare_exchange_n (p, &o_, n, 0, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE); o_; })
#define atomic_compare_exchange_weak_release(p, e, n) __atomic_compare_exchange_n (p, e, n, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED)
#define atomic_fetch_or_relaxed(p, v) __atomic_fetch_or (p, v, __ATOMIC_RELAXED)
#define atomic_fetch_and_acquire(p, v) __atomic_fetch_and (p, v, __ATOMIC_ACQUIRE)
#define atomic_spin_nop() abort ()
/* Locks that are not robust: not under test. */
#define SINGLE_THREAD_P 0
#define lll_lock(f, p) abort ()
#define lll_cond_lock(f, p) abort ()
#define lll_trylock(f) (abort (), 1)
#define lll_cond_trylock(f) (abort (), 1)
#define lll_islocked(f) ((f) != 0)
/* sysdeps/nptl/lowlevellock.h */
#define lll_unlock(f, p) ((void) ({ int *f_ = &(f); if (atomic_exchange_release (f_, 0) > 1) mc_futex (f_, FUTEX_WAKE, 1, 0, 0); }))
#define lll_futex_wake(f, n, p) mc_futex (f, FUTEX_WAKE, n, 0, 0)
#define futex_wake(f, n, p) mc_futex (f, FUTEX_WAKE, n, 0, 0)
#define futex_wait(f, v, p) ((int) -mc_futex (f, FUTEX_WAIT, v, 0, 0))
#define __futex_abstimed_wait64(f, v, c, t, p) ((int) -mc_futex (f, FUTEX_WAIT, v, (t) != NULL, 0))
#define __futex_clocklock64(...) (abort (), 0)
#define __futex_lock_pi64(f, c, t, p) ((int) -mc_futex (f, FUTEX_LOCK_PI, 0, (t) != NULL, 0))
#define futex_unlock_pi(f, p) ((int) -mc_futex (f, FUTEX_UNLOCK_PI, 0, 0, 0))
#define __lll_private_flag(op, p) (op)
#define MC_SYSCALL(f, op, v, t, u, ...) mc_futex (f, op, v, 0, (void *) (uintptr_t) (u))
#define INTERNAL_SYSCALL_CALL(name, ...) MC_SYSCALL (__VA_ARGS__, 0, 0, 0)
#define INTERNAL_SYSCALL_ERROR_P(r) ((r) < 0)
#define INTERNAL_SYSCALL_ERRNO(r) (-(r))
#define __pthread_tpp_change_priority(a, b) (abort (), 0)
#define __pthread_current_priority() (abort (), 0)
#define PTHREAD_MUTEX_PRIO_CEILING_SHIFT 19
#define PTHREAD_MUTEX_PRIO_CEILING_MASK 0xfff80000
#define max_adaptive_count() (abort (), 0)
#define get_jitter() 0
#define get_next_backoff(x) 0
#define __sched_yield() 0
#define __clock_gettime64(c, t) ((t)->tv_sec = (t)->tv_nsec = 0)
#define TUNABLE_GET_FULL(...) mc_policy ()
#define dl_vdso_vsym(name) mc_vdso ()
#define attribute_tls_model_ie
#define HAVE_FUTEX_ROBUST_UNLOCK_VSYSCALL 1
#define FUTEX_ROBUST_UNLOCK_VSYSCALL_SINCE_FLAG 1
#define GLRO(x) mc_glro_##x ()
static inline void *mc_glro_dl_futex_robust_try_unlock (void);
static inline void *mc_glro_dl_sysinfo_map (void) { return mc_has_vdso () ? (void *) 1 : NULL; }
#define __timespec64 timespec
#define __clockid_t clockid_t
#define valid_nanoseconds(x) 1
#define futex_abstimed_supported_clockid(x) 1
int __pthread_mutex_lock (pthread_mutex_t *);
int ___pthread_mutex_lock (pthread_mutex_t *);
int ___pthread_mutex_trylock (pthread_mutex_t *);
int ___pthread_mutex_unlock (pthread_mutex_t *);
int __pthread_mutex_unlock_usercnt (pthread_mutex_t *, int);
int __pthread_mutex_unlock_notrecoverable (pthread_mutex_t *);
int __pthread_mutex_consistent (pthread_mutex_t *);
int __pthread_mutex_clocklock_common (pthread_mutex_t *, clockid_t, const struct timespec *);
int __pthread_mutex_cond_lock (pthread_mutex_t *);
#undef assert
#define assert(x) do { if (!(x)) mc_fail ("P0-assert", "%s:%d: %s", __FILE__, __LINE__, #x); } while (0)
/* The loader does this once. */
#if __has_include("dl-futex-robust.h")
# include "dl-futex-robust.h"
static inline void *mc_glro_dl_futex_robust_try_unlock (void) { return setup_futex_robust_try_unlock (); }
#endif
#endif
