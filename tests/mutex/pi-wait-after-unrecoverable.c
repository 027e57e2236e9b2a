// SPDX-License-Identifier: MIT
/*
 * A process sees that a PI mutex is locked. Before it waits, the owner makes the
 * mutex unrecoverable. The wait must fail with ENOTRECOVERABLE: the kernel finds no
 * owner, and never will.
 *
 * A seccomp filter turns FUTEX_LOCK_PI into a signal. Its handler stores what
 * musl's unlock stores, and returns what the kernel then returns. glibc does not
 * record this state in the lock word.
 *
 * Fails on stock musl, which waits forever.
 */
#include "futex-filter.h"
#include "registers.h"

#if !defined(__GLIBC__)

static pthread_mutex_t *m;
static enum taker how;

static void become_unrecoverable(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	*(volatile unsigned *)CONTEXT_ARG(context, 0) = 0x7fffffff;
	CONTEXT_RESULT(context) = -ESRCH;
}

static void wait_for_it(void *arg)
{
	(void)arg;
	filter_futex(FUTEX_CMD_MASK, FUTEX_LOCK_PI, SECCOMP_RET_TRAP);
	EXPECT(take(how, m), ENOTRECOVERABLE);
}

static void one(const struct variety *v)
{
	int status;

	if (v->pshared != PTHREAD_PROCESS_SHARED ||
	    v->protocol != PTHREAD_PRIO_INHERIT)
		return;
	for (how = 0; how < TRYLOCK; how++) {
		snprintf(doing, sizeof(doing), "%s: %s", v->name,
			 taker_names[how]);
		init(m, v);
		EXPECT(pthread_mutex_lock(m), 0);
		status = status_in_time(spawn(wait_for_it, NULL));
		CHECK(WIFEXITED(status));
		if (WEXITSTATUS(status) == 77)
			skip("seccomp filters are not possible here");
		CHECK(WEXITSTATUS(status) == 0);
		CHECK(pthread_mutex_unlock(m) != 0);
		EXPECT(pthread_mutex_destroy(m), 0);
	}
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = become_unrecoverable,
				.sa_flags = SA_SIGINFO };

	m = shared(sizeof(*m));
	CHECK(!sigaction(SIGSYS, &sa, NULL));
	for_each_variety(one);
	return 0;
}

#else

int main(void)
{
	skip("made for musl's lock word");
}

#endif
