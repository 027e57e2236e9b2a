// SPDX-License-Identifier: MIT
/* How the model names the functions and fields of the libc under test. */
#ifndef LIBC_H
#define LIBC_H 1
#ifdef MC_GLIBC
# include "shim-glibc.h"
# undef __lock
# undef __owner
# undef futex_wake		/* The model has the kernel's. */
# undef futex_wait
# undef futex_unlock_pi
# define WORD(m)	(*(volatile unsigned *)&(m)->__data.lock_[0])
# define OWNER(m)	((m)->__data.owner_[0])
# define KIND(m)	((m)->__data.__kind)
# define LINK(m)	((void *)&(m)->__data.__list.__next)
# define SLOT(t)	((t)->tls.robust_head.list_op_pending)
# define HEAD(t)	(*(void **)&(t)->tls.robust_head.list)
# define LOCK(m)	___pthread_mutex_lock(m)
# define TRYLOCK(m)	___pthread_mutex_trylock(m)
# define TIMEDLOCK(m, t) __pthread_mutex_clocklock_common(m, CLOCK_REALTIME, t)
# define UNLOCK(m)	___pthread_mutex_unlock(m)
# define CONSISTENT(m)	__pthread_mutex_consistent(m)
#else
# include "shim-musl.h"
# define WORD(m)	(*(volatile unsigned *)&(m)->u_.vi_[1])
# define KIND(m)	((m)->u_.i_[0])
# define LINK(m)	((void *)&(m)->u_.p_[4])
# define SLOT(t)	((t)->tls.robust_list.pending)
# define HEAD(t)	(*(void **)&(t)->tls.robust_list.head)
# define LOCK(m)	__pthread_mutex_lock(m)
# define TRYLOCK(m)	__pthread_mutex_trylock(m)
# define TIMEDLOCK(m, t) __pthread_mutex_timedlock(m, t)
# define UNLOCK(m)	__pthread_mutex_unlock(m)
# define CONSISTENT(m)	pthread_mutex_consistent(m)
#endif
#define WORD_WAITERS	0x80000000u
#define WORD_DIED	0x40000000u
#define WORD_TID	0x3fffffffu
#endif
