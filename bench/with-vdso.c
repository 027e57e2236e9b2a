// SPDX-License-Identifier: MIT
/*
 * Usage: with-vdso [--count|--count-all] IMAGE PROGRAM [ARGS...]
 *
 * FOR MEASURING ONLY. If the kernel's vDSO lacks the function that releases a
 * robust mutex, run PROGRAM with the vDSO in IMAGE (bench/stand-in-vdso.S) in its
 * place. If it has the function, IMAGE is not used. The program does not trace
 * programs that PROGRAM starts, and those that PROGRAM executes have the kernel's
 * vDSO.
 *
 * --count      PROGRAM executes breakpoint instructions (int3). Single-step its
 *              first thread from the first of them, and count what it executes
 *              between each two. Prints one line for each on the standard
 *              error: "count: N instructions, N syscalls, N calls of the vDSO
 *              function"
 * --count-all  the same from its first instruction to exit_group
 *              The repetitions of an instruction (rep movs) count as one.
 *
 * Exit status: PROGRAM's, or 128 plus its signal; 125 if this program failed (it
 * prints why); 126 if PROGRAM cannot be executed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tests/lib/auxv.h"
#include "../tools/vdso-symbol.h"

static pid_t child;
static unsigned long try_unlock;	/* the child's vDSO function */

__attribute__((format(printf, 1, 2), noreturn))
static void die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fprintf(stderr, "with-vdso: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, err ? ": %s\n" : "\n", strerror(err));
	if (child > 0)
		kill(child, SIGKILL);
	exit(125);
}

/* Wait for the child to stop or end. If it stopped, returns the signal. If it ended
 * as @expected, exits with its status. */
static int stopped(int expected)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		die("lost the program");
	if (WIFSTOPPED(status))
		return WSTOPSIG(status);
	child = 0;
	errno = 0;
	if (!expected)
		die("the program ended (status %#x) too early", status);
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static unsigned long peek(unsigned long at)
{
	unsigned long v;

	errno = 0;
	v = ptrace(PTRACE_PEEKDATA, child, (void *)at, 0);
	if (errno)
		die("cannot read the program's memory at %#lx", at);
	return v;
}

static void poke(unsigned long at, unsigned long v)
{
	if (ptrace(PTRACE_POKEDATA, child, (void *)at, (void *)v))
		die("cannot write to the program's memory at %#lx", at);
}

static struct registers registers(void)
{
	struct registers r;

	if (get_registers(child, &r))
		die("cannot read the registers");
	return r;
}

/* Make the stopped child map memory that it can execute. */
static unsigned long child_mmap(size_t size)
{
	/* rdi, rsi, rdx, r10, r8, r9 as in NT_PRSTATUS */
	static const int arg[] = { 14, 13, 12, 7, 9, 8 };
	struct registers saved = registers(), r = saved;
	unsigned long pc = saved.r[R_PC], insn = peek(pc), at;

	r.r[R_ORIG_NR] = -1;
	r.r[R_NR] = SYS_mmap;
	r.r[arg[0]] = 0;
	r.r[arg[1]] = size;
	r.r[arg[2]] = PROT_READ | PROT_EXEC;
	r.r[arg[3]] = MAP_PRIVATE | MAP_ANONYMOUS;
	r.r[arg[4]] = -1;
	r.r[arg[5]] = 0;
	poke(pc, (insn & ~0xffffUL) | 0x050f);	/* syscall */
	if (set_registers(child, &r) || ptrace(PTRACE_SINGLESTEP, child, 0, 0))
		die("cannot make the program map memory");
	if (stopped(0) != SIGTRAP)
		die("the program was stopped by a signal");
	at = registers().r[R_RESULT];
	if (at > -4096UL) {
		errno = -(long)at;
		die("mmap in the program");
	}
	poke(pc, insn);
	if (set_registers(child, &saved))
		die("cannot set the registers");
	return at;
}

/* Point AT_SYSINFO_EHDR to @at. If there is none, everything below the auxiliary
 * vector moves down by one entry. */
static void set_vdso(unsigned long at)
{
	unsigned long entry, p;
	struct registers r;
	int found;

	entry = auxv_entry(child, AT_SYSINFO_EHDR, &found);
	if (!entry)
		die("cannot read the auxiliary vector");
	if (!found) {
		r = registers();
		r.r[R_SP] -= 2 * sizeof(long);
		if (set_registers(child, &r))
			die("cannot set the registers");
		for (p = r.r[R_SP]; p < entry; p += sizeof(long))
			poke(p, peek(p + 2 * sizeof(long)));
		/* The old AT_NULL has moved too; the new one is last again. */
		entry -= 2 * sizeof(long);
		poke(entry + 2 * sizeof(long), AT_NULL);
		poke(entry, AT_SYSINFO_EHDR);
	}
	poke(entry + sizeof(long), at);
}

static void map_image(const char *name)
{
	char mem[32], *image;
	unsigned long at;
	struct stat st;
	void *f;
	size_t size;
	int fd;

	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		die("%s", name);
	size = st.st_size;
	image = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (image == MAP_FAILED)
		die("%s", name);
	errno = 0;
	if (size < sizeof(ElfW(Ehdr)) || memcmp(image, ELFMAG, SELFMAG))
		die("%s is not an ELF file", name);
	f = symbol_in_vdso((void *)image, TRY_UNLOCK_SYMBOL);
	if (!f)
		die("%s does not have %s", name, TRY_UNLOCK_SYMBOL);
	close(fd);

	at = child_mmap(size);
	try_unlock = at + ((char *)f - image);
	/* This bypasses the protection, which is for the program. */
	snprintf(mem, sizeof(mem), "/proc/%d/mem", (int)child);
	fd = open(mem, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || pwrite(fd, image, size, at) != (ssize_t)size)
		die("cannot copy %s into the program", name);
	close(fd);
	munmap(image, size);
	set_vdso(at);
}

/* Continue to the next stop that is for us; other signals are for the program. */
static void go_on(enum __ptrace_request how)
{
	int sig = 0;

	do {
		if (ptrace(how, child, 0, sig))
			die("cannot continue the program");
		sig = stopped(1);
	} while (sig != SIGTRAP);
}

static void count(int all)
{
	unsigned long last = 0, instructions = 0, syscalls = 0, calls = 0;
	int is_syscall, end;

	if (!all)
		go_on(PTRACE_CONT);
	for (;; go_on(PTRACE_SINGLESTEP)) {
		struct registers r = registers();
		unsigned long pc = r.r[R_PC], insn = peek(pc);

		end = !all && (insn & 0xff) == 0xcc;
		if (!end) {
			is_syscall = (insn & 0xffff) == 0x050f;
			instructions += pc != last;
			syscalls += is_syscall;
			calls += pc == try_unlock;
			last = pc;
			end = all && is_syscall && r.r[R_NR] == SYS_exit_group;
		}
		if (end) {
			fprintf(stderr, "count: %lu instructions, %lu syscalls, %lu calls of the vDSO function\n",
				instructions, syscalls, calls);
			last = instructions = syscalls = calls = 0;
		}
	}
}

int main(int argc, char **argv)
{
	int counting = 0, all = 0, found;
	void *f;

	if (argc > 1 && argv[1][0] == '-') {
		all = !strcmp(argv[1], "--count-all");
		counting = all || !strcmp(argv[1], "--count");
		argc = counting ? argc - 1 : 0;
		argv++;
	}
	if (argc < 3) {
		fprintf(stderr, "usage: with-vdso [--count|--count-all] IMAGE PROGRAM [ARGS...]\n");
		return 125;
	}
	child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The count depends on the addresses, so they must be the same each
		 * time. */
		if (counting)
			personality(ADDR_NO_RANDOMIZE);
		if (ptrace(PTRACE_TRACEME, 0, 0, 0)) {
			perror("with-vdso: ptrace");
			_exit(125);
		}
		execv(argv[2], argv + 2);
		perror(argv[2]);
		_exit(126);
	}
	stopped(1);
	f = vdso_symbol(TRY_UNLOCK_SYMBOL);
	if (!f)
		map_image(argv[1]);
	else if (auxv_entry(child, AT_SYSINFO_EHDR, &found) && found)
		try_unlock = peek(auxv_entry(child, AT_SYSINFO_EHDR, &found) + sizeof(long)) +
			     (unsigned long)f - getauxval(AT_SYSINFO_EHDR);
	if (counting)
		count(all);
	if (ptrace(PTRACE_DETACH, child, 0, 0))
		die("cannot detach from the program");
	stopped(1);
	die("the program stopped again");
}
