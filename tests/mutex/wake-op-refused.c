// SPDX-License-Identifier: MIT
/*
 * A mutex becomes unrecoverable although a filter refuses FUTEX_WAKE_OP, or reports
 * success after doing nothing. The waiters and all later callers get
 * ENOTRECOVERABLE.
 *
 * Fails if a libc uses FUTEX_WAKE_OP to make a mutex unrecoverable and believes the
 * answer.
 */
#include "futex-filter.h"

#define WAITERS 2

static pthread_mutex_t *m;

static void wait_in_vain(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(m), ENOTRECOVERABLE);
}

/* Acquires the mutex from a dead owner and makes it unrecoverable. */
static void give_up(void *error)
{
	pid_t pid[WAITERS];
	int i;

	EXPECT(pthread_mutex_lock(m), EOWNERDEAD);
	for (i = 0; i < WAITERS; i++) {
		pid[i] = spawn(wait_in_vain, NULL);
		wait_until_asleep(pid[i]);
	}
	filter_futex(FUTEX_CMD_MASK, FUTEX_WAKE_OP,
		     SECCOMP_RET_ERRNO | (unsigned)(size_t)error);
	EXPECT(pthread_mutex_unlock(m), 0);
	for (i = 0; i < WAITERS; i++)
		reap_in_time(pid[i]);
	EXPECT(pthread_mutex_lock(m), ENOTRECOVERABLE);
}

static void test(const struct variety *v)
{
	static const int errors[] = { 0, ENOSYS, EPERM, EINVAL, EFAULT };
	size_t i;
	int status;

	if (v->pshared != PTHREAD_PROCESS_SHARED)
		return;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		snprintf(doing, sizeof(doing), "%s: FUTEX_WAKE_OP answered with \"%s\"",
			 v->name, strerror(errors[i]));
		init(m, v);
		reap(spawn(lock_in_process, m));
		status = status_in_time(spawn(give_up, (void *)(size_t)errors[i]));
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
			skip("seccomp filters are not possible here");
		CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
		EXPECT(pthread_mutex_destroy(m), 0);
	}
}

int main(void)
{
	need_robust_lists();
	m = shared(sizeof(*m));
	for_each_variety(test);
	return 0;
}
