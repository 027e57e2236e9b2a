// SPDX-License-Identifier: MIT
/*
 * FUTEX_UNLOCK_PI returns EAGAIN if a waiter came (and went) after the kernel had
 * read a lock word without FUTEX_WAITERS. The mutex is then still locked. Each
 * function that acquires a mutex, finds it unrecoverable and releases it must
 * handle that.
 *
 * A seccomp filter traps the system call. The signal's handler does once what the
 * kernel may do: if the word has no FUTEX_WAITERS, it sets FUTEX_WAITERS and
 * answers EAGAIN.
 *
 * The libc must either repeat the call, with or without FUTEX_ROBUST_UNLOCK as
 * before, or set FUTEX_WAITERS before the call.
 *
 * Fails on stock glibc. musl sets FUTEX_WAITERS itself before the call.
 */
#define _GNU_SOURCE
#include "futex-filter.h"
#include "registers.h"
#include <stddef.h>

#define MARK	0x5eedUL	/* marks the handler's own calls */

#if defined(__GLIBC__)
static struct state {
	pthread_mutex_t mutex;
	volatile int again, answered, op, next_op;
} *s;

static void handler(int sig, siginfo_t *info, void *context)
{
	unsigned *word = (unsigned *)CONTEXT_ARG(context, 0);
	long op = CONTEXT_ARG(context, 1), r;

	(void)sig;
	(void)info;
	if (s->again && !(*word & 0x80000000U)) {
		s->again = 0;
		s->answered++;
		s->op = op;
		s->next_op = 0;
		__atomic_fetch_or(word, 0x80000000U, __ATOMIC_SEQ_CST);
		CONTEXT_RESULT(context) = -EAGAIN;
		return;
	}
	if (!s->next_op)
		s->next_op = op;
	r = syscall(SYS_futex, word, op, CONTEXT_ARG(context, 2),
		    CONTEXT_ARG(context, 3), CONTEXT_ARG(context, 4), MARK);
	CONTEXT_RESULT(context) = r == -1 ? -errno : r;
}

static void trap_unlock_pi(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 0, 6),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 127),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FUTEX_UNLOCK_PI, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MARK, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_NODEFER };

	CHECK(!sigaction(SIGSYS, &sa, NULL));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		_exit(77);
}

static void take_it(void *arg)
{
	trap_unlock_pi();
	s->again = 1;
	s->op = s->next_op = 0;
	EXPECT(take((enum taker)(long)arg, &s->mutex), ENOTRECOVERABLE);
	CHECK(!s->op || s->next_op == s->op);
}

static void next(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), ENOTRECOVERABLE);
}

static int not_permitted;

static void test(const struct variety *v)
{
	long how;

	if (v->protocol != PTHREAD_PRIO_INHERIT || v->pshared != PTHREAD_PROCESS_SHARED)
		return;
	for (how = 0; how < NR_TAKERS; how++) {
		int status;
		pid_t pid;

		snprintf(doing, sizeof(doing), "%s: %s", v->name, taker_names[how]);
		init(&s->mutex, v);
		lose_owner(&s->mutex, v);
		EXPECT(pthread_mutex_unlock(&s->mutex), 0);
		pid = spawn(take_it, (void *)how);
		status = status_in_time(pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
			not_permitted = 1;
			return;
		}
		CHECK(!status);
		reap_in_time(spawn(next, NULL));
	}
}
#endif

int main(void)
{
#if !defined(__GLIBC__)
	skip("musl sets FUTEX_WAITERS before it calls FUTEX_UNLOCK_PI");
#else
	need_robust_lists();
	s = shared(sizeof(*s));
	for_each_variety(test);
	if (not_permitted)
		skip("seccomp filters are not possible here");
	/* 0 if the libc sets FUTEX_WAITERS before each call. */
	printf("FUTEX_UNLOCK_PI returned EAGAIN %d times\n", s->answered);
	return 0;
#endif
}
