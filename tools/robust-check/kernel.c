// SPDX-License-Identifier: MIT
/*
 * What the running kernel provides, as this process sees it.
 *
 * ABI: arch/x86/entry/vdso/common/vfutex.c, include/uapi/linux/futex.h,
 * kernel/futex/waitwake.c and handle_futex_death() in kernel/futex/core.c of
 * Linux 7.2.
 */
#include "robust-check.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "../vdso-symbol.h"

#if UINTPTR_MAX == UINT32_MAX
#define OP_FLAGS (FUTEX_ROBUST_UNLOCK | FUTEX_ROBUST_LIST32)
#else
#define OP_FLAGS FUTEX_ROBUST_UNLOCK
#endif

/* 1 if the vDSO function is there and does both stores. */
static int probe_vdso(void)
{
	typedef uint32_t (*try_unlock_fn)(uint32_t *lock, uint32_t tid, void *pop);
	try_unlock_fn f = (try_unlock_fn)vdso_symbol(TRY_UNLOCK_SYMBOL);
	uint32_t tid = syscall(SYS_gettid), word = tid;
	void *slot = &word;

	return f && f(&word, tid, &slot) == tid && !word && !slot;
}

/* 0 if the kernel does both stores, else the errno it refuses with. */
static int probe_futex(void)
{
	uint32_t word = syscall(SYS_gettid);
	void *slot = &word;

	if (syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG | OP_FLAGS, 1,
		    NULL, &slot, 0) < 0)
		return errno;
	return word || slot ? ENOSYS : 0;
}

/*
 * Let a process die with a lock word in list_op_pending while another one waits for it.
 * The value of the word is WORD then; 0: the dying process is the owner. Returns whether
 * the kernel has woken the other process, -1 if that is not known. *ERROR: errno of
 * set_robust_list; unchanged if it was not called.
 */
static int death_wakes(uint32_t word, int *error)
{
	static const struct timespec limit = { 60, 0 }, moment = { 0, 1000000 };
	uint32_t *at = mmap(NULL, 2 * sizeof(*at), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0), *gate = at + 1;
	struct robust_list_head head = { .list = { &head.list }, .list_op_pending = (void *)at };
	int status, moved = -1, queued = -1;
	pid_t waiter, dying;

	if (at == MAP_FAILED)
		return -1;
	waiter = fork();
	if (!waiter)
		_exit(syscall(SYS_futex, gate, FUTEX_WAIT, 0, &limit, NULL, 0) != 0);
	/* If the waiter can be moved from the gate to the word, it sleeps. */
	while (waiter > 0) {
		moved = syscall(SYS_futex, gate, FUTEX_CMP_REQUEUE, 0, 1, at, 0);
		if (moved)
			break;
		if (waitpid(waiter, &status, WNOHANG))
			waiter = -1;
		nanosleep(&moment, NULL);
	}

	*at = word;
	dying = fork();
	if (!dying) {
		if (!word)
			*at = syscall(SYS_gettid) | FUTEX_WAITERS;
		_exit(syscall(SYS_set_robust_list, &head, sizeof(head)) ? errno : 0);
	}
	if (dying > 0 && waitpid(dying, &status, 0) == dying) {
		*error = WIFEXITED(status) ? WEXITSTATUS(status) : ENOSYS;
		/* A filter or an emulator may report success and do nothing. */
		if (!word && !*error && *at != (FUTEX_OWNER_DIED | FUTEX_WAITERS))
			*error = ENOSYS;
	}

	/* The kernel has done everything for a process that was reaped. If the other one
	 * still sleeps there, the kernel has not woken it. */
	if (moved == 1)
		queued = syscall(SYS_futex, at, FUTEX_WAKE, 1, NULL, NULL, 0);
	else if (waiter > 0)
		kill(waiter, SIGKILL);
	/* The waiter may also have run into its limit. */
	if (waiter < 0 || waitpid(waiter, &status, 0) != waiter || status)
		queued = -1;
	munmap(at, 2 * sizeof(*at));
	return queued < 0 || *error ? -1 : !queued;
}

void ask_kernel(struct kernel *k)
{
	int error = -1;

	uname(&k->name);
	k->vdso_symbol = TRY_UNLOCK_SYMBOL;
	k->vdso = probe_vdso();
	k->futex_error = probe_futex();
	k->list_error = k->passes_on = -1;
	signal(SIGCHLD, SIG_DFL);	/* if it is ignored, waitpid gets no statuses */
	/* Does set_robust_list work? If so, does the kernel pass on the wake that a dying
	 * waiter has consumed, although the mutex has a new owner, which knows of no
	 * waiters? For a mutex without an owner, older kernels do so, too. */
	if (death_wakes(0, &k->list_error) == 1)
		k->passes_on = death_wakes(getpid(), &error);
}

unsigned kernel_states(const struct kernel *k, int has_vdso)
{
	unsigned s = 0;

	if (!has_vdso)
		s |= 1 << (strverscmp(k->name.release, "7.2") < 0 && k->futex_error ?
			   OLD_KERNEL : NO_VDSO);
	if (k->futex_error && !(s & 1 << OLD_KERNEL && k->futex_error == ENOSYS))
		s |= 1 << REFUSED;
	if (k->list_error > 0)
		s |= 1 << NO_LIST;
	return s;
}

/* A 64-bit x86 kernel maps that vDSO into this process on request, but only if it has no
 * other: a child unmaps its own first. Checkpoint and restore need the same. */
int compat_vdso(unsigned machine)
{
#if defined(__x86_64__) && UINTPTR_MAX != UINT32_MAX
	enum { ARCH_MAP_VDSO_X32 = 0x2001, ARCH_MAP_VDSO_32 = 0x2002 };
	static const char maps[] = "/proc/self/maps", name[] = PREFIX "32_try_unlock";
	int status, switched_off, found = 2;
	struct mapping *m;
	struct blob b;
	pid_t pid;

	if (machine == EM_386 && !read_fd(open("/proc/sys/abi/vsyscall32", OPEN_FLAGS), &b)) {
		switched_off = !atoi((char *)b.data);
		drop(&b);
		if (switched_off)
			return 0;
	}
	pid = fork();
	if (!pid) {
		for (m = read_maps(open(maps, OPEN_FLAGS), &b); m && m->path; m++)
			if (!strcmp(m->path, "[vdso]") || !strncmp(m->path, "[vvar", 5))
				munmap((void *)(uintptr_t)m->start, m->end - m->start);
		if (syscall(SYS_arch_prctl, machine == EM_386 ? ARCH_MAP_VDSO_32 :
			    ARCH_MAP_VDSO_X32, 0) < 0)
			_exit(2);
		for (m = read_maps(open(maps, OPEN_FLAGS), &b); m && m->path; m++)
			if (!strcmp(m->path, "[vdso]"))
				found = memmem((void *)(uintptr_t)m->start, m->end - m->start,
					       name, strlen(name)) != NULL;
		_exit(found);
	}
	if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) < 2)
		return WEXITSTATUS(status);
#endif
	(void)machine;
	return -1;
}
