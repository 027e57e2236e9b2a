// SPDX-License-Identifier: MIT
/*
 * Timed lock functions ignore the time if they can acquire the mutex, or refuse it,
 * at once: it is free, the caller's own, unrecoverable, or its owner died. If
 * another thread holds it, a past time gives ETIMEDOUT, even one before 1970, and
 * nanoseconds out of range give EINVAL. No function leaves list_op_pending set.
 *
 * Fails on stock musl, which sleeps if the time is the earliest possible and, for a
 * PI mutex, never returns if the nanoseconds are out of range. Fails on stock glibc
 * for PI mutexes, where the kernel's PI code checks the time.
 */
#include "harness.h"
#include <stdint.h>

#define EARLIEST	(sizeof(time_t) == 8 ? (time_t)INT64_MIN : (time_t)INT32_MIN)

static const struct {
	const char *name;
	struct timespec when;
	int error;	/* if another thread holds the mutex */
} times[] = {
	{ "{0, 0}", { .tv_sec = 0 }, ETIMEDOUT },
	{ "{-1, 0}", { .tv_sec = -1 }, ETIMEDOUT },
	{ "{earliest, 0}", { .tv_sec = EARLIEST }, ETIMEDOUT },
	{ "{0, -1}", { .tv_nsec = -1 }, EINVAL },
	{ "{0, 1000000000}", { .tv_nsec = 1000000000 }, EINVAL },
	{ "{future, -1}", { 2000000000, -1 }, EINVAL },
	{ "{future, 1000000000}", { 2000000000, 1000000000 }, EINVAL },
};

static const char *const ways[] = {
	"timedlock",
#ifdef __GLIBC__
	"clocklock by CLOCK_REALTIME", "clocklock by CLOCK_MONOTONIC",
#endif
};

static pthread_mutex_t *m;
static size_t way, t;

static int timed(void)
{
	switch (way) {
#ifdef __GLIBC__
	case 1:
		return pthread_mutex_clocklock(m, CLOCK_REALTIME, &times[t].when);
	case 2:
		return pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &times[t].when);
#endif
	default:
		return pthread_mutex_timedlock(m, &times[t].when);
	}
}

static void *try_it(void *arg)
{
	EXPECT(timed(), times[t].error);
	CHECK(!list_op_pending());
	return arg;
}

static void in_each_state(void *arg)
{
	const struct variety *v = arg;

	init(m, v);
	EXPECT(timed(), 0);
	switch (v->type) {
	case PTHREAD_MUTEX_RECURSIVE:
		EXPECT(timed(), 0);
		EXPECT(pthread_mutex_unlock(m), 0);
		break;
	case PTHREAD_MUTEX_ERRORCHECK:
		EXPECT(timed(), EDEADLK);
		break;
	}
	in_thread(try_it, NULL);
	EXPECT(pthread_mutex_unlock(m), 0);
	if (robustness == PTHREAD_MUTEX_ROBUST) {
		owner_dies(m, v);
		EXPECT(timed(), EOWNERDEAD);
		EXPECT(pthread_mutex_unlock(m), 0);
		EXPECT(timed(), ENOTRECOVERABLE);
	}
	CHECK(!list_op_pending());
	EXPECT(pthread_mutex_destroy(m), 0);
}

static void one(const struct variety *v)
{
	for (way = 0; way < sizeof(ways) / sizeof(ways[0]); way++) {
		/* See take() in harness.h. */
		if (way == 2 && v->protocol == PTHREAD_PRIO_INHERIT &&
		    syscall(SYS_futex, NULL, 13, 0, NULL, NULL, 0) == -1 &&
		    errno == ENOSYS)
			continue;
		for (t = 0; t < sizeof(times) / sizeof(times[0]); t++) {
			snprintf(doing, sizeof(doing), "%s, %srobust: %s until %s",
				 v->name, robustness ? "" : "not ", ways[way],
				 times[t].name);
			reap_in_time(spawn(in_each_state, (void *)v));
		}
	}
}

int main(void)
{
	need_robust_lists();
	m = shared(sizeof(*m));
	for_each_variety(one);
	robustness = PTHREAD_MUTEX_STALLED;
	for_each_variety(one);
	return 0;
}
