// SPDX-License-Identifier: MIT
/*
 * How often a libc asks for FUTEX_ROBUST_UNLOCK. In glibc, a thread that gets ENOSYS
 * never asks again. Threads do not remember other errors, which may concern one mutex
 * or one moment. No thread relies on the answer that another thread got, because a
 * seccomp filter can apply to some threads only. musl remembers nothing of an unlock.
 * On architectures where it asks once in each thread before, with a word of its own,
 * an error can only concern the flag.
 *
 * Usage: refusals [never]
 * With "never", the libc must not ask at all. Both behave so on an older x86 kernel,
 * whose vDSO lacks the function.
 *
 * A seccomp filter turns the system call into a signal, whose handler counts and
 * refuses. The test sets FUTEX_WAITERS in the lock word, so each unlock has a
 * reason to ask.
 *
 * Fails if the number of calls differs.
 */
#include "futex-filter.h"
#include "registers.h"

#define UNLOCKS 3000

#ifdef __GLIBC__
#define REMEMBERED ENOSYS
#else
#define REMEMBERED 0	/* nothing */
#endif

static pthread_mutex_t *m;
static volatile int calls;
static int error, never, tried;

static void refuse(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	calls++;
	tried |= CONTEXT_ARG(context, 0) - (unsigned long)m >= sizeof(*m);
	CONTEXT_RESULT(context) = -error;
}

/* n contended unlocks, after an uncontended one. */
static void *unlock(void *n)
{
	unsigned *w = (unsigned *)m, tid = syscall(SYS_gettid);
	int i;

	EXPECT(pthread_mutex_lock(m), 0);
	while (*w != tid)	/* the lock word is the first that has our id */
		CHECK(++w < (unsigned *)(m + 1));
	EXPECT(pthread_mutex_unlock(m), 0);	/* strict mode may ask here too */
	for (i = 0; i < (int)(long)n; i++) {
		EXPECT(pthread_mutex_lock(m), 0);
		__atomic_or_fetch(w, FUTEX_WAITERS, __ATOMIC_RELAXED);
		EXPECT(pthread_mutex_unlock(m), 0);
		CHECK(!__atomic_load_n(w, __ATOMIC_RELAXED));
	}
	return NULL;
}

/* In a new process, which remembers nothing. */
static void ask(void *arg)
{
	pthread_t t;
	int first, expected;

	(void)arg;
	CHECK(!pthread_create(&t, NULL, unlock, (void *)1L));
	CHECK(!pthread_join(t, NULL));
	if (!calls && !never)
		_exit(77);
	first = calls;	/* 1, or 2 in strict mode */
	CHECK(first <= (error == ENOSYS || tried ? 1 : 2));
	unlock((void *)(long)UNLOCKS);
	expected = never ? 0 : error == REMEMBERED || tried ? 2 : 2 * first + UNLOCKS - 1;
	if (calls != expected)
		fail(__FILE__, __LINE__, "asked %d times in %d unlocks, expected %d",
		     calls, UNLOCKS, expected);
}

static void one(const struct variety *v)
{
	static const int errors[] = { ENOSYS, EPERM, EINVAL, EFAULT, EAGAIN };
	size_t i;

	if (v->pshared != PTHREAD_PROCESS_SHARED)
		return;
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
