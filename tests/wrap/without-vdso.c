// SPDX-License-Identifier: MIT
/*
 * without-vdso PROGRAM [ARGS...]: run PROGRAM without AT_SYSINFO_EHDR in its
 * auxiliary vector, so its libc finds no vDSO. Programs that PROGRAM starts find it
 * again. Exit status: PROGRAM's; 77 if ptrace is not possible.
 */
#include "harness.h"
#include "auxv.h"

int main(int argc, char **argv)
{
	unsigned long entry;
	int status, found;
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
		entry = auxv_entry(pid, AT_SYSINFO_EHDR, &found);
		CHECK(entry && found);
		CHECK(!ptrace(PTRACE_POKEDATA, pid, (void *)entry, (void *)AT_IGNORE));
		CHECK(!ptrace(PTRACE_DETACH, pid, 0, 0));
		CHECK(waitpid(pid, &status, 0) == pid);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
