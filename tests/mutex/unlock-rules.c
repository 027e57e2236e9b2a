// SPDX-License-Identifier: MIT
/*
 * The errors of unlock and lock: the caller is not the owner, the mutex is not
 * locked, is already locked, or has an unknown kind. Only the last unlock frees a
 * recursive mutex.
 *
 * Fails if an unlock releases another thread's mutex or releases a recursive mutex
 * too early, or if a function mistakes one kind for another.
 */
#include "harness.h"
#include <sys/syscall.h>

static pthread_mutex_t *m;

static void *unlock_foreign(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_unlock(m), EPERM);
	EXPECT(pthread_mutex_trylock(m), EBUSY);
	return NULL;
}

static void unlock_foreign_process(void *arg)
{
	unlock_foreign(arg);
}

static void *take_and_release(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_trylock(m), 0);
	EXPECT(pthread_mutex_unlock(m), 0);
	return NULL;
}

#ifdef __GLIBC__
/* The owner field holds our id, left by a thread that had it before us and died, or
 * released the mutex by other means. The lock word shows that we do not own the
 * mutex. (The recursive types of stock glibc trust the field.) */
static void owner_of_the_same_name(void *arg)
{
	const struct variety *v = arg;

	if (v->type == PTHREAD_MUTEX_RECURSIVE)
		return;
	init(m, v);
	m->__data.__owner = syscall(SYS_gettid);
	EXPECT(pthread_mutex_unlock(m), EPERM);
	m->__data.__lock = FUTEX_OWNER_DIED;
	EXPECT(pthread_mutex_unlock(m), EPERM);
}

/* Other bits of the kind, next to 16 (robust) and 32 (PI). */
static void unknown_kinds(void *arg)
{
	static const int bits[] = { 4, 8, 64, 4 + 8, 4 + 32, 8 + 32, 64 + 4, 64 + 32 };
	size_t i, type;

	(void)arg;
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		for (type = 0; type < 4; type++) {
			memset(m, 0, sizeof(*m));
			m->__data.__kind = 16 + bits[i] + type;
			EXPECT(pthread_mutex_lock(m), EINVAL);
			EXPECT(pthread_mutex_trylock(m), EINVAL);
			m->__data.__lock = m->__data.__owner = syscall(SYS_gettid);
			EXPECT(pthread_mutex_unlock(m), EINVAL);
		}
}
#endif

static void one(const struct variety *v)
{
#ifdef __GLIBC__
	reap(spawn(owner_of_the_same_name, (void *)v)); /* it may crash */
#endif
	init(m, v);
	EXPECT(pthread_mutex_unlock(m), EPERM);
	EXPECT(pthread_mutex_lock(m), 0);
	in_thread(unlock_foreign, NULL);
	if (v->pshared == PTHREAD_PROCESS_SHARED)
		reap(spawn(unlock_foreign_process, NULL));
	if (v->type == PTHREAD_MUTEX_ERRORCHECK)
		EXPECT(pthread_mutex_lock(m), EDEADLK);
	if (v->type == PTHREAD_MUTEX_RECURSIVE) {
		EXPECT(pthread_mutex_lock(m), 0);
		EXPECT(pthread_mutex_trylock(m), 0);
		EXPECT(pthread_mutex_unlock(m), 0);
		EXPECT(pthread_mutex_unlock(m), 0);
		in_thread(unlock_foreign, NULL);
	}
	EXPECT(pthread_mutex_unlock(m), 0);
	EXPECT(pthread_mutex_unlock(m), EPERM);
	in_thread(take_and_release, NULL);
	EXPECT(pthread_mutex_destroy(m), 0);
}

int main(void)
{
	m = shared(sizeof(*m));
	for_each_variety(one);
#ifdef __GLIBC__
	reap(spawn(unknown_kinds, NULL));
#endif
	return 0;
}
