// SPDX-License-Identifier: MIT
/*
 * with-refused-op [CALL] ERROR PROGRAM [ARGS...]: run PROGRAM under a seccomp
 * filter that refuses each futex(2) with FUTEX_ROBUST_UNLOCK, like a sandbox made
 * before Linux 7.2. With CALL (set_robust_list, get_robust_list or ptrace), the
 * filter refuses all of these calls instead. ERROR: ENOSYS, EPERM, EINVAL, EFAULT,
 * 0 for a filter (or an emulator) that reports success and does nothing, or "allow"
 * for a filter that examines the call and permits it.
 *
 * If a libc ignores the refusal, the mutex stays locked and PROGRAM fails. Exit
 * status: PROGRAM's; 77 if filters are not possible here.
 */
#include "futex-filter.h"

int main(int argc, char **argv)
{
	static const struct { const char *name; int value; } errors[] = {
		{ "ENOSYS", ENOSYS }, { "EPERM", EPERM }, { "EINVAL", EINVAL },
		{ "EFAULT", EFAULT }, { "0", 0 }, { "allow", 0 },
	};
	size_t i;
	unsigned word = 0;
	void *slot = &word;
	long r;
	int call = argc < 2 ? 0 : !strcmp(argv[1], "set_robust_list") ? SYS_set_robust_list :
		   !strcmp(argv[1], "get_robust_list") ? SYS_get_robust_list :
		   !strcmp(argv[1], "ptrace") ? SYS_ptrace : 0;

	if (call) {
		argc--;
		argv++;
	}
	for (i = 0; argc > 2 && i < sizeof(errors) / sizeof(errors[0]); i++)
		if (!strcmp(argv[1], errors[i].name))
			break;
	if (argc < 3 || i == sizeof(errors) / sizeof(errors[0])) {
		fprintf(stderr, "usage: with-refused-op [set_robust_list|get_robust_list|ptrace] "
			"ENOSYS|EPERM|EINVAL|EFAULT|0|allow PROGRAM [ARGS...]\n");
		return 2;
	}

	if (!strcmp(argv[1], "allow")) {
		filter_robust_unlock(SECCOMP_RET_ALLOW);
		goto run;
	}
	if (call)
		filter_call(call, 0, 0, 0, SECCOMP_RET_ERRNO | errors[i].value);
	else
		filter_robust_unlock(SECCOMP_RET_ERRNO | errors[i].value);
	/* Check that the filter works. */
	errno = 0;
	r = call ? syscall(call, -1, -1, -1) :
		syscall(SYS_futex, &word, FUTEX_WAKE | ROBUST_UNLOCK_FLAGS, 1, NULL, &slot, 0);
	CHECK(errors[i].value ? r == -1 && errno == errors[i].value : r == 0);
run:
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
