// SPDX-License-Identifier: MIT
#include "futex-filter.h"
#include <stddef.h>

void filter_call(int number, int arg, unsigned mask, unsigned value,
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

void filter_futex(unsigned mask, unsigned value, unsigned action)
{
	filter_call(SYS_futex, 1, mask, value, action);
}

void filter_robust_unlock(unsigned action)
{
	filter_futex(FUTEX_ROBUST_UNLOCK, FUTEX_ROBUST_UNLOCK, action);
}
