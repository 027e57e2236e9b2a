// SPDX-License-Identifier: MIT
/* The states, and which of them a program or a process is in. */
#include "robust-check.h"

#include <elf.h>
#include <limits.h>

#define PRELOAD_GLIBC	34	/* the oldest glibc that the library knows, 2.34 */

const struct state_text states[ADVICES] = {
	[OLD_KERNEL] = { "old-kernel", "boot Linux 7.2 or newer" },
	[NO_VDSO] = { "no-vdso",
		"the contended unlock is safe, the uncontended one is not: boot "
		"without vdso=0 (32-bit programs: vdso32=0), or wait for the vDSO "
		"function on this architecture; with a patched glibc, "
		"GLIBC_TUNABLES=glibc.pthread.robust_unlock=2 closes the race by "
		"a system call" },
	[REFUSED] = { "refused",
		"FUTEX_ROBUST_UNLOCK is refused although the kernel should have "
		"it: look for a seccomp filter (container runtime, systemd "
		"SystemCallFilter=) or an emulator, and let futex operations "
		"with bit 512 pass" },
	[UNPATCHED] = { "unpatched",
		"run it under the patched libc with robust-run (and with --tree what "
		"it starts), or install the patched libc for the whole system (in a "
		"container: in its image)" },
	[UNPATCHED_PRIVILEGED] = { "unpatched",
		"it has privileges of its own (set-user-ID, set-group-ID or "
		"capabilities), which robust-run would take away: install the "
		"patched libc for the whole system, name librobust-unlock.so in "
		"/etc/ld.so.preload (LD_PRELOAD does not count for it), or have root "
		"start it, or what starts it, with robust-run --tree" },
	[STATIC] = { "static",
		"it has its libc inside: link it again with the patched libc: "
		"robust-cc -static" },
	[RESTART] = { "restart",
		"its libc was upgraded on disk to a patched one, but it still "
		"runs on the old one: restart it" },
	[TUNABLE_OFF] = { "tunable-off",
		"a tunable keeps its libc from using the kernel's help: remove "
		"glibc.pthread.robust_unlock=0 from GLIBC_TUNABLES in its "
		"environment and restart it" },
	[FILTER] = { "filter",
		"a seccomp filter of the process refuses FUTEX_ROBUST_UNLOCK: "
		"update the container runtime's profile or systemd's "
		"SystemCallFilter= so that futex operations with bit 512 pass" },
	[FILTER_UNKNOWN] = { "filter-unknown",
		"the process has a seccomp filter, and it is not known whether it permits "
		"FUTEX_ROBUST_UNLOCK: as root, use robust-check --read-filter, "
		"which stops the process for a moment, or run robust-check "
		"inside its container" },
	[PRELOAD] = { "preload",
		"the preloaded library, where it acts, covers pthread_mutex_unlock, but not the "
		"unlock inside pthread_cond_wait: use a patched libc if robust "
		"mutexes are used with conditions" },
	[FOREIGN] = { "foreign",
		"it is for another machine than this kernel's: run the "
		"robust-check of that architecture where it runs" },
	[NO_LIBC] = { "unknown-libc",
		"its libc is neither glibc nor musl: ask its makers whether it "
		"unlocks robust mutexes by FUTEX_ROBUST_UNLOCK" },
	[NO_LIST] = { "no-robust-list",
		"set_robust_list is refused, and libc does not say so: the kernel does "
		"not know which robust mutexes a thread holds, and when it dies, nobody "
		"gets EOWNERDEAD and a thread that waits for one sleeps forever: look for a "
		"seccomp filter (container runtime, systemd SystemCallFilter=) or an "
		"emulator, let set_robust_list pass, and restart the processes that "
		"were started under it" },
};

void judge(const struct kernel *k, struct target *t, const struct elf *e)
{
	int glibc = strcmp(t->libc, "musl") && strcmp(t->libc, "unknown");
	int has_vdso = t->vdso;

	if (!runs_here(k, e->machine))
		t->states |= 1 << FOREIGN;
	else if (has_vdso < 0 && !e->is64)
		has_vdso = compat_vdso(e->machine);
	if (!(t->states & 1 << FOREIGN)) {
		/* For a process, ask_list has already found this out. */
		t->states |= kernel_states(k, has_vdso < 0 ? k->vdso : has_vdso) &
			~(t->pid ? 1u << NO_LIST : 0);
		/* The strict mode asks the kernel at every unlock. */
		if (glibc && t->patched && t->tunable == 2)
			t->states &= ~(1u << NO_VDSO);
	}
	if (t->patched) {
		if (glibc && t->tunable == 0)
			t->states |= 1 << TUNABLE_OFF;
	} else if (t->states & (1 << RESTART | 1 << NO_LIBC)) {
		;
	} else if (!strcmp(t->libc, "static")) {
		t->states |= 1 << STATIC;
	} else if (!strcmp(t->libc, "unknown")) {
		t->states |= 1 << NO_LIBC;
	} else if (t->preload && !strcmp(t->libc, "glibc") && e->machine == EM_X86_64 &&
		   e->is64 && glibc_minor(t, INT_MAX) >= PRELOAD_GLIBC &&
		   /* If only the kernel keeps it from acting, another kernel lets it act. */
		   (t->preload_acts || t->states & (1 << OLD_KERNEL | 1 << NO_VDSO | 1 << REFUSED))) {
		t->states |= 1 << PRELOAD;
	} else {
		t->states |= 1 << UNPATCHED;
	}
}

unsigned advice_for(const struct target *t)
{
	return t->privileged && t->states & 1u << UNPATCHED ?
		(t->states & ~(1u << UNPATCHED)) | 1u << UNPATCHED_PRIVILEGED : t->states;
}

int status_of(unsigned bits)
{
	int i;

	for (i = 0; i < STATES; i++)
		if (bits & 1u << i)
			return EXIT_STATES + i;
	return 0;
}
