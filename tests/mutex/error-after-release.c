// SPDX-License-Identifier: MIT
/*
 * The kernel may return an error from FUTEX_WAKE | FUTEX_ROBUST_UNLOCK after it has
 * released the lock: EINVAL, with list_op_pending cleared, if the memory has become
 * a PI futex; EFAULT if the kernel could not clear list_op_pending. Emulators and
 * filters may report success after doing nothing, or only a part. A second release
 * must not take the mutex away from its next owner, and the unlock must wake the
 * waiter.
 *
 * If an emulator releases the mutex and never clears the slot, a libc can look only
 * at the lock word, which may be gone by then. A libc that tests the flag on a word
 * and a slot of its own before its first unlock must notice this and must not ask
 * in an unlock. A libc that makes no such test may ask in one unlock. musl
 * asks without a test if it finds the vDSO function, which no emulator has, so the
 * test omits such emulators there.
 *
 * A seccomp filter turns the system call into a signal, whose handler plays such a
 * kernel: it releases, lets a waiting process acquire the mutex and only then
 * returns the error. The handler also stands for an application's handler that uses
 * another robust mutex in the middle of an unlock. POSIX does not promise that, but
 * it has always worked.
 *
 * Fails if one of the checks after the system call is missing from
 * __futex_robust_unlock_contended (glibc), or from robust_unlock or
 * __robust_list_pending (musl).
 */
#include "futex-filter.h"
#include "registers.h"
#include "../../tools/vdso-symbol.h"

struct state {
	pthread_mutex_t mutex, nested;
	volatile int taken, release;
};

/* What the fake kernel does. */
struct behaviour {
	const char *name;
	int error;
	int released, clears_slot, wakes;	/* before the error */
	int nested;	/* the handler uses another robust mutex */
};

static const struct behaviour behaviours[] = {
	{ "EINVAL after the release", EINVAL, 1, 1, 1, 0 },
	{ "EFAULT, slot not cleared", EFAULT, 1, 0, 1, 0 },
	{ "EFAULT, slot not cleared, nobody woken", EFAULT, 1, 0, 0, 0 },
	{ "flag ignored, released, success", 0, 1, 0, 1, 0 },
	{ "success without release", 0, 0, 0, 0, 0 },
	{ "EFAULT before the release", EFAULT, 0, 0, 0, 0 },
	{ "ENOSYS, a nested unlock cleared the slot", ENOSYS, 0, 0, 0, 1 },
};

static struct state *s;
static const struct behaviour *b;
static volatile int handled, tried;

/* An emulator behaves so in every call; the other behaviours concern one call. */
static int never_clears(void)
{
	return b->released && !b->clears_slot;
}

static int asks_without_test(void)
{
#if defined(__GLIBC__)
	return 0;
#else
	return vdso_symbol(TRY_UNLOCK_SYMBOL) != NULL;
#endif
}

static void fake_kernel(int sig, siginfo_t *info, void *context)
{
	volatile unsigned *word = (volatile unsigned *)CONTEXT_ARG(context, 0);
	void *volatile *slot = (void *volatile *)CONTEXT_ARG(context, 4);

	(void)sig;
	(void)info;
	if (word < (unsigned *)s || word >= (unsigned *)(s + 1)) {
		/* The libc tests the flag, and nobody waits. */
		tried = 1;
		*word = 0;
		if (!never_clears())
			*slot = NULL;
		CONTEXT_RESULT(context) = never_clears() ? -b->error : 0;
		return;
	}
	if (handled++ && b->nested) {
		/* The nested unlock may make the system call as well. */
		CONTEXT_RESULT(context) = -ENOSYS;
		return;
	}
	if (b->nested) {
		EXPECT(pthread_mutex_lock(&s->nested), 0);
		EXPECT(pthread_mutex_unlock(&s->nested), 0);
	}
	if (b->released)
		__atomic_store_n(word, 0, __ATOMIC_RELEASE);
	if (b->clears_slot)
		*slot = NULL;
	if (b->wakes) {
		syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
		while (!s->taken)
			sleep_ms(1);
	}
	CONTEXT_RESULT(context) = -b->error;
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

/* Unlock the mutex while a process waits for it, and return that process. */
static pid_t contended_unlock(void)
{
	pid_t pid;

	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	pid = spawn(take_and_hold, NULL);
	wait_until_asleep(pid);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	return pid;
}

/* In a new process, because a libc may remember a refusal. */
static void behave(void *arg)
{
	int asked;
	pid_t pid;

	(void)arg;
	pid = contended_unlock();
	if (!handled && !tried)
		_exit(77);
	CHECK(!handled == (tried && never_clears()));
	/* Nothing may be left for the kernel to find. */
	CHECK(!list_op_pending());
	for (int ms = 0; !s->taken; ms++) {
		if (ms > patience(20000))
			fail(__FILE__, __LINE__, "the waiter is left asleep");
		sleep_ms(1);
	}
	EXPECT(pthread_mutex_trylock(&s->mutex), EBUSY);
	s->release = 1;
	reap(pid);
	asked = handled;
	reap(contended_unlock());
	CHECK(handled == asked || !never_clears());
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
}

static void one(const struct variety *v)
{
	size_t i;

	if (v->pshared != PTHREAD_PROCESS_SHARED ||
	    v->protocol != PTHREAD_PRIO_NONE)
		return;
	for (i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++) {
		int status;
		pid_t pid;

		b = &behaviours[i];
		if (asks_without_test() && never_clears())
			continue;
		snprintf(doing, sizeof(doing), "%s: %s", v->name, b->name);
		s->taken = s->release = 0;
		init(&s->mutex, v);
		init(&s->nested, v);
		pid = spawn(behave, NULL);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status));
		if (WEXITSTATUS(status) == 77)
			skip("this libc does not use FUTEX_ROBUST_UNLOCK here");
		CHECK(WEXITSTATUS(status) == 0);
		EXPECT(pthread_mutex_destroy(&s->mutex), 0);
		EXPECT(pthread_mutex_destroy(&s->nested), 0);
	}
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = fake_kernel,
				.sa_flags = SA_SIGINFO | SA_NODEFER };

	need_robust_lists();
	s = shared(sizeof(*s));
	CHECK(!sigaction(SIGSYS, &sa, NULL));
	filter_robust_unlock(SECCOMP_RET_TRAP);
	for_each_variety(one);
	return 0;
}
