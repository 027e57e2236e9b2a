// SPDX-License-Identifier: MIT
/*
 * The waiter that an unlock wakes is the last user of the mutex. It unlocks and
 * destroys the mutex and reuses the memory, with the old owner's id in the place of
 * the lock word. The test kills the owner before its unlock returns, and no bit of
 * the memory may change. The test needs no debugger: on one CPU the waiter often
 * runs before the owner continues. A round in which the owner was faster does not
 * count, so other load does not affect the result.
 *
 * Fails on stock glibc, and without the kernel's help on any libc that wakes before
 * it clears list_op_pending; tests/wrap/at-most-stock compares the counts there.
 */
#include "harness.h"
#include <sched.h>

#define ROUNDS 300

struct state {
	pthread_mutex_t mutex;
	volatile int locked, returned;
};

static struct state *s;

static void own(void *unused)
{
	volatile unsigned *word;

	(void)unused;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	word = lock_word(&s->mutex);
	s->locked = 1 + (word - (unsigned *)&s->mutex);
	while (!(*word & FUTEX_WAITERS) || !asleep(getppid()))
		sched_yield();
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	s->returned = 1;
	for (;;)
		pause();
}

int main(void)
{
	static const struct variety v = { PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE,
					  PTHREAD_PROCESS_SHARED, "" };
	int rounds = 0, corrupted = 0;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	CHECK(!sched_setaffinity(0, sizeof(one), &one));
	s = shared(sizeof(*s));
	while (rounds < ROUNDS) {
		volatile unsigned *word;
		pid_t owner;

		memset(s, 0, sizeof(*s));
		init(&s->mutex, &v);
		owner = spawn(own, NULL);
		while (!s->locked)
			sched_yield();
		word = (unsigned *)&s->mutex + s->locked - 1;
		EXPECT(pthread_mutex_lock(&s->mutex), 0);
		EXPECT(pthread_mutex_unlock(&s->mutex), 0);
		EXPECT(pthread_mutex_destroy(&s->mutex), 0);
		*word = owner;
		kill_and_reap(owner);
		rounds += !s->returned;
		corrupted += *word != (unsigned)owner;
	}
	printf("# %d of %d rounds corrupted\n", corrupted, rounds);
	return corrupted != 0;
}
