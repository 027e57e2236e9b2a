/* SPDX-License-Identifier: MIT */
/*
 * A thread that is stopped at an instruction boundary of its own program, seen
 * from the parent of its process, which has the same code at the same addresses.
 *
 * A loop of a load-exclusive and a store-exclusive instruction (LL/SC) cannot be
 * stepped: each stop takes the exclusive monitor away, so that the store never
 * succeeds. It is one step here, by a breakpoint behind the store and one at each
 * place to which a branch between the two leads. No boundary is lost by that
 * which matters: nothing is stored before the store that succeeds, so to be
 * killed within the sequence is to be killed right before it. A store that
 * failed is tried again within the same step.
 */
#ifndef SINGLE_STEP_H
#define SINGLE_STEP_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

static inline void single_step_or_skip(void)
{
	if (!CAN_SINGLE_STEP) {
		printf("1..0 # SKIP the kernel cannot single-step on this machine\n");
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

/* The step over an LL/SC sequence that was begun. */
static struct {
	unsigned long first;	/* the load; 0: none was begun */
	unsigned long last;	/* the store */
	unsigned long at[9], saved[9];
	int breakpoints;
	int patience;		/* of a store that failed: steps for going back */
} sequence;

#if defined(__aarch64__)

#define BREAKPOINT	0xd4200000UL	/* brk #0 */

static inline int is_load_exclusive(uint32_t i)
{
	return (i & 0x3fe00000) == 0x08400000 || (i & 0xbfe00000) == 0x88600000;
}

static inline int is_store_exclusive(uint32_t i)
{
	return (i & 0x3fe00000) == 0x08000000 || (i & 0xbfe00000) == 0x88200000;
}

/* Where the instruction may branch to, or 0. */
static inline unsigned long branch_target(unsigned long pc, uint32_t i)
{
	int32_t words;

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

static inline void find_sequence(pid_t tid)
{
	unsigned long pc = thread_pc(tid, NULL), last;

	if (!is_load_exclusive(*(uint32_t *)pc))
		return;
	for (last = pc + 4; !is_store_exclusive(*(uint32_t *)last); last += 4)
		if (last == pc + 64)
			die("no store belongs to the load-exclusive at %#lx", pc);
	sequence.first = pc;
	sequence.last = last;
	sequence.breakpoints = 0;
	sequence.at[sequence.breakpoints++] = last + 4;
	for (; pc < last; pc += 4) {
		unsigned long to = branch_target(pc, *(uint32_t *)pc);
		int i;

		for (i = 0; i < sequence.breakpoints; i++)
			if (sequence.at[i] == to)
				break;
		if (!to || i < sequence.breakpoints ||
		    (to >= sequence.first && to <= last))
			continue;
		if (i == sizeof(sequence.at) / sizeof(sequence.at[0]))
			die("too many branches behind %#lx", sequence.first);
		sequence.at[sequence.breakpoints++] = to;
	}
}

static inline int store_failed(const struct registers *r)
{
	return r->r[R_PC] == sequence.last + 4 &&
	       (uint32_t)r->r[*(uint32_t *)sequence.last >> 16 & 31];
}

#else

#define BREAKPOINT	0
static inline void find_sequence(pid_t tid) { (void)tid; }
static inline int store_failed(const struct registers *r) { (void)r; return 0; }

#endif

/* Write 4 bytes to the stopped thread's code. Returns what was there. */
static inline unsigned long poke_code(pid_t tid, unsigned long at, unsigned long insn)
{
	unsigned long old;

	errno = 0;
	old = ptrace(PTRACE_PEEKTEXT, tid, (void *)at, 0);
	if (errno || ptrace(PTRACE_POKETEXT, tid, (void *)at,
			    (void *)((old & ~0xffffffffUL) | insn)))
		die("cannot write to the code at %#lx", at);
	return old & 0xffffffffUL;
}

/* Begin a step from where the thread is stopped. When it has stopped again,
 * step_is_done() says if that was all of it; if not, begin again. */
static inline void begin_step(pid_t tid)
{
	int i;

	if (!sequence.patience)
		find_sequence(tid);
	if (!sequence.first || sequence.patience) {
		if (ptrace(PTRACE_SINGLESTEP, tid, 0, 0))
			die("cannot step %d", (int)tid);
		return;
	}
	for (i = 0; i < sequence.breakpoints; i++)
		sequence.saved[i] = poke_code(tid, sequence.at[i], BREAKPOINT);
	if (ptrace(PTRACE_CONT, tid, 0, 0))
		die("cannot let %d go on", (int)tid);
}

static inline int step_is_done(pid_t tid)
{
	struct registers r;

	if (!sequence.first)
		return 1;
	r = thread_registers(tid);
	if (sequence.patience) {
		if (r.r[R_PC] == sequence.first) {
			sequence.patience = 0;
			return 0;
		}
		if (--sequence.patience)
			return 0;
	} else {
		while (sequence.breakpoints) {
			int i = --sequence.breakpoints;

			poke_code(tid, sequence.at[i], sequence.saved[i]);
		}
		if (store_failed(&r)) {
			sequence.patience = 8;
			return 0;
		}
	}
	sequence.first = 0;
	return 1;
}

/* In the parent: have the stopped thread stop when it is about to execute what
 * is at either address, without a step for each instruction before. The debug
 * registers are the thread's own. (0, 0): not any more, without which a step
 * would not get past such an address. Returns false if this is not possible. */
static inline int break_at(pid_t tid, unsigned long a, unsigned long b)
{
#if defined(__x86_64__)
	/* Intel SDM 3, 18.2.4: L0 and L1; type and length 0 are for execution. */
	unsigned long on = (a ? 1 : 0) | (b ? 4 : 0);
	size_t at = offsetof(struct user, u_debugreg);
	size_t one = sizeof(((struct user *)NULL)->u_debugreg[0]);

	if (ptrace(PTRACE_POKEUSER, tid, (void *)(at + 7 * one), 0))
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
