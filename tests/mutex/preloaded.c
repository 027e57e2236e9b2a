// SPDX-License-Identifier: MIT
/*
 * What a program may rely on in an unlock of a robust mutex, and a library that is
 * preloaded could spoil: errno stays as it is, with and without a waiter and if
 * the kernel's help is refused; list_op_pending is clear; in a sandbox that was
 * entered after the start, no system call is made that this need not know, by
 * new threads neither; a child of fork owns what it locks, and not what its
 * parent has.
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

/* The end by SIGSYS is the failure. Nobody waits, so the kernel need not be asked
 * for the unlock either. */
static void in_sandbox(void *arg)
{
	filter_call(SYS_get_robust_list, 0, 0, 0, SECCOMP_RET_TRAP);
	filter_call(SYS_gettid, 0, 0, 0, SECCOMP_RET_TRAP);
	filter_robust_unlock(SECCOMP_RET_TRAP);
	in_new_thread(arg);
	in_thread(in_new_thread, arg);
}

/* What it was not possible to do in the process is not possible here. */
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
