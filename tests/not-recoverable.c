// SPDX-License-Identifier: MIT
/*
 * A robust mutex whose owner died is unlocked without having been made
 * consistent. From then on everybody gets ENOTRECOVERABLE, whichever way they
 * try, as often as they try, in any process; so does each of several who wait
 * at that time.
 *
 * Fails on stock glibc and musl: of three waiters one or two sleep for good.
 * Fails on stock glibc: its trylock keeps the mutex it cannot use, and the
 * next to lock it sleeps for good (argument "nobody" shows that alone).
 */
#include "harness.h"

#define WAITERS 3

struct state {
	pthread_mutex_t mutex;
	enum taker how;
};

static struct state *s;

static void *lock_and_end(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	return NULL;
}

static void lock_and_exit(void *arg)
{
	lock_and_end(arg);
}

static void try_all(void *arg)
{
	int round;

	(void)arg;
	for (round = 0; round < 2; round++) {
		struct timespec ts = in_ms(5000);

		EXPECT(pthread_mutex_trylock(&s->mutex), ENOTRECOVERABLE);
		/* Not lock yet: this one tells a hang from the right thing. */
		EXPECT(pthread_mutex_timedlock(&s->mutex, &ts),
		       ENOTRECOVERABLE);
		EXPECT(pthread_mutex_lock(&s->mutex), ENOTRECOVERABLE);
		CHECK(pthread_mutex_consistent(&s->mutex) != 0);
		CHECK(pthread_mutex_unlock(&s->mutex) != 0);
	}
}

static void wait_in_vain(void *arg)
{
	(void)arg;
	EXPECT(take(s->how, &s->mutex), ENOTRECOVERABLE);
}

static int only_nobody;

static void one(const struct variety *v)
{
	int pshared = v->pshared == PTHREAD_PROCESS_SHARED;
	pid_t waiter[WAITERS];
	enum taker how;
	int i;

	for (how = only_nobody ? TRYLOCK : 0; how < NR_TAKERS; how++) {
		snprintf(doing, sizeof(doing), "%s: %s%s", v->name,
			 how == TRYLOCK ? "nobody waits" : "waiters in ",
			 how == TRYLOCK ? "" : taker_names[how]);
		init(&s->mutex, v);
		s->how = how;
		if (pshared)
			reap(spawn(lock_and_exit, NULL));
		else
			in_thread(lock_and_end, NULL);
		EXPECT(pthread_mutex_lock(&s->mutex), EOWNERDEAD);
		if (pshared && how != TRYLOCK) {
			for (i = 0; i < WAITERS; i++)
				waiter[i] = spawn(wait_in_vain, NULL);
			for (i = 0; i < WAITERS; i++)
				wait_until_asleep(waiter[i]);
		}
		EXPECT(pthread_mutex_unlock(&s->mutex), 0);
		if (pshared && how != TRYLOCK)
			for (i = 0; i < WAITERS; i++)
				reap_in_time(waiter[i]);
		try_all(NULL);
		if (pshared) {
			reap(spawn(try_all, NULL));
			try_all(NULL);
		}
		EXPECT(pthread_mutex_destroy(&s->mutex), 0);
	}
}

int main(int argc, char **argv)
{
	only_nobody = argc > 1 && !strcmp(argv[1], "nobody");
	s = shared(sizeof(*s));
	for_each_variety(one);
	return 0;
}
