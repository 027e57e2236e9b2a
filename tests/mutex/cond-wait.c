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

static void *answer_thread(void *arg)
{
	answer(arg);
	return NULL;
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

static void *die_as_owner_thread(void *arg)
{
	die_as_owner(arg);
	return NULL;
}

static void one(const struct variety *v)
{
	int pshared = v->pshared == PTHREAD_PROCESS_SHARED, i;
	pthread_t t;
	pid_t pid = 0;

	init(&s->mutex, v);
	init_cond(&s->cond, v);
	s->turn = s->waiting = 0;

	if (pshared)
		pid = spawn(answer, NULL);
	else
		EXPECT(pthread_create(&t, NULL, answer_thread, NULL), 0);
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	for (i = 0; i < ROUNDS; i++) {
		s->turn = 1;
		EXPECT(pthread_cond_signal(&s->cond), 0);
		wait_for(0);
	}
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	if (pshared)
		reap(pid);
	else
		EXPECT(pthread_join(t, NULL), 0);

	s->waiting = 0;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	if (pshared)
		pid = spawn(die_as_owner, NULL);
	else
		EXPECT(pthread_create(&t, NULL, die_as_owner_thread, NULL), 0);
	s->waiting = 1;
	EXPECT(pthread_cond_wait(&s->cond, &s->mutex), EOWNERDEAD);
	EXPECT(pthread_mutex_consistent(&s->mutex), 0);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	if (pshared)
		reap(pid);
	else
		EXPECT(pthread_join(t, NULL), 0);
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
