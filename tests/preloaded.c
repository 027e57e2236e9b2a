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
#include <linux/futex.h>

static pthread_mutex_t *m;

static void check_slot(void)
{
	struct robust_list_head *head;
	size_t len;

	CHECK(!syscall(SYS_get_robust_list, 0, &head, &len));
	CHECK(!head->list_op_pending);
}

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
	check_slot();
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
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_get_robust_list, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_gettid, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, FUTEX_ROBUST_UNLOCK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		skip("seccomp filters are not possible here");
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
	check_slot();
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
