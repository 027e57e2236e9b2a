// SPDX-License-Identifier: MIT
/*
 * A kernel that releases a robust mutex may leave FUTEX_WAITERS in the lock word,
 * without an owner, while there are more waiters. No kernel does so yet; the test
 * writes the word itself. Every lock function must acquire such a mutex as a free
 * one, return success, and keep FUTEX_WAITERS until the unlock, which then wakes
 * the next waiter. This also holds if the word changes between 0 and FUTEX_WAITERS
 * during the attempt.
 *
 * The reverse also occurs: on musl, a thread that saw no waiters may acquire the
 * mutex without the bit although waiters have come since. musl counts them, and the
 * unlock must wake one.
 *
 * Fails on stock glibc (lock sleeps, trylock returns EBUSY, timedlock times out)
 * and on stock musl (a false EOWNERDEAD).
 */
#include "harness.h"
#include <sys/syscall.h>

#define SLEEPERS	2
#define CHANGES		5000

struct state {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	volatile int ready, released, got[SLEEPERS], waiting;
	enum taker how;
};

static struct state *s;

/* The lock word of the mutex, which is free. */
static volatile unsigned *word_of_free(void)
{
	volatile unsigned *word;

	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	word = lock_word(&s->mutex);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	return word;
}

static void take_and_check(void *arg)
{
	volatile unsigned *word = arg;

	EXPECT(take(s->how, &s->mutex), 0);
	CHECK(*word == (syscall(SYS_gettid) | FUTEX_WAITERS));
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	CHECK(*word == 0);
	EXPECT(pthread_mutex_unlock(&s->mutex), EPERM);
}

static void *take_and_check_thread(void *arg)
{
	take_and_check(arg);
	return NULL;
}

/* Owns the mutex, releases it as such a kernel would, and stays alive. */
static void release_as_kernel(void *arg)
{
	volatile unsigned *word = arg;

	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	s->ready = 1;
	while (s->ready == 1)
		sleep_ms(1);
	__atomic_store_n(word, FUTEX_WAITERS, __ATOMIC_RELEASE);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
	for (;;)
		pause();
}

static void sleeper(void *arg)
{
	(void)arg;
	EXPECT(take(s->how, &s->mutex), 0);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
}

/* Nobody else ever owns the mutex, so each attempt must succeed. The loop ends
 * after enough attempts that saw the word changed, or, on a single or busy CPU,
 * after a second. */
static void take_while_it_changes(void *arg)
{
	volatile unsigned *word = arg;
	time_t end = time(NULL) + 1;
	int changes = 0, e;

	while (changes < CHANGES && time(NULL) <= end) {
		changes += *word == FUTEX_WAITERS;
		do
			e = take(s->how, &s->mutex);
		while (e == EBUSY && s->how == TRYLOCK);
		EXPECT(e, 0);
		CHECK((*word & FUTEX_TID_MASK) == (unsigned)syscall(SYS_gettid));
		EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	}
}

static void change_word(void *arg)
{
	unsigned *word = arg;

	for (;;) {
		__sync_bool_compare_and_swap(word, 0, FUTEX_WAITERS);
		__sync_bool_compare_and_swap(word, FUTEX_WAITERS, 0);
	}
}

static void *cond_sleeper(void *arg)
{
	volatile unsigned *word = arg;

	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	s->waiting = 1;
	EXPECT(pthread_cond_wait(&s->cond, &s->mutex), 0);
	CHECK(*word & FUTEX_WAITERS);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	return NULL;
}

static void cond_sleeper_process(void *arg)
{
	cond_sleeper(arg);
}

static void one(const struct variety *v)
{
	volatile unsigned *word;
	pid_t owner, pid[SLEEPERS];
	int i;

	/* The kernel decides who acquires a PI mutex. */
	if (v->protocol != PTHREAD_PRIO_NONE)
		return;
	for (s->how = 0; s->how < NR_TAKERS; s->how++) {
		snprintf(doing, sizeof(doing), "%s: %s", v->name,
			 taker_names[s->how]);
		init(&s->mutex, v);
		word = word_of_free();
		*word = FUTEX_WAITERS;
		if (v->pshared == PTHREAD_PROCESS_SHARED) {
			reap_in_time(spawn(take_and_check, (void *)word));
			*word = FUTEX_WAITERS;
			take_and_check((void *)word);
		} else {
			alarm(patience(20));
			in_thread(take_and_check_thread, (void *)word);
			alarm(0);
		}
		EXPECT(pthread_mutex_destroy(&s->mutex), 0);
	}
	if (v->pshared != PTHREAD_PROCESS_SHARED)
		return;

	for (s->how = 0; s->how < TRYLOCK; s->how++) {
		snprintf(doing, sizeof(doing), "%s: %s with sleepers", v->name,
			 taker_names[s->how]);
		init(&s->mutex, v);
		word = word_of_free();
		s->ready = 0;
		owner = spawn(release_as_kernel, (void *)word);
		await(&s->ready, owner);
		for (i = 0; i < SLEEPERS; i++) {
			pid[i] = spawn(sleeper, NULL);
			wait_until_asleep(pid[i]);
		}
		s->ready = 2;
		for (i = 0; i < SLEEPERS; i++)
			reap_in_time(pid[i]);
		EXPECT(pthread_mutex_trylock(&s->mutex), 0);
		EXPECT(pthread_mutex_unlock(&s->mutex), 0);
		kill_and_reap(owner);
		EXPECT(pthread_mutex_trylock(&s->mutex), 0);
		EXPECT(pthread_mutex_unlock(&s->mutex), 0);
		EXPECT(pthread_mutex_destroy(&s->mutex), 0);
	}

	for (s->how = 0; s->how < NR_TAKERS; s->how++) {
		snprintf(doing, sizeof(doing), "%s: %s while the word changes",
			 v->name, taker_names[s->how]);
		init(&s->mutex, v);
		word = word_of_free();
		owner = spawn(change_word, (void *)word);
		reap_in_time(spawn(take_while_it_changes, (void *)word));
		kill_and_reap(owner);
		*word = 0;
		EXPECT(pthread_mutex_destroy(&s->mutex), 0);
	}

#ifndef __GLIBC__
	snprintf(doing, sizeof(doing), "%s: a sleeper without the bit", v->name);
	init(&s->mutex, v);
	word = word_of_free();
	s->how = LOCK;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	pid[0] = spawn(sleeper, NULL);
	wait_until_asleep(pid[0]);
	*word &= FUTEX_TID_MASK;
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	reap_in_time(pid[0]);
	EXPECT(pthread_mutex_destroy(&s->mutex), 0);
#endif

	snprintf(doing, sizeof(doing), "%s: cond_wait", v->name);
	init(&s->mutex, v);
	init_cond(&s->cond, v);
	word = word_of_free();
	s->waiting = 0;
	pid[0] = spawn(cond_sleeper_process, (void *)word);
	await(&s->waiting, pid[0]);
	/* The process waits once it has released the mutex. */
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	*word = FUTEX_WAITERS;
	EXPECT(pthread_cond_signal(&s->cond), 0);
	reap_in_time(pid[0]);
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
