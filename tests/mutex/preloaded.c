// SPDX-License-Identifier: MIT
/*
 * A preloaded library could break what a program relies on in an unlock of a robust
 * mutex: errno does not change, with or without a waiter, or if the kernel refuses
 * its help; list_op_pending is clear afterwards; a thread, old or new, in a sandbox
 * that the process entered after its start makes no system call that the sandbox
 * need not know; a child of fork owns the mutexes that it locks, and not those of
 * its parent.
 *
 * Fails with a library that asks the kernel for a thread's list or id on its first
 * unlock, or uses syscall(2).
 */
#include "futex-filter.h"

static pthread_mutex_t *m;

static void take_and_give(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(m), 0);
	EXPECT(pthread_mutex_unlock(m), 0);
}

static void unlock_with_waiter(void)
{
	pid_t pid;

	EXPECT(pthread_mutex_lock(m), 0);
	pid = spawn(take_and_give, NULL);
	wait_until_asleep(pid);
	errno = 12345;
	EXPECT(pthread_mutex_unlock(m), 0);
	CHECK(errno == 12345);
	CHECK(!list_op_pending());
	reap_in_time(pid);
}

static void refused(void *arg)
{
	(void)arg;
	filter_robust_unlock(SECCOMP_RET_ERRNO | ENOSYS);
	unlock_with_waiter();
	unlock_with_waiter();
}

static void *in_new_thread(void *arg)
{
	int i;

	for (i = 0; i < 3; i++)
		take_and_give(arg);
	return NULL;
}

/* A failure ends the process with SIGSYS. Nobody waits, so the unlock has no reason
 * to ask the kernel either. */
static void in_sandbox(void *arg)
{
	filter_call(SYS_get_robust_list, 0, 0, 0, SECCOMP_RET_TRAP);
	filter_call(SYS_gettid, 0, 0, 0, SECCOMP_RET_TRAP);
	filter_robust_unlock(SECCOMP_RET_TRAP);
	in_new_thread(arg);
	in_thread(in_new_thread, arg);
}

/* Skips if the process could not install its filter. */
static void end_of(pid_t pid)
{
	int status = status_in_time(pid);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip("seccomp filters are not possible here");
	if (status)
		fail(__FILE__, __LINE__, "a process ended with status %#x", status);
}

static void not_mine(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_unlock(m), EPERM);
	EXPECT(pthread_mutex_trylock(m), EBUSY);
}

static void one(const struct variety *v)
{
	init(m, v);
	EXPECT(pthread_mutex_lock(m), 0);
	errno = 12345;
	EXPECT(pthread_mutex_unlock(m), 0);
	CHECK(errno == 12345);
	CHECK(!list_op_pending());
	if (v->pshared == PTHREAD_PROCESS_SHARED) {
		unlock_with_waiter();
		end_of(spawn(refused, NULL));
		EXPECT(pthread_mutex_lock(m), 0);
		reap_in_time(spawn(not_mine, NULL));
		EXPECT(pthread_mutex_unlock(m), 0);
	}
	reap_in_time(spawn(take_and_give, NULL));
	end_of(spawn(in_sandbox, NULL));
	EXPECT(pthread_mutex_destroy(m), 0);
}

int main(void)
{
	need_robust_lists();
	m = shared(sizeof(*m));
	for_each_variety(one);
	return 0;
}
