// SPDX-License-Identifier: MIT
/*
 * The new owner of a mutex whose owner died locks it again, with each function, and
 * unlocks it. The last unlock releases a recursive mutex or makes it unrecoverable;
 * each unlock before it returns 0. trylock returns EBUSY for all other types,
 * including error-checking ones. A thread that happens to have the ID of a dead
 * owner may not unlock a recursive mutex. The robust list marks PI mutexes.
 *
 * Fails on: stock glibc (ENOTRECOVERABLE from an unlock before the last; EDEADLK
 * from trylock; 0 for the ID of a dead owner; no mark of a PI mutex after trylock).
 */
#include "harness.h"

static pthread_mutex_t *m;

static void *others_find(void *arg)
{
	EXPECT(pthread_mutex_trylock(m), (int)(size_t)arg);
	return NULL;
}

static void new_owner(const struct variety *v, int repaired)
{
	int i;

	init(m, v);
	lose_owner(m, v);
	if (repaired)
		EXPECT(pthread_mutex_consistent(m), 0);
	if (v->type != PTHREAD_MUTEX_RECURSIVE)
		EXPECT(pthread_mutex_trylock(m), EBUSY);
	else
		for (i = 0; i < NR_TAKERS; i++)
			EXPECT(take(i, m), 0);
	for (i = 0; v->type == PTHREAD_MUTEX_RECURSIVE && i < NR_TAKERS; i++) {
		EXPECT(pthread_mutex_unlock(m), 0);
		in_thread(others_find, (void *)EBUSY);
	}
	EXPECT(pthread_mutex_unlock(m), 0);
	EXPECT(pthread_mutex_unlock(m), EPERM);
	in_thread(others_find, (void *)(size_t)(repaired ? 0 : ENOTRECOVERABLE));
}

#ifdef __GLIBC__
/* Each entry of the list must say whether its mutex is a PI mutex. */
static void listed_as_what_it_is(const struct variety *v)
{
	struct robust_list_head *head;
	size_t len;
	int how;

	for (how = 0; how < NR_TAKERS; how++) {
		init(m, v);
		in_thread(lock_in_thread, m);
		EXPECT(take(how, m), EOWNERDEAD);
		CHECK(!syscall(SYS_get_robust_list, 0, &head, &len));
		CHECK(((unsigned long)head->list.next & 1) ==
		      (v->protocol == PTHREAD_PRIO_INHERIT));
		EXPECT(pthread_mutex_unlock(m), 0);
	}
}

static void owner_of_the_same_id(const struct variety *v)
{
	init(m, v);
	m->__data.__lock = FUTEX_OWNER_DIED;
	m->__data.__owner = syscall(SYS_gettid);
	m->__data.__count = 1;
	EXPECT(pthread_mutex_unlock(m), EPERM);
	EXPECT(pthread_mutex_lock(m), EOWNERDEAD);
}
#endif

static void one(const struct variety *v)
{
	new_owner(v, 0);
	new_owner(v, 1);
#ifdef __GLIBC__
	owner_of_the_same_id(v);
	listed_as_what_it_is(v);
#endif
}

int main(void)
{
	m = shared(sizeof(*m));
	for_each_variety(one);
	return 0;
}
