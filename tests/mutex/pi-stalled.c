// SPDX-License-Identifier: MIT
/*
 * A PI mutex that nobody can acquire any more:
 *   - It is not robust, and its owner has ended, with waiters or without.
 *   - It is robust, but its owner moved the page before it was killed, so the
 *     kernel did not find the mutex. The word then has an ID that belongs to
 *     nobody, like that of an owner in another PID namespace.
 *   - Its owner waits for a mutex that the caller owns. (The caller acquires the
 *     mutex once the owner has given up.)
 *
 * lock blocks, timedlock and clocklock return ETIMEDOUT, and trylock returns EBUSY,
 * as often as they are called; no process aborts. In the last case lock and
 * timedlock of an error-checking mutex return EDEADLK instead.
 *
 * Fails on: stock glibc, which aborts in each case ("robust || (oldval &
 * FUTEX_OWNER_DIED) == 0", "e != ESRCH || !robust", "e != EDEADLK || ...").
 */
#include "harness.h"

#define WAITERS	2

struct state {
	pthread_mutex_t mutex, second;
	volatile int owned, type;
};

static struct state *s;

/* All calls that return agree. */
static void nobody_gets_it(void *arg)
{
	struct timespec ts;
	int how, e;

	(void)arg;
	EXPECT(pthread_mutex_trylock(&s->mutex), EBUSY);
	/* If the owner had waiters, the word has its ID until the waiter that the kernel
	 * has chosen runs, and the kernel returns EINVAL to all others. */
	do {
		ts = in_ms(5);
		e = pthread_mutex_timedlock(&s->mutex, &ts);
	} while (e == EINVAL);
	EXPECT(e, ETIMEDOUT);
#ifdef __GLIBC__
	ts = in_ms(5);
	EXPECT(pthread_mutex_clocklock(&s->mutex, CLOCK_REALTIME, &ts), ETIMEDOUT);
#endif
	EXPECT(pthread_mutex_trylock(&s->mutex), EBUSY);
	for (how = 0; how < 2; how++) {
		ts = (struct timespec){ how - 1, 0 };
		EXPECT(pthread_mutex_timedlock(&s->mutex, &ts), ETIMEDOUT);
		ts = (struct timespec){ how - 1, 1000000000 };
		EXPECT(pthread_mutex_timedlock(&s->mutex, &ts), EINVAL);
	}
	EXPECT(pthread_mutex_unlock(&s->mutex), EPERM);
}

static void blocks(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&s->mutex);
	fail(__FILE__, __LINE__, "lock did not block");
}

static void times_out(void *arg)
{
	struct timespec ts = in_ms(patience(300));

	(void)arg;
	EXPECT(pthread_mutex_timedlock(&s->mutex, &ts), ETIMEDOUT);
	nobody_gets_it(NULL);
}

/* The processes in lock stay blocked, and later ones block too. */
static void all_blocked(const pid_t *pid, int n)
{
	pid_t late[WAITERS];
	int i;

	for (i = 0; i < WAITERS; i++)
		late[i] = spawn(blocks, NULL);
	wait_until_all_asleep(late, WAITERS);
	reap_in_time(spawn(nobody_gets_it, NULL));
	for (i = 0; i < n; i++)
		kill_and_reap(pid[i]);
	for (i = 0; i < WAITERS; i++)
		kill_and_reap(late[i]);
	reap_in_time(spawn(nobody_gets_it, NULL));
}

static void own(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	s->owned = 1;
	for (;;)
		pause();
}

/* @n processes wait in lock, or in timedlock if @timed, when the owner is killed. */
static void owner_ends(const struct variety *v, int n, int timed)
{
	pid_t owner, pid[WAITERS] = { 0 };
	int i;

	s->owned = 0;
	robustness = PTHREAD_MUTEX_STALLED;
	init(&s->mutex, v);
	owner = spawn(own, NULL);
	await(&s->owned, owner);
	for (i = 0; i < n; i++)
		pid[i] = spawn(timed ? times_out : blocks, NULL);
	if (timed)
		sleep_ms(50);
	else
		wait_until_all_asleep(pid, n);
	kill_and_reap(owner);
	reap_in_time(spawn(nobody_gets_it, NULL));
	for (i = 0; timed && i < n; i++)
		reap_in_time(pid[i]);
	all_blocked(pid, timed ? 0 : n);
}

static void own_and_move(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	CHECK(mremap(s, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		     (char *)s + PAGE) != MAP_FAILED);
}

static void owner_is_not_found(const struct variety *v)
{
	robustness = PTHREAD_MUTEX_ROBUST;
	init(&s->mutex, v);
	reap(spawn(own_and_move, NULL));
	reap_in_time(spawn(nobody_gets_it, NULL));
	all_blocked(NULL, 0);
}

/* Owns the second mutex and waits for the first, whose owner may be killed. */
static void crosses(void *arg)
{
	struct timespec ts = in_ms(patience(60000));
	int e;

	(void)arg;
	EXPECT(pthread_mutex_lock(&s->second), 0);
	s->owned = 1;
	e = pthread_mutex_timedlock(&s->mutex, &ts);
	if (s->owned == 2)
		return;
	EXPECT(e, 0);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	EXPECT(pthread_mutex_unlock(&s->second), 0);
}

/* Owns the first mutex and closes the circle. */
static void deadlocks(void *arg)
{
	int errorcheck = s->type == PTHREAD_MUTEX_ERRORCHECK;
	struct timespec ts;
	pid_t other;

	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	other = spawn(crosses, NULL);
	await(&s->owned, other);
	wait_until_asleep(other);
	EXPECT(pthread_mutex_trylock(&s->second), EBUSY);
	ts = in_ms(5);
	EXPECT(pthread_mutex_timedlock(&s->second, &ts),
	       errorcheck ? EDEADLK : ETIMEDOUT);
	if (errorcheck)
		EXPECT(pthread_mutex_lock(&s->second), EDEADLK);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	reap_in_time(other);
	EXPECT(pthread_mutex_lock(&s->second), 0);
	EXPECT(pthread_mutex_unlock(&s->second), 0);
	if (errorcheck) {
		s->owned = 2;
		return;
	}

	/* Again, without an end. */
	s->owned = 0;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	other = spawn(crosses, NULL);
	await(&s->owned, other);
	wait_until_asleep(other);
	s->owned = 2;
	pthread_mutex_lock(&s->second);
	fail(__FILE__, __LINE__, "lock did not block");
}

static void deadlock(const struct variety *v, int robust)
{
	pid_t pid;

	robustness = robust;
	s->owned = 0;
	s->type = v->type;
	init(&s->mutex, v);
	init(&s->second, v);
	pid = spawn(deadlocks, NULL);
	while (s->owned != 2) {
		int status;

		if (waitpid(pid, &status, WNOHANG) == pid) {
			if (s->owned == 2 && status == 0)
				return;
			fail(__FILE__, __LINE__, "a process ended with status %#x",
			     status);
		}
		sleep_ms(1);
	}
	if (v->type == PTHREAD_MUTEX_ERRORCHECK) {
		reap_in_time(pid);
		return;
	}
	wait_until_asleep(pid);
	kill_and_reap(pid);
	/* Its child dies with it and has become ours. */
	CHECK(waitpid(-1, NULL, 0) > 0);
}

static void one(const struct variety *v)
{
	int n;

	if (v->protocol != PTHREAD_PRIO_INHERIT || v->pshared != PTHREAD_PROCESS_SHARED)
		return;
	for (n = 0; n <= WAITERS; n++) {
		snprintf(doing, sizeof(doing), "%s: owner ends, %d in lock", v->name, n);
		owner_ends(v, n, 0);
		snprintf(doing, sizeof(doing), "%s: owner ends, %d in timedlock", v->name, n);
		owner_ends(v, n, 1);
	}
	snprintf(doing, sizeof(doing), "%s: owner is not found", v->name);
	owner_is_not_found(v);
	snprintf(doing, sizeof(doing), "%s: deadlock", v->name);
	deadlock(v, PTHREAD_MUTEX_STALLED);
	deadlock(v, PTHREAD_MUTEX_ROBUST);
}

int main(void)
{
	s = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(s != MAP_FAILED);
	CHECK(!prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	for_each_variety(one);
	return 0;
}
