// SPDX-License-Identifier: MIT
/*
 * What unlock and lock say to those who may not: not the owner, not locked,
 * already locked. And a recursive mutex is free after the last unlock only.
 *
 * Fails if an unlock releases what is not the caller's, or releases a
 * recursive mutex too early.
 */
#include "harness.h"

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

static void one(const struct variety *v)
{
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
	return 0;
}
