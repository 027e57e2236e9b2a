// SPDX-License-Identifier: MIT
/*
 * Find what the seccomp filters of a process would answer to a system call: read
 * them by ptrace(2), which stops the process for a moment, and run them here.
 */
#include "robust-check.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

/* The filter's answer; an invalid filter counts as one that kills. */
static uint32_t run_filter(const struct sock_filter *f, unsigned len,
			   const struct seccomp_data *sd)
{
	uint32_t a = 0, x = 0, mem[BPF_MEMWORDS] = { 0 }, operand;
	unsigned pc;

	for (pc = 0; pc < len; pc++) {
		const struct sock_filter *i = &f[pc];
		uint32_t k = i->k;

		operand = BPF_SRC(i->code) == BPF_X ? x : k;
		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
		case BPF_LDX:
			switch (BPF_MODE(i->code)) {
			case BPF_IMM: operand = k; break;
			case BPF_LEN: operand = sizeof(*sd); break;
			case BPF_MEM:
				if (k >= BPF_MEMWORDS)
					return SECCOMP_RET_KILL_PROCESS;
				operand = mem[k];
				break;
			case BPF_ABS:
				if (k > sizeof(*sd) - 4)
					return SECCOMP_RET_KILL_PROCESS;
				memcpy(&operand, (const char *)sd + k, 4);
				break;
			default:
				return SECCOMP_RET_KILL_PROCESS;
			}
			if (BPF_CLASS(i->code) == BPF_LD)
				a = operand;
			else
				x = operand;
			break;
		case BPF_ST:
		case BPF_STX:
			if (k >= BPF_MEMWORDS)
				return SECCOMP_RET_KILL_PROCESS;
			mem[k] = BPF_CLASS(i->code) == BPF_ST ? a : x;
			break;
		case BPF_ALU:
			switch (BPF_OP(i->code)) {
			case BPF_ADD: a += operand; break;
			case BPF_SUB: a -= operand; break;
			case BPF_MUL: a *= operand; break;
			case BPF_DIV:
				if (!operand)
					return SECCOMP_RET_KILL_PROCESS;
				a /= operand;
				break;
			case BPF_OR: a |= operand; break;
			case BPF_AND: a &= operand; break;
			case BPF_XOR: a ^= operand; break;
			case BPF_LSH: a = operand < 32 ? a << operand : 0; break;
			case BPF_RSH: a = operand < 32 ? a >> operand : 0; break;
			case BPF_NEG: a = -a; break;
			default: return SECCOMP_RET_KILL_PROCESS;
			}
			break;
		case BPF_JMP:
			switch (BPF_OP(i->code)) {
			case BPF_JA: pc += k; break;
			case BPF_JEQ: pc += a == operand ? i->jt : i->jf; break;
			case BPF_JGT: pc += a > operand ? i->jt : i->jf; break;
			case BPF_JGE: pc += a >= operand ? i->jt : i->jf; break;
			case BPF_JSET: pc += a & operand ? i->jt : i->jf; break;
			default: return SECCOMP_RET_KILL_PROCESS;
			}
			break;
		case BPF_RET:
			return BPF_RVAL(i->code) == BPF_A ? a : k;
		case BPF_MISC:
			if (BPF_MISCOP(i->code) == BPF_TAX)
				x = a;
			else
				a = x;
			break;
		}
	}
	return SECCOMP_RET_KILL_PROCESS;
}

/* Of two answers the kernel takes the lower action, as a signed number. */
static uint32_t stricter(uint32_t a, uint32_t b)
{
	return (int32_t)(a & SECCOMP_RET_ACTION_FULL) <=
	       (int32_t)(b & SECCOMP_RET_ACTION_FULL) ? a : b;
}

/*
 * Set ANSWER[i] to the strictest answer of all filters of the thread PID to the call
 * SD[i], of N calls. Returns the number of filters, or -1 with errno if they cannot be
 * read.
 */
static int replay_filters(pid_t pid, const struct seccomp_data *sd, int n,
			  uint32_t *answer)
{
	struct timespec pause = { 0, 1000000 };
	int i, len, status = 0, number, err, waited = 0;
	struct sock_filter *f;

	for (i = 0; i < n; i++)
		answer[i] = SECCOMP_RET_ALLOW;
	if (ptrace(PTRACE_SEIZE, pid, 0, 0))
		return -1;
	if (ptrace(PTRACE_INTERRUPT, pid, 0, 0))
		return -1;
	/* A thread in a long uninterruptible sleep cannot be stopped. The kernel
	 * detaches it when this program ends. */
	while (waitpid(pid, &status, __WALL | WNOHANG) != pid) {
		if (++waited > 2000) {
			errno = ETIMEDOUT;
			return -1;
		}
		nanosleep(&pause, NULL);
	}
	if (!WIFSTOPPED(status)) {
		errno = ESRCH;
		return -1;
	}
	for (number = 0; ; number++) {
		len = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, number, NULL);
		if (len < 0)
			break;
		f = calloc(len ? len : 1, sizeof(*f));
		if (!f)
			abort();
		if (ptrace(PTRACE_SECCOMP_GET_FILTER, pid, number, f) != len) {
			free(f);
			break;
		}
		for (i = 0; i < n; i++)
			answer[i] = stricter(answer[i], run_filter(f, len, &sd[i]));
		free(f);
	}
	err = errno;
	/* Pass on a signal that it was about to get. */
	ptrace(PTRACE_DETACH, pid, 0,
	       status >> 16 ? 0L : (long)WSTOPSIG(status));
	errno = err;
	return err == ENOENT ? number : -1;
}

void ask_filter(struct target *t, const struct elf *e)
{
	static const int ops[] = {
		FUTEX_WAKE, FUTEX_UNLOCK_PI, FUTEX_WAKE | FUTEX_PRIVATE_FLAG,
		FUTEX_UNLOCK_PI | FUTEX_PRIVATE_FLAG,
	};
	struct seccomp_data sd[5] = { 0 };
	uint32_t answer[5];
	size_t i;

	for (i = 0; i < 4; i++) {
		sd[i].nr = futex_number(e);
		sd[i].arch = audit_arch(e);
		/* Any address will do for the others: no filter knows them. */
		sd[i].args[0] = 0x1000;
		sd[i].args[1] = ops[i] | FUTEX_ROBUST_UNLOCK |
				(e->is64 ? 0 : FUTEX_ROBUST_LIST32);
		sd[i].args[2] = 1;
		sd[i].args[4] = 0x2000;
	}
	sd[4] = sd[0];
	sd[4].nr = SYS_set_robust_list;
	sd[4].args[1] = sizeof(struct robust_list_head);
	if (replay_filters(t->pid, sd, 5, answer) < 0) {
		fprintf(stderr, "robust-check: the filter of process %d: %s%s\n",
			(int)t->pid, strerror(errno), errno == EPERM || errno == EACCES ?
			" (only root may read it, and only from outside of a filter)" : "");
		t->states |= 1 << FILTER_UNKNOWN;
		return;
	}
	/* An existing list may have been registered before the filter. */
	if (!t->list && (answer[4] & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO) {
		t->states |= 1 << NO_LIST;
		t->list_error = answer[4] & SECCOMP_RET_DATA;
	}
	for (i = 1; i < 4; i++)
		answer[0] = stricter(answer[0], answer[i]);
	switch (answer[0] & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
		break;
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_USER_NOTIF:
		t->states |= 1 << FILTER_UNKNOWN;	/* another process decides */
		break;
	default:
		t->states |= 1 << FILTER;
	}
}
