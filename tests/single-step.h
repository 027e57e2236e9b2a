/* SPDX-License-Identifier: MIT */
/*
 * A thread that is stopped at an instruction boundary of its own program, seen
 * from the parent of its process, which has the same code at the same addresses.
 *
 * A loop of a load-exclusive and a store-exclusive instruction (LL/SC) cannot be
 * stepped: each stop takes the exclusive monitor away, so that the store never
 * succeeds. It is one step here, by a breakpoint behind the store and one at each
 * place where a branch between the two leaves for good. The compiler may have
 * put the store before the load. No boundary is lost by that
 * which matters: nothing is stored before the store that succeeds, so to be
 * killed within the sequence is to be killed right before it. A store that
 * failed is tried again within the same step.
 *
 * A kernel without PTRACE_SINGLESTEP (riscv64) is helped out by breakpoints
 * wherever the instruction may lead.
 */
#ifndef SINGLE_STEP_H
#define SINGLE_STEP_H

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "patience.h"
#include "registers.h"

#define TID_MASK	0x3fffffffU	/* FUTEX_TID_MASK, uapi/linux/futex.h */
#define WAITERS		0x80000000U	/* FUTEX_WAITERS */
#define OWNER_DIED	0x40000000U	/* FUTEX_OWNER_DIED */

/* The program's own: ends the processes that it started. */
static void cleanup(void);

/* What is being done, for the message of a harness that failed. */
static const char *doing = "";

/* Says what went wrong with the harness and ends it. */
__attribute__((format(printf, 1, 2), noreturn))
static void die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "\n%s: %s: ", program_invocation_short_name, doing);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (last error: %s)\n", strerror(err));
	cleanup();
	exit(99);
}

/* The kernel does not step everywhere. By breakpoints it is possible only if no
 * other thread of the process (@with_threads) runs the code that is stepped. */
static inline void single_step_or_skip(int with_threads)
{
	if (with_threads && !CAN_SINGLE_STEP) {
		printf("1..0 # SKIP the kernel has no PTRACE_SINGLESTEP on this machine\n");
		exit(77);
	}
}

/* In the thread: stop for the parent, which steps from here. False if it is
 * not permitted. */
static inline int stop_to_be_stepped(void)
{
	if (ptrace(PTRACE_TRACEME, 0, 0, 0))
		return 0;
	trap_myself();
	return 1;
}

static inline struct registers thread_registers(pid_t tid)
{
	struct registers r;

	if (get_registers(tid, &r))
		die("cannot read the registers of %d", (int)tid);
	return r;
}

/* In the parent: where the stopped thread is, and if it is at the entry of a
 * function, where that returns to. */
static inline unsigned long thread_pc(pid_t tid, unsigned long *ret_addr)
{
	struct registers r = thread_registers(tid);

	if (ret_addr)
		*ret_addr = return_address(tid, &r);
	return r.r[R_PC];
}

/* A step that is being made by breakpoints. */
static struct {
	unsigned long at[9], saved[9];
	int breakpoints;	/* 0: the kernel makes it */
	unsigned long first;	/* of an LL/SC sequence: the load, or 0 */
	unsigned long last;	/* and the store */
	int patience;		/* after a store that failed: steps to go back */
} stepping;

static inline void break_at(unsigned long pc)
{
	int i;

	for (i = 0; i < stepping.breakpoints; i++)
		if (stepping.at[i] == pc)
			return;
	if (i == sizeof(stepping.at) / sizeof(stepping.at[0]))
		die("too many branches behind %#lx", stepping.first);
	stepping.at[stepping.breakpoints++] = pc;
}

#if defined(__aarch64__)

#define BREAKPOINT	0xd4200000UL	/* brk #0 */
#define BREAKPOINT_MASK	0xffffffffUL

static inline int is_load_exclusive(unsigned long pc)
{
	uint32_t i = *(uint32_t *)pc;

	return (i & 0x3fe00000) == 0x08400000 || (i & 0xbfe00000) == 0x88600000;
}

static inline int is_store_exclusive(unsigned long pc)
{
	uint32_t i = *(uint32_t *)pc;

	return (i & 0x3fe00000) == 0x08000000 || (i & 0xbfe00000) == 0x88200000;
}

/* The register that says whether the store failed. */
static inline int status_register(uint32_t insn) { return insn >> 16 & 31; }

static inline int insn_length(unsigned long pc) { (void)pc; return 4; }

/* Where the instruction may branch to, or 0. */
static inline unsigned long branch_target(unsigned long pc, const struct registers *r)
{
	uint32_t i = *(uint32_t *)pc;
	int32_t words;

	(void)r;
	if ((i & 0xff000010) == 0x54000000 ||	/* b.cond */
	    (i & 0x7e000000) == 0x34000000)	/* cbz, cbnz */
		words = (int32_t)(i << 8) >> 13;
	else if ((i & 0x7e000000) == 0x36000000)	/* tbz, tbnz */
		words = (int32_t)(i << 13) >> 18;
	else if ((i & 0xfc000000) == 0x14000000)	/* b */
		words = (int32_t)(i << 6) >> 6;
	else
		return 0;
	return pc + 4L * words;
}

static inline int always_branches(unsigned long pc)
{
	return (*(uint32_t *)pc & 0xfc000000) == 0x14000000;	/* b */
}

/* A call, a return, a system call: no loop with a store-exclusive goes on there. */
static inline int goes_elsewhere(unsigned long pc)
{
	uint32_t i = *(uint32_t *)pc;

	return (i & 0xfc000000) == 0x94000000 ||	/* bl */
	       (i & 0xfe000000) == 0xd6000000 ||	/* br, blr, ret */
	       (i & 0xff000000) == 0xd4000000;		/* svc, brk */
}

#elif defined(__riscv)

#define BREAKPOINT	0x9002UL	/* c.ebreak */
#define BREAKPOINT_MASK	0xffffUL

static inline uint32_t insn_at(unsigned long pc)
{
	const uint16_t *p = (uint16_t *)pc;

	return (*p & 3) == 3 ? *p | (uint32_t)p[1] << 16 : *p;
}

static inline int insn_length(unsigned long pc)
{
	return (insn_at(pc) & 3) == 3 ? 4 : 2;
}

static inline int is_load_exclusive(unsigned long pc)
{
	return (insn_at(pc) & 0xf800007f) == 0x1000002f;	/* lr.w, lr.d */
}

static inline int is_store_exclusive(unsigned long pc)
{
	return (insn_at(pc) & 0xf800007f) == 0x1800002f;	/* sc.w, sc.d */
}

static inline int status_register(uint32_t insn) { return insn >> 7 & 31; }

/* The bits of @i from @from on, @n of them, moved to @to. */
static inline int32_t bits(uint32_t i, int from, int n, int to)
{
	return (int32_t)((i >> from & ((1u << n) - 1)) << to);
}

static inline long sign_extended(int32_t v, int width)
{
	return (int32_t)((uint32_t)v << (32 - width)) >> (32 - width);
}

/* NT_PRSTATUS has the program counter where x0 would be. */
static inline unsigned long x_register(const struct registers *r, int n)
{
	return n ? r->r[n] : 0;
}

static inline unsigned long branch_target(unsigned long pc, const struct registers *r)
{
	uint32_t i = insn_at(pc);

	switch (i & 0x7f) {
	case 0x63:	/* beq, bne, blt, ... */
		return pc + sign_extended(bits(i, 31, 1, 12) | bits(i, 7, 1, 11) |
					  bits(i, 25, 6, 5) | bits(i, 8, 4, 1), 13);
	case 0x6f:	/* jal */
		return pc + sign_extended(bits(i, 31, 1, 20) | bits(i, 12, 8, 12) |
					  bits(i, 20, 1, 11) | bits(i, 21, 10, 1), 21);
	case 0x67:	/* jalr */
		return (x_register(r, i >> 15 & 31) +
			sign_extended(bits(i, 20, 12, 0), 12)) & ~1UL;
	}
	switch (i & 0xe003) {
	case 0xa001:	/* c.j */
		return pc + sign_extended(bits(i, 12, 1, 11) | bits(i, 8, 1, 10) |
					  bits(i, 9, 2, 8) | bits(i, 6, 1, 7) |
					  bits(i, 7, 1, 6) | bits(i, 2, 1, 5) |
					  bits(i, 11, 1, 4) | bits(i, 3, 3, 1), 12);
	case 0xc001:	/* c.beqz */
	case 0xe001:	/* c.bnez */
		return pc + sign_extended(bits(i, 12, 1, 8) | bits(i, 5, 2, 6) |
					  bits(i, 2, 1, 5) | bits(i, 10, 2, 3) |
					  bits(i, 3, 2, 1), 9);
	case 0x8002:	/* c.jr, c.jalr, if there is no second register */
		if (!(i & 0x007c) && (i & 0x0f80))
			return x_register(r, i >> 7 & 31) & ~1UL;
	}
	return 0;
}

static inline int always_branches(unsigned long pc)
{
	uint32_t i = insn_at(pc);

	return (i & 0x7f) == 0x6f || (i & 0x7f) == 0x67 || (i & 0xe003) == 0xa001 ||
	       ((i & 0xe003) == 0x8002 && !(i & 0x007c) && (i & 0x0f80));
}

/* A call, a return, a system call: no loop with a store-exclusive goes on there. */
static inline int goes_elsewhere(unsigned long pc)
{
	uint32_t i = insn_at(pc);

	return ((i & 0x7f) == 0x6f && (i & 0xf80)) ||	/* jal with a link */
	       (i & 0x7f) == 0x67 || (i & 0x7f) == 0x73 ||	/* jalr, ecall */
	       ((i & 0xe003) == 0x8002 && !(i & 0x007c));	/* c.jr, c.jalr, c.ebreak */
}

#else

/* No LL/SC, and the kernel steps. */
#define BREAKPOINT	0UL
#define BREAKPOINT_MASK	0UL
static inline int is_load_exclusive(unsigned long pc) { (void)pc; return 0; }
static inline int is_store_exclusive(unsigned long pc) { (void)pc; return 1; }
static inline int status_register(uint32_t insn) { return insn & 0; }
static inline int insn_length(unsigned long pc) { (void)pc; return 0; }
static inline int always_branches(unsigned long pc) { (void)pc; return 0; }
static inline int goes_elsewhere(unsigned long pc) { (void)pc; return 1; }
static inline unsigned long branch_target(unsigned long pc, const struct registers *r)
{
	(void)r;
	return pc & 0;
}

#endif

/* Whether what is at @pc, behind the load-exclusive, comes to its store within so
 * many instructions. Breakpoints go behind the store, and to where a branch on
 * the way there leads away from it. */
static inline int comes_to_store(unsigned long pc, int within, const struct registers *r)
{
	unsigned long next, to;
	int by_next, by_branch;

	if (is_store_exclusive(pc)) {
		if (stepping.last && stepping.last != pc)
			die("two stores belong to the load-exclusive at %#lx", stepping.first);
		stepping.last = pc;
		break_at(pc + 4);
		return 1;
	}
	if (!within || is_load_exclusive(pc) || goes_elsewhere(pc))
		return 0;
	next = always_branches(pc) ? 0 : pc + insn_length(pc);
	to = branch_target(pc, r);
	by_next = next && comes_to_store(next, within - 1, r);
	by_branch = to && comes_to_store(to, within - 1, r);
	/* Back to the load is no way out; a breakpoint there would hit at once. */
	if (by_branch && next && !by_next && next != stepping.first)
		break_at(next);
	if (by_next && to && !by_branch && to != stepping.first)
		break_at(to);
	return by_next || by_branch;
}

/* Which breakpoints the next step needs, if any. */
static inline void plan_step(pid_t tid)
{
	struct registers r;
	unsigned long pc, to;

	stepping.breakpoints = 0;
	if (!BREAKPOINT)
		return;
	r = thread_registers(tid);
	pc = r.r[R_PC];
	if (is_load_exclusive(pc)) {
		stepping.first = pc;
		stepping.last = 0;
		if (!comes_to_store(pc + insn_length(pc), 16, &r))
			die("no store belongs to the load-exclusive at %#lx", pc);
	} else if (!CAN_SINGLE_STEP) {
		to = branch_target(pc, &r);
		if (to)
			break_at(to);
		if (!always_branches(pc))
			break_at(pc + insn_length(pc));
	}
}

static inline int store_failed(const struct registers *r)
{
	return r->r[R_PC] == stepping.last + 4 &&
	       r->r[status_register(*(uint32_t *)stepping.last)] & 0xffffffff;
}

/* Write an instruction to the stopped thread's code. Returns what was there. */
static inline unsigned long poke_code(pid_t tid, unsigned long at, unsigned long insn)
{
	unsigned long old;

	errno = 0;
	old = ptrace(PTRACE_PEEKTEXT, tid, (void *)at, 0);
	if (errno || ptrace(PTRACE_POKETEXT, tid, (void *)at,
			    (void *)((old & ~BREAKPOINT_MASK) | insn)))
		die("cannot write to the code at %#lx", at);
	return old & BREAKPOINT_MASK;
}

/* Begin a step from where the thread is stopped. When it has stopped again,
 * step_is_done() says if that was all of it; if not, begin again. */
static inline void begin_step(pid_t tid)
{
	int i;

	plan_step(tid);
	for (i = 0; i < stepping.breakpoints; i++)
		stepping.saved[i] = poke_code(tid, stepping.at[i], BREAKPOINT);
	if (ptrace(stepping.breakpoints ? PTRACE_CONT : PTRACE_SINGLESTEP, tid, 0, 0))
		die("cannot step %d", (int)tid);
}

static inline int step_is_done(pid_t tid)
{
	struct registers r;

	while (stepping.breakpoints) {
		int i = --stepping.breakpoints;

		poke_code(tid, stepping.at[i], stepping.saved[i]);
	}
	if (!stepping.first)
		return 1;
	r = thread_registers(tid);
	if (stepping.patience) {
		if (r.r[R_PC] == stepping.first) {
			stepping.patience = 0;
			return 0;
		}
		if (--stepping.patience)
			return 0;
	} else if (store_failed(&r)) {
		stepping.patience = 8;
		return 0;
	}
	stepping.first = 0;
	return 1;
}

/* In the parent: have the stopped thread stop when it is about to execute what
 * is at either address, without a step for each instruction before. The debug
 * registers are the thread's own. (0, 0): not any more, without which a step
 * would not get past such an address. Returns false if this is not possible: the
 * kernel patches its own code when the first one is set, of which QEMU's emulator
 * lets a second CPU see a half, and the kernel crashes. */
static inline int set_breakpoints(pid_t tid, unsigned long a, unsigned long b)
{
#if defined(__x86_64__) || defined(__i386__)
	/* Intel SDM 3, 18.2.4: L0 and L1; type and length 0 are for execution. */
	unsigned long on = (a ? 1 : 0) | (b ? 4 : 0);
	size_t at = offsetof(struct user, u_debugreg);
	size_t one = sizeof(((struct user *)NULL)->u_debugreg[0]);
	static int possible = -1;

	if (possible < 0) {
		/* QEMU, target/i386: its emulator's name as a hypervisor. */
		unsigned eax, name[4] = { 0, 0, 0, 0 };

		__cpuid(0x40000000, eax, name[0], name[1], name[2]);
		possible = sysconf(_SC_NPROCESSORS_ONLN) == 1 ||
			   strcmp((char *)name, "TCGTCGTCGTCG");
	}
	if (!possible || ptrace(PTRACE_POKEUSER, tid, (void *)(at + 7 * one), 0))
		return 0;
	return !on || (!ptrace(PTRACE_POKEUSER, tid, (void *)at, a) &&
		       !ptrace(PTRACE_POKEUSER, tid, (void *)(at + one), b) &&
		       !ptrace(PTRACE_POKEUSER, tid, (void *)(at + 7 * one), on));
#else
	(void)tid;
	(void)a;
	(void)b;
	return 0;
#endif
}

/* What /proc/PID/task/TID/NAME says. Returns its length, 0 if there is none. */
static inline size_t read_proc(pid_t pid, pid_t tid, const char *name, char *buf,
			       size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", (int)pid, (int)tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n > 0 ? n : 0] = 0;
	return n > 0 ? n : 0;
}

/* State letter of a thread, 0 if there is no such thread. */
static inline char thread_state(pid_t pid, pid_t tid)
{
	char buf[512], *p;

	if (!read_proc(pid, tid, "stat", buf, sizeof(buf)))
		return 0;
	p = strrchr(buf, ')');
	return p && p[1] == ' ' ? p[2] : 0;
}

/* The lock word is the first int of the mutex that holds the owner's TID.
 * Returns its offset in ints, -1 if there is none. */
static inline int lock_word_offset(const void *mutex, size_t size, pid_t tid)
{
	const unsigned *w = mutex;
	size_t i;

	for (i = 0; i < size / sizeof(*w); i++)
		if ((w[i] & TID_MASK) == (unsigned)tid)
			return i;
	return -1;
}

#endif
