// SPDX-License-Identifier: MIT
/*
 * How lock, timedlock, trylock and unlock of a PI mutex treat the errors of
 * FUTEX_LOCK_PI, FUTEX_TRYLOCK_PI and FUTEX_UNLOCK_PI:
 *   - EAGAIN and EINTR: lock tries again, timedlock returns them;
 *   - EINVAL, EPERM, ENOMEM: the function returns the error and neither acquires nor
 *     releases the mutex;
 *   - a wait on a condition variable, which must not return without the mutex, tries
 *     again after each error until the mutex is free. (After ESRCH it does so only if
 *     the mutex is robust: otherwise the owner has most likely ended.)
 *
 * list_op_pending is clear after each. A seccomp filter supplies these errors. One
 * error comes from the kernel: a waiter in another PID namespace makes the kernel
 * take another process for the owner, so unlock fails with EINVAL. The owner then
 * still owns the mutex, also for the kernel if the owner dies.
 *
 * Fails on: stock glibc (lock takes EAGAIN, EINTR and EINVAL for success; EPERM and
 * ENOMEM, and EINVAL in unlock, abort the process).
 */
#include "futex-filter.h"
#include "registers.h"
#include <sched.h>
#include <stdint.h>

struct state {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	volatile int ready;
	volatile pid_t tid;
	volatile int calls;
};

static struct state *s;

/* Owns the mutex until the caller clears s->ready. */
static void own(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	pthread_cond_signal(&s->cond);
	s->ready = 1;
	while (s->ready)
		sleep_ms(1);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
}

static void refused_timedlock(void *arg)
{
	int e = (int)(size_t)arg;
	struct timespec ts = in_ms(patience(60000));

	filter_futex(FUTEX_CMD_MASK, FUTEX_LOCK_PI, SECCOMP_RET_ERRNO | e);
	EXPECT(pthread_mutex_timedlock(&s->mutex, &ts), e);
	CHECK(!list_op_pending());
}

static void refused(void *arg)
{
	refused_timedlock(arg);
	EXPECT(pthread_mutex_lock(&s->mutex), (int)(size_t)arg);
	CHECK(!list_op_pending());
	EXPECT(pthread_mutex_trylock(&s->mutex), EBUSY);
}

static void refused_wait(void *arg)
{
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	filter_futex(FUTEX_CMD_MASK, FUTEX_LOCK_PI, SECCOMP_RET_ERRNO | (int)(size_t)arg);
	s->ready = 1;
	EXPECT(pthread_cond_wait(&s->cond, &s->mutex), 0);
	CHECK((*lock_word(&s->mutex) & FUTEX_TID_MASK) == (unsigned)syscall(SYS_gettid));
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	CHECK(!list_op_pending());
}

/* The owner died, so trylock asks the kernel for the mutex. */
static void refused_trylock(void *arg)
{
	int e = (int)(size_t)arg;

	filter_futex(FUTEX_CMD_MASK, FUTEX_TRYLOCK_PI, SECCOMP_RET_ERRNO | e);
	EXPECT(pthread_mutex_trylock(&s->mutex),
	       e == EINVAL || e == ENOMEM ? e : EBUSY);
	CHECK(!list_op_pending());
}

/* The third call passes on the mutex of a dead owner, the fourth finds waiters too. */
static void answer(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	s->calls++;
	CHECK(s->calls < 5);
	if (s->calls > 2) {
		*(int *)CONTEXT_ARG(context, 0) = syscall(SYS_gettid) |
			(s->calls == 3 ? FUTEX_OWNER_DIED : FUTEX_WAITERS);
		CONTEXT_RESULT(context) = 0;
	} else
		CONTEXT_RESULT(context) = s->calls == 1 ? -EAGAIN : -EINTR;
}

static void repeated(void *arg)
{
	struct sigaction sa = { .sa_sigaction = answer, .sa_flags = SA_SIGINFO };
	volatile unsigned *word;

	(void)arg;
	CHECK(!sigaction(SIGSYS, &sa, NULL));
	filter_futex(FUTEX_CMD_MASK, FUTEX_LOCK_PI, SECCOMP_RET_TRAP);
	EXPECT(pthread_mutex_lock(&s->mutex), EOWNERDEAD);
	CHECK(s->calls == 3);
	CHECK(!list_op_pending());

	/* Make it unrecoverable. The lock that finds this cannot unlock it. */
	word = lock_word(&s->mutex);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	*word = FUTEX_OWNER_DIED;
	filter_futex(0x7f, FUTEX_UNLOCK_PI, SECCOMP_RET_ERRNO | EINVAL);
	EXPECT(pthread_mutex_lock(&s->mutex), ENOTRECOVERABLE);
	CHECK(!list_op_pending());
}

/*
 * pthread_cond_wait, whose lock at the end fails with ERROR while another process
 * owns the mutex. The thread is asleep between its tries.
 */
static void wait_tries_again(const struct variety *v, int error)
{
	pid_t owner, pid;

	snprintf(doing, sizeof(doing), "%s: condition variable, %s", v->name, strerror(error));
	init(&s->mutex, v);
	init_cond(&s->cond, v);
	s->ready = 0;
	pid = spawn(refused_wait, (void *)(size_t)error);
	await(&s->ready, pid);
	s->ready = 0;
	owner = spawn(own, NULL);
	await(&s->ready, owner);
	sleep_ms(50);
	CHECK(!waitpid(pid, NULL, WNOHANG));
	wait_until_asleep(pid);
	s->ready = 0;
	reap_in_time(owner);
	reap_in_time(pid);
}

static void by_filter(const struct variety *v)
{
	static const int errors[] = { EINVAL, EPERM, ENOMEM, EAGAIN, EDEADLK, ESRCH };
	pid_t owner;
	size_t i;

	for (i = 0; i < (robustness == PTHREAD_MUTEX_ROBUST ? 6 : 5); i++)
		wait_tries_again(v, errors[i]);
	init(&s->mutex, v);
	s->ready = 0;
	owner = spawn(own, NULL);
	await(&s->ready, owner);
	for (i = 0; i < 3; i++) {
		snprintf(doing, sizeof(doing), "%s: %s", v->name, strerror(errors[i]));
		reap_in_time(spawn(refused, (void *)(size_t)errors[i]));
	}
	snprintf(doing, sizeof(doing), "%s: EAGAIN and EINTR, timedlock", v->name);
	reap_in_time(spawn(refused_timedlock, (void *)(size_t)EAGAIN));
	reap_in_time(spawn(refused_timedlock, (void *)(size_t)EINTR));
	kill_and_reap(owner);
	if (robustness != PTHREAD_MUTEX_ROBUST)
		return;
	snprintf(doing, sizeof(doing), "%s: trylock", v->name);
	for (i = 0; i < 3; i++)
		reap_in_time(spawn(refused_trylock, (void *)(size_t)errors[i]));
	reap_in_time(spawn(refused_trylock, (void *)(size_t)ESRCH));
	snprintf(doing, sizeof(doing), "%s: EAGAIN and EINTR", v->name);
	s->calls = 0;
	reap_in_time(spawn(repeated, NULL));
}

/* A process with the owner's ID, and one that waits, in another PID namespace. */
static void elsewhere(void *arg)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack,
			 stack_size, tls, set_tid, set_tid_size;
	} args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&s->tid, .set_tid_size = 1 };

	(void)arg;
	switch (syscall(SYS_clone3, &args, sizeof(args))) {
	case -1:
		s->ready = -1;
		return;
	case 0:
		for (;;)
			pause();
	}
	s->ready = 1;
	pthread_mutex_lock(&s->mutex);
	fail(__FILE__, __LINE__, "lock did not block");
}

static void another_locks(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), EINVAL);
	CHECK(!list_op_pending());
	EXPECT(pthread_mutex_trylock(&s->mutex), EBUSY);
}

static void try_it(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_trylock(&s->mutex), 0);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
}

/* Unlocks the mutex before it ends, unless the mutex is robust. */
static void owner_of_two_names(void *arg)
{
	const struct variety *v = arg;
	int nested = v->type == PTHREAD_MUTEX_RECURSIVE, i;
	pid_t pid;

	s->tid = syscall(SYS_gettid);
	s->ready = 0;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	if (unshare(CLONE_NEWPID) && unshare(CLONE_NEWUSER | CLONE_NEWPID)) {
		s->ready = -1;
		return;
	}
	pid = spawn(elsewhere, NULL);
	while (!s->ready)
		sleep_ms(1);
	if (s->ready < 0)
		return;
	wait_until_asleep(pid);
	sleep_ms(50);
	for (i = 0; i < 2; i++) {
		if (nested)
			EXPECT(pthread_mutex_lock(&s->mutex), 0);
		if (nested)
			EXPECT(pthread_mutex_unlock(&s->mutex), 0);
		EXPECT(pthread_mutex_unlock(&s->mutex), EINVAL);
		CHECK(!list_op_pending());
		s->ready = 2;
		while (s->ready == 2)
			sleep_ms(1);
	}
	kill_and_reap(pid);	/* and all of its namespace */
	if (robustness == PTHREAD_MUTEX_ROBUST)
		return;
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	EXPECT(pthread_mutex_unlock(&s->mutex), EPERM);
}

/* Returns 0 if it is not possible here. */
static int by_namespace(const struct variety *v)
{
	pid_t owner;
	int i, status;

	snprintf(doing, sizeof(doing), "%s: waiter in another PID namespace", v->name);
	init(&s->mutex, v);
	owner = spawn(owner_of_two_names, (void *)v);
	for (i = 0; i < 2; i++) {
		while (s->ready != 2) {
			if (waitpid(owner, &status, WNOHANG) == owner) {
				CHECK(!status && s->ready == -1);
				return 0;
			}
			sleep_ms(1);
		}
		reap_in_time(spawn(another_locks, NULL));
		s->ready = 1;
	}
	reap_in_time(owner);
	if (robustness == PTHREAD_MUTEX_ROBUST) {
		struct timespec ts = in_ms(patience(5000));

		EXPECT(pthread_mutex_timedlock(&s->mutex, &ts), EOWNERDEAD);
		EXPECT(pthread_mutex_consistent(&s->mutex), 0);
		EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	}
	reap_in_time(spawn(try_it, NULL));
	return 1;
}

static int no_namespace;

static void one(const struct variety *v)
{
	if (v->protocol != PTHREAD_PRIO_INHERIT || v->pshared != PTHREAD_PROCESS_SHARED)
		return;
	robustness = PTHREAD_MUTEX_STALLED;
	by_filter(v);
	no_namespace |= !by_namespace(v);
	robustness = PTHREAD_MUTEX_ROBUST;
	by_filter(v);
	no_namespace |= !by_namespace(v);
}

int main(void)
{
	s = shared(sizeof(*s));
	for_each_variety(one);
	if (no_namespace)
		skip("the rest passed; this process may not use clone3 with set_tid in a PID namespace");
	return 0;
}
