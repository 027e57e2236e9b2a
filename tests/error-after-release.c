// SPDX-License-Identifier: MIT
/*
 * The kernel may return an error from FUTEX_WAKE | FUTEX_ROBUST_UNLOCK after
 * it has released the lock: EINVAL if the memory is a PI futex by now, with
 * list_op_pending cleared; EFAULT if it could not clear that. Whoever took the
 * mutex meanwhile must not lose it to a second release, and who waits must be
 * woken.
 *
 * A seccomp filter turns the system call into a signal, whose handler plays
 * such a kernel: it releases, lets a waiting process take the mutex and only
 * then returns the error.
 *
 * Fails if one of the checks after the system call is taken out of
 * futex_robust_unlock (glibc) or __pthread_mutex_robust_unlock (musl).
 */
#include "futex-filter.h"
#include <ucontext.h>

#if defined(__x86_64__) && defined(__LP64__)

struct state {
	pthread_mutex_t mutex;
	volatile int taken, release;
};

static struct state *s;
static volatile int error, clear_slot, wake, handled;

/* Only async-signal-safe things happen here: system calls and stores. */
static void fake_kernel(int sig, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	volatile unsigned *word = (volatile unsigned *)r[REG_RDI];
	void *volatile *slot = (void *volatile *)r[REG_R8];

	(void)sig;
	(void)info;
	handled++;
	__atomic_store_n(word, 0, __ATOMIC_RELEASE);
	if (clear_slot)
		*slot = NULL;
	if (wake) {
		syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
		while (!s->taken)
			sleep_ms(1);
	}
	r[REG_RAX] = -error;
}

static void take_and_hold(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	s->taken = 1;
	while (!s->release)
		sleep_ms(1);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
}

static void one(const struct variety *v)
{
	static const struct { const char *name; int error, clear, wake; } cases[] = {
		{ "EINVAL after the release", EINVAL, 1, 1 },
		{ "EFAULT, slot not cleared", EFAULT, 0, 1 },
		{ "EFAULT, slot not cleared, nobody woken", EFAULT, 0, 0 },
	};
	size_t i;

	if (v->pshared != PTHREAD_PROCESS_SHARED ||
	    v->protocol != PTHREAD_PRIO_NONE)
		return;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t pid;

		snprintf(doing, sizeof(doing), "%s: %s", v->name,
			 cases[i].name);
		error = cases[i].error;
		clear_slot = cases[i].clear;
		wake = cases[i].wake;
		handled = s->taken = s->release = 0;
		init(&s->mutex, v);
		EXPECT(pthread_mutex_lock(&s->mutex), 0);
		pid = spawn(take_and_hold, NULL);
		wait_until_asleep(pid);
		EXPECT(pthread_mutex_unlock(&s->mutex), 0);
		if (!handled)
			skip("this libc or kernel does not use FUTEX_ROBUST_UNLOCK");
		for (int ms = 0; !s->taken; ms++) {
			if (ms > 20000 && !kill(pid, SIGKILL))
				fail(__FILE__, __LINE__, "the waiter is left asleep");
			sleep_ms(1);
		}
		EXPECT(pthread_mutex_trylock(&s->mutex), EBUSY);
		s->release = 1;
		reap(pid);
		EXPECT(pthread_mutex_lock(&s->mutex), 0);
		EXPECT(pthread_mutex_unlock(&s->mutex), 0);
		EXPECT(pthread_mutex_destroy(&s->mutex), 0);
	}
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = fake_kernel,
				.sa_flags = SA_SIGINFO };

	s = shared(sizeof(*s));
	CHECK(!sigaction(SIGSYS, &sa, NULL));
	filter_robust_unlock(SECCOMP_RET_TRAP);
	for_each_variety(one);
	return 0;
}

#else

int main(void)
{
	skip("the handler is not written for this machine");
}

#endif
