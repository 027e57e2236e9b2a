// SPDX-License-Identifier: MIT
/*
 * How often a libc asks for FUTEX_ROBUST_UNLOCK. musl: a thread that gets ENOSYS
 * never again, after all other refusals as if nothing had been. glibc: after a
 * refusal not for some
 * time, but then again, because a refusal need not hold; and EAGAIN, which is
 * about one mutex, is not taken for a refusal; of a PI mutex it asks for
 * another try, which is made once at most.
 *
 * Usage: refusals [never]
 * With "never" it must not ask at all, which is so for glibc on an older kernel,
 * whose vDSO lacks the function.
 *
 * A seccomp filter turns the system call into a signal, whose handler counts
 * and refuses. The lock word says that there are waiters, so that each unlock
 * has a reason to ask.
 *
 * Fails if a refusal is not remembered, or for ever, or if a system call is
 * made that cannot succeed.
 */
#include "futex-filter.h"
#include "registers.h"
#include <linux/futex.h>

#define UNLOCKS 3000

static pthread_mutex_t *m;
static volatile int calls;
static int error, never, tries;

static void refuse(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	calls++;
	CONTEXT_RESULT(context) = -error;
}

/* In a process of its own, with nothing remembered. */
static void ask(void *arg)
{
	unsigned *w = (unsigned *)m, tid = syscall(SYS_gettid);
	int i;

	(void)arg;
	EXPECT(pthread_mutex_lock(m), 0);
	while (*w != tid)	/* the lock word is the first that has our id */
		CHECK(++w < (unsigned *)(m + 1));
	EXPECT(pthread_mutex_unlock(m), 0);	/* strict mode may ask here too */
	for (i = 0; i < UNLOCKS; i++) {
		EXPECT(pthread_mutex_lock(m), 0);
		__atomic_or_fetch(w, FUTEX_WAITERS, __ATOMIC_RELAXED);
		EXPECT(pthread_mutex_unlock(m), 0);
		CHECK(!__atomic_load_n(w, __ATOMIC_RELAXED));
	}
	if (!calls && !never)
		_exit(77);
#ifdef __GLIBC__
	if (calls < (never ? 0 : error == EAGAIN ? UNLOCKS : 2) ||
	    calls > (never ? 0 : error == EAGAIN ? tries * (UNLOCKS + 1) : 10))
#else
	if (calls != (never ? 0 : error == ENOSYS ? 1 : UNLOCKS))
#endif
		fail(__FILE__, __LINE__, "asked %d times in %d unlocks", calls,
		     UNLOCKS);
}

static void one(const struct variety *v)
{
	static const int errors[] = { ENOSYS, EPERM, EINVAL, EFAULT, EAGAIN };
	size_t i;

	if (v->pshared != PTHREAD_PROCESS_SHARED)
		return;
	tries = v->protocol == PTHREAD_PRIO_INHERIT ? 2 : 1;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		int status;

		error = errors[i];
		snprintf(doing, sizeof(doing), "%s: %s", v->name,
			 strerror(error));
		init(m, v);
		status = status_in_time(spawn(ask, NULL));
		CHECK(WIFEXITED(status));
		if (WEXITSTATUS(status) == 77)
			skip("this libc does not use FUTEX_ROBUST_UNLOCK here");
		CHECK(WEXITSTATUS(status) == 0);
		EXPECT(pthread_mutex_destroy(m), 0);
	}
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_sigaction = refuse, .sa_flags = SA_SIGINFO };

	never = argc > 1 && !strcmp(argv[1], "never");
	m = shared(sizeof(*m));
	CHECK(!sigaction(SIGSYS, &sa, NULL));
	filter_robust_unlock(SECCOMP_RET_TRAP);
	for_each_variety(one);
	return 0;
}
