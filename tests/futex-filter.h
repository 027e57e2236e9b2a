/* SPDX-License-Identifier: MIT */
/* A seccomp filter for futex(2) calls, such as those with FUTEX_ROBUST_UNLOCK. */
#ifndef FUTEX_FILTER_H
#define FUTEX_FILTER_H

#include "harness.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define FUTEX_WAKE		1
#define FUTEX_ROBUST_UNLOCK	512	/* uapi/linux/futex.h of Linux 7.2 */
#define FUTEX_ROBUST_LIST32	1024

/* What a libc asks for: the size of the slot is that of a pointer. */
#define ROBUST_UNLOCK_FLAGS (sizeof(void *) == 4 ? \
	FUTEX_ROBUST_UNLOCK | FUTEX_ROBUST_LIST32 : FUTEX_ROBUST_UNLOCK)

/* From now on each call of this number, whose argument ARG has the value under the
 * mask in its low half, is answered with the SECCOMP_RET_ action. Ends the test as
 * skipped where filters are not possible. */
static UNUSED void filter_call(int number, int arg, unsigned mask, unsigned value,
			       unsigned action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[0]) + 8 * arg),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		skip("seccomp filters are not possible here");
}

/* The same for futex(2) calls and their op. */
static UNUSED void filter_futex(unsigned mask, unsigned value, unsigned action)
{
	filter_call(SYS_futex, 1, mask, value, action);
}

static UNUSED void filter_robust_unlock(unsigned action)
{
	filter_futex(FUTEX_ROBUST_UNLOCK, FUTEX_ROBUST_UNLOCK, action);
}

#endif
