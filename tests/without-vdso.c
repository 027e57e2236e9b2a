// SPDX-License-Identifier: MIT
/*
 * without-vdso PROGRAM [ARGS...]: run PROGRAM without AT_SYSINFO_EHDR in its
 * auxiliary vector, so that its libc finds no vDSO. Programs that PROGRAM
 * starts have it again. Exit status: PROGRAM's; 77 if ptrace is not possible.
 */
#include "harness.h"
#include <elf.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#if defined(__x86_64__) && defined(__LP64__)
#define STACK_POINTER rsp
#elif defined(__i386__)
#define STACK_POINTER esp
#endif

#ifdef STACK_POINTER
#define WORD sizeof(long)

static long peek(pid_t pid, unsigned long at)
{
	long v;

	errno = 0;
	v = ptrace(PTRACE_PEEKDATA, pid, (void *)at, 0);
	CHECK(!errno);
	return v;
}

int main(int argc, char **argv)
{
	struct user_regs_struct r;
	unsigned long p;
	int status;
	pid_t pid;

	if (argc < 2) {
		fprintf(stderr, "usage: without-vdso PROGRAM [ARGS...]\n");
		return 2;
	}
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0))
			skip("ptrace is not permitted here");
		execv(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	if (WIFSTOPPED(status)) {
		/* At the start of PROGRAM: argc, argv, 0, environ, 0, auxv. */
		CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &r));
		p = r.STACK_POINTER + WORD * (peek(pid, r.STACK_POINTER) + 2);
		while (peek(pid, p))
			p += WORD;
		for (p += WORD; peek(pid, p) != AT_SYSINFO_EHDR; p += 2 * WORD)
			CHECK(peek(pid, p) != AT_NULL);
		CHECK(!ptrace(PTRACE_POKEDATA, pid, (void *)p, (void *)AT_IGNORE));
		CHECK(!ptrace(PTRACE_DETACH, pid, 0, 0));
		CHECK(waitpid(pid, &status, 0) == pid);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#else

int main(void)
{
	skip("not written for this machine");
}

#endif
