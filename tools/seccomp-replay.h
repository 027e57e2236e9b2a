/* SPDX-License-Identifier: MIT */
/*
 * What the seccomp filters of a process say to a system call that it has not
 * made: they are read by ptrace(2), for which it stops for a moment, and run
 * here.
 */
#ifndef SECCOMP_REPLAY_H
#define SECCOMP_REPLAY_H

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

/* The filter's answer; the call is taken for killed if it is none. */
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
 * ANSWER[i]: the strictest one of all filters of the thread PID to the call SD[i], of
 * N calls. Returns the number of filters, or -1 with errno if they cannot be read.
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
	/* One that sleeps in the kernel for long cannot be stopped. It is let
	 * go when this program ends. */
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
	/* A signal it was about to get is not lost. */
	ptrace(PTRACE_DETACH, pid, 0,
	       status >> 16 ? 0L : (long)WSTOPSIG(status));
	errno = err;
	return err == ENOENT ? number : -1;
}

#endif
