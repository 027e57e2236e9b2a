// SPDX-License-Identifier: MIT
/*
 * without-vdso PROGRAM [ARGS...]: run PROGRAM without AT_SYSINFO_EHDR in its
 * auxiliary vector, so that its libc finds no vDSO. Programs that PROGRAM
 * starts have it again. Exit status: PROGRAM's; 77 if ptrace is not possible.
 */
#include "harness.h"
#include "registers.h"

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
	struct registers r;
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
		CHECK(!get_registers(pid, &r));
		p = r.r[R_SP];
		p += sizeof(long) * (peek(pid, p) + 2);
		while (peek(pid, p))
			p += sizeof(long);
		for (p += sizeof(long); peek(pid, p) != AT_SYSINFO_EHDR; p += 2 * sizeof(long))
			CHECK(peek(pid, p) != AT_NULL);
		CHECK(!ptrace(PTRACE_POKEDATA, pid, (void *)p, (void *)AT_IGNORE));
		CHECK(!ptrace(PTRACE_DETACH, pid, 0, 0));
		CHECK(waitpid(pid, &status, 0) == pid);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
