// SPDX-License-Identifier: MIT
/*
 * Several processes, or threads, lock and unlock one robust mutex as fast as they
 * can and increment a counter under it. No two of them ever hold the mutex at once,
 * no increment is lost, and all finish.
 *
 * Fails if an unlock releases twice, releases another thread's lock, leaves the
 * mutex locked (for instance, because it ignores the error of a refused system
 * call), or forgets a waiter.
 *
 * Usage: contention [refuse-midway] [stalled] [ROUNDS]
 * With "refuse-midway", every worker installs a filter halfway that refuses
 * FUTEX_ROBUST_UNLOCK, so a libc must not rely on an earlier answer. With
 * "stalled", the mutexes are not robust: an emulator without robust lists has no
 * others, and musl unlocks process-shared ones the same way. ROUNDS (default 400)
 * is for tools that slow the test down.
 */
#include "futex-filter.h"
#include <sched.h>

#define WORKERS 3

struct state {
	pthread_mutex_t mutex;
	volatile int inside;
	volatile int count;
};

static struct state *s;
static int refuse_midway, rounds = 400;

static void work(void *arg)
{
	unsigned seed = (unsigned)(size_t)arg;
	int i;

	for (i = 0; i < rounds; i++) {
		int e, spin;

		if (refuse_midway && i == rounds / 2)
			filter_robust_unlock(SECCOMP_RET_ERRNO | EPERM);
		seed = seed * 1103515245 + 12345;
		do
			e = take((seed >> 16) % NR_TAKERS, &s->mutex);
		while (e == EBUSY && !sched_yield());
		EXPECT(e, 0);
		CHECK(!s->inside);
		s->inside = 1;
		/* Sometimes hold it long enough for the others to sleep. */
		if (seed >> 28 == 0)
			sleep_ms(1);
		for (spin = (seed >> 20) & 63; spin; spin--)
			__asm__ volatile ("" ::: "memory");
		s->count++;
		s->inside = 0;
		EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	}
}

static void one(const struct variety *v)
{
	struct partner workers[WORKERS];
	int i;

	snprintf(doing, sizeof(doing), "%s", v->name);
	s->inside = s->count = 0;
	init(&s->mutex, v);
	for (i = 0; i < WORKERS; i++)
		start_partner(&workers[i], v, work, (void *)(size_t)(i + 1));
	for (i = 0; i < WORKERS; i++)
		end_partner(&workers[i]);
	CHECK(s->count == WORKERS * rounds);
	EXPECT(pthread_mutex_trylock(&s->mutex), 0);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	EXPECT(pthread_mutex_destroy(&s->mutex), 0);
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "refuse-midway"))
			refuse_midway = 1;
		else if (!strcmp(argv[i], "stalled"))
			robustness = PTHREAD_MUTEX_STALLED;
		else if (atoi(argv[i]) > 0)
			rounds = atoi(argv[i]);
		else
			return 2;
	}
	s = shared(sizeof(*s));
	for_each_variety(one);
	return 0;
}
