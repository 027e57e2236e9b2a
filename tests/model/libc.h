// SPDX-License-Identifier: MIT
/* How the model names the functions and fields of the libc under test. */
#ifndef LIBC_H
#define LIBC_H 1

/* Whether a process calls its own libc's function or the stock one's. */
#ifdef MC_MIXED
# define CALL(f)	(options.stock >> running & 1 ? stock_##f : f)
# define NAMESAKE(f)	extern __typeof__(f) stock_##f
#else
# define CALL(f)	f
# define NAMESAKE(f)	extern __typeof__(f) f
#endif

#ifdef MC_GLIBC
# include "shim-glibc.h"
# undef futex_wake			/* The model has its own, for the kernel. */
# undef futex_wait
# undef futex_unlock_pi
# define WORD(m)	(*(volatile unsigned *)&(m)->__data.__lock)
# define OWNER(m)	((m)->__data.__owner)
# define KIND(m)	((m)->__data.__kind)
# define LINK(m)	((void *)&(m)->__data.__list.__next)
# define SLOT(t)	((t)->tls.robust_head.list_op_pending)
# define HEAD(t)	(*(void **)&(t)->tls.robust_head.list)
# define LOCK(m)	CALL(___pthread_mutex_lock)(m)
# define TRYLOCK(m)	CALL(___pthread_mutex_trylock)(m)
# define TIMEDLOCK(m, t) CALL(__pthread_mutex_clocklock_common)(m, CLOCK_REALTIME, t)
# define UNLOCK(m)	CALL(___pthread_mutex_unlock)(m)
# define CONSISTENT(m)	CALL(__pthread_mutex_consistent)(m)
# define INNER_UNLOCK(m) CALL(__pthread_mutex_unlock_usercnt)(m, 0)
# define RELOCK(m)	CALL(__pthread_mutex_cond_lock)(m)
# define EXIT_LIST()	((void)0)		/* left to the kernel */
NAMESAKE(___pthread_mutex_lock);
NAMESAKE(___pthread_mutex_trylock);
NAMESAKE(__pthread_mutex_clocklock_common);
NAMESAKE(___pthread_mutex_unlock);
NAMESAKE(__pthread_mutex_consistent);
NAMESAKE(__pthread_mutex_unlock_usercnt);
NAMESAKE(__pthread_mutex_cond_lock);
# define SHARED_NAME	"__owner"
#else
# include "shim-musl.h"
# define WORD(m)	(*(volatile unsigned *)&(m)->_m_lock)
# define KIND(m)	((m)->_m_type)
# define LINK(m)	((void *)&(m)->_m_next)
# define SLOT(t)	((t)->tls.robust_list.pending)
# define HEAD(t)	(*(void **)&(t)->tls.robust_list.head)
# define LOCK(m)	CALL(__pthread_mutex_lock)(m)
# define TRYLOCK(m)	CALL(__pthread_mutex_trylock)(m)
# define TIMEDLOCK(m, t) CALL(__pthread_mutex_timedlock)(m, t)
# define UNLOCK(m)	CALL(__pthread_mutex_unlock)(m)
# define CONSISTENT(m)	CALL(mc_pthread_mutex_consistent)(m)
# define INNER_UNLOCK(m) UNLOCK(m)
# define RELOCK(m)	LOCK(m)
# define EXIT_LIST()	CALL(mc_exit_list)()
void mc_exit_list(void);
NAMESAKE(__pthread_mutex_lock);
NAMESAKE(__pthread_mutex_trylock);
NAMESAKE(__pthread_mutex_timedlock);
NAMESAKE(__pthread_mutex_unlock);
NAMESAKE(mc_pthread_mutex_consistent);
NAMESAKE(mc_exit_list);
# define SHARED_NAME	"_m_waiters"
#endif
#define WORD_WAITERS	0x80000000u
#define WORD_DIED	0x40000000u
#define WORD_TID	0x3fffffffu

/* FIELD_SHARED: other threads access it too. FIELD_LIST: the kernel reads it when
 * the owner dies. FIELD_OWNED: only the owner accesses it. */
enum field { FIELD_CONSTANT, FIELD_OWNED, FIELD_WORD, FIELD_SHARED, FIELD_LIST, FIELDS };
static inline enum field field_of(const mc_mutex_t *m, const volatile void *p)
{
	switch ((const volatile char *)p - (const volatile char *)m) {
#ifdef MC_GLIBC
	case offsetof(mc_mutex_t, __data.__lock): return FIELD_WORD;
	case offsetof(mc_mutex_t, __data.__owner): return FIELD_SHARED;
	case offsetof(mc_mutex_t, __data.__kind): return FIELD_CONSTANT;
	case offsetof(mc_mutex_t, __data.__list.__prev):
	case offsetof(mc_mutex_t, __data.__list.__next): return FIELD_LIST;
#else
	case offsetof(mc_mutex_t, _m_lock): return FIELD_WORD;
	case offsetof(mc_mutex_t, _m_waiters): return FIELD_SHARED;
	case offsetof(mc_mutex_t, _m_type): return FIELD_CONSTANT;
	case offsetof(mc_mutex_t, _m_prev):
	case offsetof(mc_mutex_t, _m_next): return FIELD_LIST;
#endif
	default: return FIELD_OWNED;
	}
}
#endif
