// SPDX-License-Identifier: MIT
/*
 * pthread_cond_wait unlocks a robust mutex and locks it again. It works with every
 * variety, releases the mutex to a waiter, and reports the death of an owner.
 *
 * Fails if the unlock inside pthread_cond_wait does not release the mutex, or if
 * its lock loses the owner-died state.
 */
#include "harness.h"

#define ROUNDS 100

struct state {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	volatile int turn;
	volatile int waiting;
};

static struct state *s;

static void wait_for(int turn)
{
	while (s->turn != turn) {
		s->waiting = 1;
		EXPECT(pthread_cond_wait(&s->cond, &s->mutex), 0);
	}
	s->waiting = 0;
}

static void answer(void *arg)
{
	int i;

	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	for (i = 0; i < ROUNDS; i++) {
		wait_for(1);
		s->turn = 0;
		EXPECT(pthread_cond_signal(&s->cond), 0);
	}
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
}

/* The mutex must be free during the wait; then the owner dies. */
static void die_as_owner(void *arg)
{
	(void)arg;
	while (!s->waiting)
		sleep_ms(1);
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	EXPECT(pthread_cond_signal(&s->cond), 0);
}

static void one(const struct variety *v)
{
	struct partner partner;
	int i;

	init(&s->mutex, v);
	init_cond(&s->cond, v);
	s->turn = s->waiting = 0;

	start_partner(&partner, v, answer, NULL);
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	for (i = 0; i < ROUNDS; i++) {
		s->turn = 1;
		EXPECT(pthread_cond_signal(&s->cond), 0);
		wait_for(0);
	}
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	end_partner(&partner);

	s->waiting = 0;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	start_partner(&partner, v, die_as_owner, NULL);
	s->waiting = 1;
	EXPECT(pthread_cond_wait(&s->cond, &s->mutex), EOWNERDEAD);
	EXPECT(pthread_mutex_consistent(&s->mutex), 0);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	end_partner(&partner);
	EXPECT(pthread_cond_destroy(&s->cond), 0);
	EXPECT(pthread_mutex_destroy(&s->mutex), 0);
}

int main(void)
{
	need_robust_lists();
	s = shared(sizeof(*s));
	for_each_variety(one);
	return 0;
}
