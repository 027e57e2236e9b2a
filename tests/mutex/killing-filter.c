// SPDX-License-Identifier: MIT
/*
 * A seccomp filter that kills for a futex flag it does not know, as Chromium's does,
 * does not kill a thread that locks and unlocks a mutex for which nobody waits.
 *
 * Fails if a libc tries FUTEX_ROBUST_UNLOCK to find out whether the kernel knows it.
 * That is what musl does on other architectures than x86 if the vDSO lacks the
 * function, so there the test is skipped.
 */
#include "futex-filter.h"
#include "../../tools/vdso-symbol.h"

static pthread_mutex_t *m;

static void lock_and_unlock(void *arg)
{
	(void)arg;
	filter_robust_unlock(SECCOMP_RET_KILL_PROCESS);
	EXPECT(pthread_mutex_lock(m), 0);
	EXPECT(pthread_mutex_unlock(m), 0);
}

static void test(const struct variety *v)
{
	int status;

	init(m, v);
	snprintf(doing, sizeof(doing), "%s, %srobust", v->name, robustness ? "" : "not ");
	status = status_in_time(spawn(lock_and_unlock, NULL));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip("seccomp filters are not possible here");
	CHECK(!status);
	EXPECT(pthread_mutex_destroy(m), 0);
}

int main(void)
{
#if !defined(__GLIBC__) && !defined(__x86_64__) && !defined(__i386__)
	if (!vdso_symbol(TRY_UNLOCK_SYMBOL))
		skip("musl tries the flag on this architecture");
#endif
	m = shared(sizeof(*m));
	for_each_variety(test);
	robustness = PTHREAD_MUTEX_STALLED;
	for_each_variety(test);
	return 0;
}
