// SPDX-License-Identifier: MIT
/*
 * A thread fails to acquire a robust mutex in time. The owner then destroys the
 * mutex and uses its memory for data that contains the thread's id. When the thread
 * ends, no byte of that data may change: the thread must not leave a reference to
 * the mutex behind that the kernel would follow.
 *
 * Fails on stock glibc, where pthread_mutex_timedlock returns with list_op_pending
 * still set.
 */
#include "harness.h"
#include <sys/syscall.h>

struct state {
	pthread_mutex_t mutex;
	volatile int id, go;
	struct timespec when;
	int want;
};

static struct state *s;

static void time_out(void *arg)
{
	int e = pthread_mutex_timedlock(&s->mutex, &s->when);

	(void)arg;
	/* For a time before 1970, the kernel's PI code may return EINVAL. */
	if (e == EINVAL && s->when.tv_sec < 0)
		e = s->want;
	EXPECT(e, s->want);
	s->id = syscall(SYS_gettid);
	while (!s->go)
		sleep_ms(1);
}

static void one(const struct variety *v)
{
	static const struct {
		const char *name;
		long sec, nsec;
		int want;
	} times[] = {
		{ "past", 1, 0, ETIMEDOUT },
		{ "negative", -1, 0, ETIMEDOUT },
		{ "soon", 0, 0, ETIMEDOUT },	/* set below */
		{ "invalid", 1, -1, EINVAL },
	};
	int data[sizeof(pthread_mutex_t) / sizeof(int)];
	size_t i, j;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct partner partner;

		snprintf(doing, sizeof(doing), "%s: %s", v->name,
			 times[i].name);
		init(&s->mutex, v);
		s->id = s->go = 0;
		s->want = times[i].want;
		s->when = in_ms(20);
		if (strcmp(times[i].name, "soon")) {
			s->when.tv_sec = times[i].sec;
			s->when.tv_nsec = times[i].nsec;
		}
		EXPECT(pthread_mutex_lock(&s->mutex), 0);
		start_partner(&partner, v, time_out, NULL);
		await(&s->id, partner.pid);
		EXPECT(pthread_mutex_unlock(&s->mutex), 0);
		EXPECT(pthread_mutex_destroy(&s->mutex), 0);
		for (j = 0; j < sizeof(data) / sizeof(data[0]); j++)
			data[j] = s->id;
		memcpy(&s->mutex, data, sizeof(data));
		s->go = 1;
		end_partner(&partner);
		CHECK(!memcmp(&s->mutex, data, sizeof(data)));
	}
}

int main(void)
{
	s = shared(sizeof(*s));
	for_each_variety(one);
	return 0;
}
