// SPDX-License-Identifier: MIT
/*
 * trylock of a robust PI mutex whose owner died, under a filter that refuses
 * FUTEX_TRYLOCK_PI. A filter made for stock musl, which never uses that op, has no
 * reason to permit it. Without FUTEX_WAITERS, trylock must acquire the mutex
 * anyway. With FUTEX_WAITERS, the kernel is about to pass the mutex on, so only the
 * kernel can assign it. (glibc has always used the op, and returns EBUSY, patched
 * or not.)
 *
 * Fails on a pthread_mutex_trylock that needs the kernel for a mutex without the
 * bit, believes the filter's success, or acquires a mutex with the bit on its own
 * (stock musl).
 */
#include "futex-filter.h"

static pthread_mutex_t *m;
static int waiters;

static void die_as_owner(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(m), 0);
	if (waiters)
		*lock_word(m) |= FUTEX_WAITERS;
}

static void try_it(void *error)
{
	struct timespec ts = in_ms(patience(20000));

	filter_futex(FUTEX_CMD_MASK, FUTEX_TRYLOCK_PI,
		     SECCOMP_RET_ERRNO | (unsigned)(size_t)error);
	if (!waiters) {
		EXPECT(pthread_mutex_trylock(m), EOWNERDEAD);
	} else {
		EXPECT(pthread_mutex_trylock(m), EBUSY);
		EXPECT(pthread_mutex_timedlock(m, &ts), EOWNERDEAD);
	}
	EXPECT(pthread_mutex_consistent(m), 0);
	EXPECT(pthread_mutex_unlock(m), 0);
	EXPECT(pthread_mutex_timedlock(m, &ts), 0);
	EXPECT(pthread_mutex_unlock(m), 0);
}

static void test(const struct variety *v)
{
	static const int errors[] = { ENOSYS, EPERM, EACCES, EINVAL, 0 };
	size_t i;
	int status;

	if (v->protocol != PTHREAD_PRIO_INHERIT ||
	    v->pshared != PTHREAD_PROCESS_SHARED)
		return;
	for (i = 0; i < 2 * sizeof(errors) / sizeof(errors[0]); i++) {
		int error = errors[i / 2];

		waiters = i % 2;
		snprintf(doing, sizeof(doing), "%s, %d waiters: FUTEX_TRYLOCK_PI answered with \"%s\"",
			 v->name, waiters, strerror(error));
		init(m, v);
		reap(spawn(die_as_owner, NULL));
		status = status_in_time(spawn(try_it, (void *)(size_t)error));
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
			skip("seccomp filters are not possible here");
		CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
		EXPECT(pthread_mutex_destroy(m), 0);
	}
}

int main(void)
{
#ifdef __GLIBC__
	skip("glibc has always used FUTEX_TRYLOCK_PI, and reports a refusal as EBUSY");
#endif
	m = shared(sizeof(*m));
	for_each_variety(test);
	return 0;
}
