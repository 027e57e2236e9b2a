// SPDX-License-Identifier: MIT
/*
 * The death of a thread that waits for a process-shared mutex which is not robust
 * changes nothing, whatever the thread's id. The lock word of such a mutex can hold
 * a value that the kernel would take for an id: EBUSY (musl), 1 or 2 (glibc). So
 * list_op_pending must never point to it. That also holds while the owner wakes a
 * waiter, which may destroy the mutex and reuse its memory. Nobody relies on the
 * kernel to repeat that wake.
 *
 * Fails on: a pthread_mutex_lock that sets list_op_pending for every process-shared
 * mutex it waits for; a pthread_mutex_unlock that wakes before it clears
 * list_op_pending.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/mount.h>
#include "futex-filter.h"
#include "registers.h"

#define LAST_ID	20

static pthread_mutex_t *m;
static volatile int *no_namespace;

static void wait_for_it(void *arg)
{
	(void)arg;
	pthread_mutex_lock(m);
}

static void try_it(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_trylock(m), EBUSY);
}

/* The first process of a PID namespace, so the ids of its children are small. */
static void holder(void *arg)
{
	unsigned char before[sizeof(*m)];
	pid_t pid;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("proc", "/proc", "proc", 0, NULL)) {
		*no_namespace = 1;
		return;
	}
	init(m, arg);
	EXPECT(pthread_mutex_lock(m), 0);
	do {
		pid = spawn(wait_for_it, NULL);
		wait_until_asleep(pid);
		memcpy(before, m, sizeof(*m));
		kill_and_reap(pid);
		if (memcmp(before, m, sizeof(*m)))
			fail(__FILE__, __LINE__, "the death of waiter %d changed the mutex",
			     (int)pid);
	} while (pid < LAST_ID);
	reap_in_time(spawn(try_it, NULL));
}

static void in_namespace(void *arg)
{
	if (unshare(CLONE_NEWPID | CLONE_NEWNS))
		*no_namespace = 1;
	else
		reap(spawn(holder, arg));
}

static void look_at_the_slot(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	CHECK(!list_op_pending());
	/* The filter permits this op. */
	CONTEXT_RESULT(context) = syscall(SYS_futex, CONTEXT_ARG(context, 0),
		FUTEX_WAKE_BITSET, 1, NULL, NULL, FUTEX_BITSET_MATCH_ANY);
}

static void wake_a_waiter(void *arg)
{
	pid_t pid;

	init(m, arg);
	EXPECT(pthread_mutex_lock(m), 0);
	pid = spawn(wait_for_it, NULL);
	wait_until_asleep(pid);
	filter_futex(~0u, FUTEX_WAKE, SECCOMP_RET_TRAP);
	EXPECT(pthread_mutex_unlock(m), 0);
	reap_in_time(pid);
}

static void test(const struct variety *v)
{
	int status;

	if (v->pshared != PTHREAD_PROCESS_SHARED)
		return;
	reap(spawn(in_namespace, (void *)v));
	status = status_in_time(spawn(wake_a_waiter, (void *)v));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip("seccomp filters are not possible here");
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = look_at_the_slot,
				.sa_flags = SA_SIGINFO };

	CHECK(!sigaction(SIGSYS, &sa, NULL));
	m = shared(sizeof(*m));
	no_namespace = shared(sizeof(*no_namespace));
	robustness = PTHREAD_MUTEX_STALLED;
	for_each_variety(test);
	if (*no_namespace)
		skip("this process may not create a PID namespace with its own /proc");
	return 0;
}
