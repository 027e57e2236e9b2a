// SPDX-License-Identifier: MIT
/*
 * The new owner of a mutex whose owner died unlocks it without making it
 * consistent. From then on every caller gets ENOTRECOVERABLE, from any function,
 * any number of times, in any process. So does each of 2 to 8 processes or threads
 * that already wait for the mutex, in any function that waits, including those of a
 * condition variable.
 *
 * Fails on stock glibc and musl: of several waiters, all but one or two sleep
 * forever. Fails on stock glibc: its trylock keeps the unusable mutex locked, so
 * the next lock sleeps forever (argument "nobody" shows that alone). If a thread
 * dies while it locks such a mutex, the next one gets EOWNERDEAD. Fails on musl
 * without the change to pthread_cond_timedwait.c: a waiter that gets
 * ENOTRECOVERABLE moves the next waiter to the mutex, where it sleeps forever.
 */
#include "harness.h"

#define MOST_WAITERS	8
#define COND_WAIT	NR_TAKERS	/* one more way to wait */

struct state {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	int how;
	pid_t id[MOST_WAITERS];
	volatile int started, ended;
};

static struct state *s;
static int only_nobody;

static void try_all(void *arg)
{
	int round;

	(void)arg;
	for (round = 0; round < 2; round++) {
		struct timespec ts = in_ms(patience(5000));

		EXPECT(pthread_mutex_trylock(&s->mutex), ENOTRECOVERABLE);
		/* timedlock before lock: a hang shows as ETIMEDOUT. */
		EXPECT(pthread_mutex_timedlock(&s->mutex, &ts),
		       ENOTRECOVERABLE);
		EXPECT(take(TRYLOCK - 1, &s->mutex), ENOTRECOVERABLE);
		EXPECT(pthread_mutex_lock(&s->mutex), ENOTRECOVERABLE);
		CHECK(pthread_mutex_consistent(&s->mutex) != 0);
		CHECK(pthread_mutex_unlock(&s->mutex) != 0);
	}
}

static void wait_in_vain(void *arg)
{
	int i = (int)(size_t)arg;
	struct timespec ts = in_ms(patience(60000));

	if (s->how == COND_WAIT)
		EXPECT(pthread_mutex_lock(&s->mutex), 0);
	s->id[i] = syscall(SYS_gettid);
	__atomic_add_fetch(&s->started, 1, __ATOMIC_SEQ_CST);
	if (s->how != COND_WAIT)
		EXPECT(take(s->how, &s->mutex), ENOTRECOVERABLE);
	else if (i & 1)
		EXPECT(pthread_cond_timedwait(&s->cond, &s->mutex, &ts),
		       ENOTRECOVERABLE);
	else
		EXPECT(pthread_cond_wait(&s->cond, &s->mutex), ENOTRECOVERABLE);
	__atomic_add_fetch(&s->ended, 1, __ATOMIC_SEQ_CST);
}

/* Wait until the counter is n. */
static void await_count(volatile int *counter, int n)
{
	int ms;

	for (ms = 0; *counter < n; ms++) {
		if (ms > patience(20000))
			fail(__FILE__, __LINE__, "%d of %d waiters %s", n - *counter, n,
			     counter == &s->ended ? "are left asleep" :
			     "do not start to wait");
		sleep_ms(1);
	}
}

/* n waiters, and a mutex that the caller acquired from a dead owner and unlocks. */
static void some_wait(const struct variety *v, int how, int n)
{
	struct partner waiters[MOST_WAITERS];
	int i;

	snprintf(doing, sizeof(doing), "%s: %d waiters in %s", v->name, n,
		 how == COND_WAIT ? "cond_wait" : taker_names[how]);
	init(&s->mutex, v);
	init_cond(&s->cond, v);
	s->how = how;
	s->started = s->ended = 0;
	if (how != COND_WAIT)
		lose_owner(&s->mutex, v);
	for (i = 0; i < n; i++)
		start_partner(&waiters[i], v, wait_in_vain, (void *)(size_t)i);
	await_count(&s->started, n);
	wait_until_all_asleep(s->id, n);
	if (how == COND_WAIT) {
		lose_owner(&s->mutex, v);
		EXPECT(pthread_cond_broadcast(&s->cond), 0);
		wait_until_all_asleep(s->id, n);
	}
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	await_count(&s->ended, n);
	for (i = 0; i < n; i++)
		end_partner_in_time(&waiters[i]);
	try_all(NULL);
	EXPECT(pthread_cond_destroy(&s->cond), 0);
	EXPECT(pthread_mutex_destroy(&s->mutex), 0);
}

static void one(const struct variety *v)
{
	int pshared = v->pshared == PTHREAD_PROCESS_SHARED, how, n;

	for (how = 0; !only_nobody && how <= COND_WAIT; how++) {
		if (how == TRYLOCK)
			continue;
		if (v->type == PTHREAD_MUTEX_NORMAL)
			for (n = 2; n <= MOST_WAITERS; n++)
				some_wait(v, how, n);
		else
			some_wait(v, how, 4);
	}

	snprintf(doing, sizeof(doing), "%s: nobody waits", v->name);
	init(&s->mutex, v);
	lose_owner(&s->mutex, v);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	try_all(NULL);
	if (pshared) {
		reap(spawn(try_all, NULL));
		try_all(NULL);
	}
#ifdef __GLIBC__
	/* glibc owns such a mutex for a moment in each lock function. If a thread
	 * dies there, the kernel sets FUTEX_OWNER_DIED. The lock word is the first
	 * word. */
	for (how = 0; how < NR_TAKERS; how++) {
		snprintf(doing, sizeof(doing), "%s: %s after a death", v->name,
			 taker_names[how]);
		*(volatile unsigned *)&s->mutex = 0x40000000;
		EXPECT(take(how, &s->mutex), ENOTRECOVERABLE);
		CHECK(!*(volatile unsigned *)&s->mutex);
	}
#endif
	EXPECT(pthread_mutex_destroy(&s->mutex), 0);
}

int main(int argc, char **argv)
{
	only_nobody = argc > 1 && !strcmp(argv[1], "nobody");
	need_robust_lists();
	s = shared(sizeof(*s));
	for_each_variety(one);
	return 0;
}
