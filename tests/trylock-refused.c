// SPDX-License-Identifier: MIT
/*
 * trylock of a robust PI mutex whose owner died, where a filter refuses
 * FUTEX_TRYLOCK_PI: one that was made for stock musl, which never uses that
 * op, has no reason to permit it. The mutex must be had nonetheless. (glibc
 * has always used the op, and reports EBUSY, patched or not.)
 *
 * Fails on a pthread_mutex_trylock that takes the refusal for a busy mutex.
 */
#include "futex-filter.h"
#include <linux/futex.h>

static pthread_mutex_t *m;

static void try_it(void *error)
{
	struct timespec ts = in_ms(patience(20000));

	filter_futex(FUTEX_CMD_MASK, FUTEX_TRYLOCK_PI,
		     SECCOMP_RET_ERRNO | (unsigned)(size_t)error);
	if (error) {
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
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		snprintf(doing, sizeof(doing), "%s: FUTEX_TRYLOCK_PI answered with \"%s\"",
			 v->name, strerror(errors[i]));
		init(m, v);
		reap(spawn(lock_in_process, m));
		status = status_in_time(spawn(try_it, (void *)(size_t)errors[i]));
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
			skip("seccomp filters are not possible here");
		CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
		EXPECT(pthread_mutex_destroy(m), 0);
	}
}

int main(void)
{
#ifdef __GLIBC__
	skip("glibc has always used FUTEX_TRYLOCK_PI, and takes a refusal for a busy mutex");
#endif
	m = shared(sizeof(*m));
	for_each_variety(test);
	return 0;
}
