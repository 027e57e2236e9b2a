// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif
#include <stdarg.h>
#include <stddef.h>
#include <sys/user.h>

#include "single-step.h"

const char *stepping_through = "";

/* For programs that step through nothing. */
__attribute__((weak)) void cleanup(void) { }

void die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "\n%s: %s: ", program_invocation_short_name, stepping_through);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (last error: %s)\n", strerror(err));
	cleanup();
	exit(99);
}

void single_step_or_skip(int with_threads)
{
	if (with_threads && !CAN_SINGLE_STEP) {
		printf("1..0 # SKIP the kernel has no PTRACE_SINGLESTEP on this machine\n");
		exit(77);
	}
}

int stop_to_be_stepped(void)
{
	if (ptrace(PTRACE_TRACEME, 0, 0, 0))
		return 0;
	trap_myself();
	return 1;
}

struct registers thread_registers(pid_t tid)
{
	struct registers r;

	if (get_registers(tid, &r))
		die("cannot read the registers of %d", (int)tid);
	return r;
}

unsigned long thread_pc(pid_t tid, unsigned long *ret_addr)
{
	struct registers r = thread_registers(tid);

	if (ret_addr)
		*ret_addr = return_address(tid, &r);
	return r.r[R_PC];
}

/* The current step. */
static struct {
	unsigned long at[9], saved[9];
	int breakpoints;	/* 0: the kernel single-steps */
	unsigned long first;	/* the load of an LL/SC sequence, or 0 */
	unsigned long last;	/* its store */
	int patience;		/* after a store that failed: steps to go back */
} stepping;

static void break_at(unsigned long pc)
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
#include "decode-aarch64.h"
#elif defined(__riscv)
#include "decode-riscv64.h"
#else
/* No LL/SC, and the kernel single-steps. */
#define BREAKPOINT	0UL
#define BREAKPOINT_MASK	0UL
static int is_load_exclusive(unsigned long pc) { (void)pc; return 0; }
static int is_store_exclusive(unsigned long pc) { (void)pc; return 1; }
static int status_register(uint32_t insn) { return insn & 0; }
static int insn_length(unsigned long pc) { (void)pc; return 0; }
static int always_branches(unsigned long pc) { (void)pc; return 0; }
static int goes_elsewhere(unsigned long pc) { (void)pc; return 1; }
static unsigned long branch_target(unsigned long pc, const struct registers *r)
{
	(void)r;
	return pc & 0;
}
#endif

/* Whether the code at @pc, after the load-exclusive, reaches its store within so
 * many instructions. Sets breakpoints after the store, and wherever a branch before
 * it leads away. */
static int comes_to_store(unsigned long pc, int within, const struct registers *r)
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
	/* A branch back to the load does not leave; a breakpoint there would hit at
	 * once. */
	if (by_branch && next && !by_next && next != stepping.first)
		break_at(next);
	if (by_next && to && !by_branch && to != stepping.first)
		break_at(to);
	return by_next || by_branch;
}

/* Finds the breakpoints that the next step needs, if any. */
static void plan_step(pid_t tid)
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

static int store_failed(const struct registers *r)
{
	return r->r[R_PC] == stepping.last + 4 &&
	       r->r[status_register(*(uint32_t *)stepping.last)] & 0xffffffff;
}

/* Writes an instruction to the stopped thread's code. Returns the old one. */
static unsigned long poke_code(pid_t tid, unsigned long at, unsigned long insn)
{
	unsigned long old;

	errno = 0;
	old = ptrace(PTRACE_PEEKTEXT, tid, (void *)at, 0);
	if (errno || ptrace(PTRACE_POKETEXT, tid, (void *)at,
			    (void *)((old & ~BREAKPOINT_MASK) | insn)))
		die("cannot write to the code at %#lx", at);
	return old & BREAKPOINT_MASK;
}

void begin_step(pid_t tid)
{
	int i;

	plan_step(tid);
	for (i = 0; i < stepping.breakpoints; i++)
		stepping.saved[i] = poke_code(tid, stepping.at[i], BREAKPOINT);
	if (ptrace(stepping.breakpoints ? PTRACE_CONT : PTRACE_SINGLESTEP, tid, 0, 0))
		die("cannot step %d", (int)tid);
}

int step_is_done(pid_t tid)
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

#if defined(__x86_64__) || defined(__i386__)
static __attribute__((noinline)) void breakpoint_here(void)
{
	__asm__ volatile ("");
}

/* Does a breakpoint of the CPU stop a process? Not each hypervisor has them. */
static int breakpoint_hits(size_t address, size_t control)
{
	int status, hits = 0;
	pid_t pid = fork();

	if (!pid) {
		if (!ptrace(PTRACE_TRACEME, 0, NULL, NULL) && !raise(SIGSTOP))
			breakpoint_here();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 0;
	if (!ptrace(PTRACE_POKEUSER, pid, (void *)address, (void *)breakpoint_here) &&
	    !ptrace(PTRACE_POKEUSER, pid, (void *)control, 1) &&
	    !ptrace(PTRACE_CONT, pid, NULL, NULL) && waitpid(pid, &status, 0) == pid)
		hits = WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
	if (!WIFEXITED(status)) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return hits;
}
#endif

int set_breakpoints(pid_t tid, unsigned long a, unsigned long b)
{
#if defined(__x86_64__) || defined(__i386__)
	/* Intel SDM 3, 18.2.4: L0 and L1; type and length 0 are for execution. */
	unsigned long on = (a ? 1 : 0) | (b ? 4 : 0);
	size_t at = offsetof(struct user, u_debugreg);
	size_t one = sizeof(((struct user *)NULL)->u_debugreg[0]);
	static int possible = -1;

	if (possible < 0) {
		/* The hypervisor's name, as QEMU's emulator reports it
		 * (target/i386). */
		unsigned eax, name[4] = { 0, 0, 0, 0 };

		__cpuid(0x40000000, eax, name[0], name[1], name[2]);
		possible = (sysconf(_SC_NPROCESSORS_ONLN) == 1 ||
			    strcmp((char *)name, "TCGTCGTCGTCG")) &&
			   breakpoint_hits(at, at + 7 * one);
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

size_t read_proc(pid_t pid, pid_t tid, const char *name, char *buf,
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

char thread_state(pid_t pid, pid_t tid)
{
	char buf[512], *p;

	if (!read_proc(pid, tid, "stat", buf, sizeof(buf)))
		return 0;
	p = strrchr(buf, ')');
	return p && p[1] == ' ' ? p[2] : 0;
}

int lock_word_offset(const void *mutex, size_t size, pid_t tid)
{
	const unsigned *w = mutex;
	size_t i;

	for (i = 0; i < size / sizeof(*w); i++)
		if ((w[i] & FUTEX_TID_MASK) == (unsigned)tid)
			return i;
	return -1;
}
