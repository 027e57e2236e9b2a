// SPDX-License-Identifier: MIT
/*
 * with-refused-op ERROR PROGRAM [ARGS...]: run PROGRAM with each futex(2) that
 * has FUTEX_ROBUST_UNLOCK refused by a seccomp filter, as a sandbox made
 * before Linux 7.2 does. ERROR: ENOSYS, EPERM, EINVAL, EFAULT, or 0 for a
 * filter (or an emulator) that reports success and does nothing.
 *
 * A libc that ignores the refusal leaves the mutex locked for good: then
 * PROGRAM fails. Exit status: PROGRAM's; 77 if filters are not possible here.
 */
#include "harness.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define FUTEX_ROBUST_UNLOCK 512

int main(int argc, char **argv)
{
	static const struct { const char *name; int value; } errors[] = {
		{ "ENOSYS", ENOSYS }, { "EPERM", EPERM }, { "EINVAL", EINVAL },
		{ "EFAULT", EFAULT }, { "0", 0 },
	};
	size_t i;
	unsigned word = 0;
	void *slot = &word;
	long r;

	for (i = 0; argc > 2 && i < sizeof(errors) / sizeof(errors[0]); i++)
		if (!strcmp(argv[1], errors[i].name))
			break;
	if (argc < 3 || i == sizeof(errors) / sizeof(errors[0])) {
		fprintf(stderr, "usage: with-refused-op "
			"ENOSYS|EPERM|EINVAL|EFAULT|0 PROGRAM [ARGS...]\n");
		return 2;
	}

	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 0, 3),
		/* The op is an int: the low half of the second argument. */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, FUTEX_ROBUST_UNLOCK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K,
			 SECCOMP_RET_ERRNO | errors[i].value),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {
		sizeof(code) / sizeof(code[0]), code
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		skip("seccomp filters are not possible here");
	/* The filter must bite: op 1 is FUTEX_WAKE. */
	errno = 0;
	r = syscall(SYS_futex, &word, 1 | FUTEX_ROBUST_UNLOCK, 1, NULL, &slot, 0);
	CHECK(errors[i].value ? r == -1 && errno == errors[i].value : r == 0);
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
