/* SPDX-License-Identifier: MIT */
/*
 * A thread that is stopped at an instruction boundary of its own program, seen
 * from the parent of its process. x86-64 and i386 only; the others are told so
 * by single_step_or_skip().
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
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define TID_MASK	0x3fffffffU	/* FUTEX_TID_MASK, uapi/linux/futex.h */
#define WAITERS		0x80000000U	/* FUTEX_WAITERS */
#define OWNER_DIED	0x40000000U	/* FUTEX_OWNER_DIED */

#if defined(__x86_64__) && defined(__LP64__)
#define REG(r, name)	((r).r##name)
#define ORIG_REG(r, name) ((r).orig_r##name)
#define REG_ARG1(r)	((r).rdi)
#elif defined(__i386__)
#define REG(r, name)	((r).e##name)
#define ORIG_REG(r, name) ((r).orig_e##name)
#define REG_ARG1(r)	((r).ebx)
#endif

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
#ifndef REG
	printf("1..0 # SKIP single-stepping is not ported to this machine\n");
	exit(77);
#endif
}

/* In the thread: stop for the parent, which steps from here. False if it is
 * not permitted. */
static inline int stop_to_be_stepped(void)
{
	if (ptrace(PTRACE_TRACEME, 0, 0, 0))
		return 0;
#ifdef REG
	__asm__ volatile ("int3" ::: "memory");
#endif
	return 1;
}

/* In the parent: where the stopped thread is, and if it is at the entry of a
 * function, where that returns to. */
static inline unsigned long thread_pc(pid_t tid, unsigned long *ret_addr)
{
#ifdef REG
	struct user_regs_struct r;

	if (ptrace(PTRACE_GETREGS, tid, 0, &r))
		die("cannot read the registers of %d", (int)tid);
	if (ret_addr)
		*ret_addr = ptrace(PTRACE_PEEKDATA, tid, (void *)REG(r, sp), 0);
	return REG(r, ip);
#else
	(void)tid;
	(void)ret_addr;
	return 0;
#endif
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
