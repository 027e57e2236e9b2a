// SPDX-License-Identifier: MIT
/*
 * robust-check: is the robust mutex unlock race closed, here, for these
 * programs and for these processes? Usage, states and exit status are in
 * doc/man/robust-check.1.
 *
 * Asks the running kernel, as this process sees it (vDSO and seccomp filters
 * included), for the two halves of what Linux 7.2 added and for robust lists at
 * all, and looks which libc each program or process runs on and whether that libc
 * uses them.
 *
 * ABI: arch/x86/entry/vdso/common/vfutex.c, include/uapi/linux/futex.h,
 * kernel/futex/waitwake.c and handle_futex_death() in kernel/futex/core.c of
 * Linux 7.2.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "elf-image.h"
#include "seccomp-replay.h"
#include "tunable.h"
#include "vdso-symbol.h"

#ifndef FUTEX_ROBUST_UNLOCK
#define FUTEX_ROBUST_UNLOCK	512
#define FUTEX_ROBUST_LIST32	1024
#endif

#if UINTPTR_MAX == UINT32_MAX
#define OP_FLAGS (FUTEX_ROBUST_UNLOCK | FUTEX_ROBUST_LIST32)
#else
#define OP_FLAGS FUTEX_ROBUST_UNLOCK
#endif
/* What a libc that makes the look-up has in its read-only data. */
#define PREFIX		"__vdso_futex_robust_list"
#define PRELOAD_NAME	"librobust-unlock"
#define PRELOAD_ACTS	"librobust_unlock_acts"	/* an int in it */
#define PRELOAD_GLIBC	34	/* the oldest glibc that it knows, 2.34 */
#define LISTED_GLIBC	34	/* from 2.34 on, each thread registers its robust list at its start */
#define MAX_FILE	(1L << 30)

enum {
	EXIT_USAGE = 2,
	EXIT_UNREADABLE = 3,
	EXIT_STATES = 10,	/* the first state's, the others follow */
};

/* Why the race is not closed, the exit status in this order. */
enum state {
	OLD_KERNEL, NO_VDSO, REFUSED, UNPATCHED, STATIC, RESTART, TUNABLE_OFF,
	FILTER, FILTER_UNKNOWN, PRELOAD, FOREIGN, NO_LIBC, NO_LIST, STATES,
	UNPATCHED_PRIVILEGED = STATES, ADVICES	/* no state: another advice for UNPATCHED */
};

static const struct {
	const char *name, *advice;
} states[ADVICES] = {
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
		"its libc is told not to use the kernel's help: take "
		"glibc.pthread.robust_unlock=0 out of GLIBC_TUNABLES in its "
		"environment and restart it" },
	[FILTER] = { "filter",
		"a seccomp filter of the process refuses FUTEX_ROBUST_UNLOCK: "
		"update the container runtime's profile or systemd's "
		"SystemCallFilter= so that futex operations with bit 512 pass" },
	[FILTER_UNKNOWN] = { "filter-unknown",
		"the process has a seccomp filter, and what it says to "
		"FUTEX_ROBUST_UNLOCK is not known: as root, use robust-check --read-filter, "
		"which stops the process for a moment, or run robust-check "
		"inside its container" },
	[PRELOAD] = { "preload",
		"the preloaded library, where it acts, covers pthread_mutex_unlock, but not the "
		"unlock inside of pthread_cond_wait: use a patched libc if robust "
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

struct target {
	char *name;		/* path of the program or, of a process, the executable */
	pid_t pid;		/* 0: a program in a file */
	char *script;		/* the script that NAME is the interpreter of */
	const char *libc;	/* "glibc", "musl", "static", "unknown" */
	char *version;		/* of the libc, if it says so */
	char *loader;		/* the file that was searched */
	char *libc_file;
	char *arch;
	int patched;
	int privileged;		/* by set-user-ID, set-group-ID or capabilities of the file */
	int deleted;		/* the libc in use is no longer the file at its path */
	int tunable;		/* -1 if it is not set */
	int preload;		/* librobust-unlock.so is loaded */
	int preload_acts;	/* -1: not known */
	int seccomp;		/* mode, of a process */
	int vdso;		/* -1: as this process sees it */
	int list;		/* a robust list is registered; -1: not known */
	int list_error;		/* with which its filter refuses that */
	unsigned states;	/* bits of enum state */
	char *error;		/* why it could not be examined */
};

static int json, read_filter, advised;
static unsigned advices;
static const char *root_dir;	/* of --root */
static struct utsname kernel;
static int vdso, futex_error;	/* the running kernel's answers */
static int list_error = -1;	/* of set_robust_list; 0: an owner's death is reported */
static int passes_on = -1;	/* the wake that a dying waiter consumed; -1: not known */

static char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *format(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		abort();
	va_end(ap);
	return s;
}

/* --- the kernel ------------------------------------------------------- */

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

	if (syscall(SYS_futex, &word,
		    FUTEX_WAKE | FUTEX_PRIVATE_FLAG | OP_FLAGS, 1, NULL, &slot,
		    0) < 0)
		return errno;
	return word || slot ? ENOSYS : 0;
}

/*
 * Let a process die with a lock word in list_op_pending on which another one waits.
 * WORD is what the word says then; 0: that it is the owner. Returns whether the
 * kernel has woken the other one, -1 if that cannot be said. *ERROR: errno of
 * set_robust_list; left alone if it was not called.
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
	/* Who can be moved from the gate to the word does sleep. */
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
		/* Somebody may only say that it was done. */
		if (!word && !*error && *at != (FUTEX_OWNER_DIED | FUTEX_WAITERS))
			*error = ENOSYS;
	}

	/* The kernel has done all it does for a process that was reaped. If the other
	 * one still sleeps there, nobody had woken it. */
	if (moved == 1)
		queued = syscall(SYS_futex, at, FUTEX_WAKE, 1, NULL, NULL, 0);
	else if (waiter > 0)
		kill(waiter, SIGKILL);
	/* It may also have run into its limit. */
	if (waiter < 0 || waitpid(waiter, &status, 0) != waiter || status)
		queued = -1;
	munmap(at, 2 * sizeof(*at));
	return queued < 0 || *error ? -1 : !queued;
}

/*
 * Whether set_robust_list does what it should; then, whether the kernel passes on the
 * wake that a dying waiter has consumed, although the mutex has a new owner, who knows
 * of no waiters. For a mutex without an owner older kernels do so, too.
 */
static void probe_list(void)
{
	int error = -1;

	if (death_wakes(0, &list_error) == 1)
		passes_on = death_wakes(getpid(), &error);
}

static int old_kernel(void)
{
	unsigned major = 0, minor = 0;

	sscanf(kernel.release, "%u.%u", &major, &minor);
	return major < 7 || (major == 7 && minor < 2);
}

/* The states of the kernel, given whether there is the function. */
static unsigned kernel_states(int has_vdso)
{
	unsigned s = 0;

	if (old_kernel() && !has_vdso && futex_error)
		s |= 1 << OLD_KERNEL;
	else if (!has_vdso)
		s |= 1 << NO_VDSO;
	if (futex_error && !(s & 1 << OLD_KERNEL && futex_error == ENOSYS))
		s |= 1 << REFUSED;
	if (list_error > 0)
		s |= 1 << NO_LIST;
	return s;
}

static unsigned own_machine(void)
{
	unsigned char h[20] = { 0 };
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (read(fd, h, sizeof(h)) < (ssize_t)sizeof(h))
			h[18] = h[19] = 0;
		close(fd);
	}
	return h[EI_DATA] == ELFDATA2MSB ? h[18] << 8 | h[19] : h[19] << 8 | h[18];
}

static const struct {
	unsigned machine;
	const char *name, *triplet;
} machines[] = {
	{ EM_X86_64, "x86_64", "x86_64-linux-gnu" },
	{ EM_386, "i386", "i386-linux-gnu" },
	{ EM_AARCH64, "aarch64", "aarch64-linux-gnu" },
	{ EM_ARM, "arm", "arm-linux-gnueabihf" },
	{ EM_RISCV, "riscv", "riscv64-linux-gnu" },
	{ EM_PPC64, "ppc64", "powerpc64le-linux-gnu" },
	{ EM_S390, "s390", "s390x-linux-gnu" },
	{ EM_LOONGARCH, "loongarch", "loongarch64-linux-gnu" },
	{ EM_MIPS, "mips", "mips64el-linux-gnuabi64" },
};

/* Whether the kernel that runs this program runs those of MACHINE. */
static int runs_here(unsigned machine)
{
	unsigned own = own_machine();

	if (machine == own)
		return 1;
	if (!strcmp(kernel.machine, "x86_64"))
		return machine == EM_X86_64 || machine == EM_386;
	if (!strcmp(kernel.machine, "aarch64"))
		return machine == EM_AARCH64 || machine == EM_ARM;
	return 0;
}

static const char *triplet_of(const struct elf *e)
{
	size_t i;

	if (e->machine == EM_X86_64 && !e->is64)
		return "x86_64-linux-gnux32";
	for (i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (machines[i].machine == e->machine)
			return machines[i].triplet;
	return "unknown";
}

static char *arch_of(const struct elf *e)
{
	size_t i;

	if (e->machine == EM_X86_64 && !e->is64)
		return strdup("x32");
	for (i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (machines[i].machine == e->machine)
			return strdup(machines[i].name);
	return format("machine %u", e->machine);
}

/* --- files ------------------------------------------------------------ */

struct blob {
	unsigned char *data;
	size_t size;
};

static int contains(const struct blob *b, const char *what)
{
	return b->data && memmem(b->data, b->size, what, strlen(what)) != NULL;
}

/* The same with the NUL at its end: WHAT is not the start of a longer text. */
static int contains_whole(const struct blob *b, const char *what)
{
	return b->data && memmem(b->data, b->size, what, strlen(what) + 1) != NULL;
}

static void drop(struct blob *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

/* All of FD, which is closed. -1 with errno if it is no file or too large. */
static int read_fd(int fd, struct blob *b)
{
	struct stat st;
	ssize_t n = 0;

	memset(b, 0, sizeof(*b));
	if (fd < 0)
		return -1;
	if (fstat(fd, &st))
		goto failed;
	errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	if (!S_ISREG(st.st_mode))
		goto failed;
	errno = EFBIG;
	if (st.st_size > MAX_FILE)
		goto failed;
	b->data = malloc(st.st_size + 1);
	if (!b->data)
		goto failed;
	while (b->size < (size_t)st.st_size) {
		n = pread(fd, b->data + b->size, st.st_size - b->size, b->size);
		if (n <= 0)
			break;
		b->size += n;
	}
	if (n < 0)
		goto failed;
	close(fd);
	return 0;
failed:
	n = errno;
	close(fd);
	drop(b);
	errno = n;
	return -1;
}

/* Whether a list of libraries, as in LD_PRELOAD, has the one that takes unlocks over.
 * One that is named by a path has to be there. */
static int lists_preload(const char *list)
{
	size_t len;
	char *name;
	int found = 0;

	for (; list && *list && !found; list += len + (list[len] != 0)) {
		len = strcspn(list, ": \t\n");
		name = strndup(list, len);
		if (!name)
			abort();
		found = strstr(name, PRELOAD_NAME) &&
			(!strchr(name, '/') || strchr(name, '$') || !access(name, R_OK));
		free(name);
	}
	return found;
}

/* Open PATH as a process with the root directory ROOT sees it, its symbolic
 * links included. */
static int open_in(int root, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_IN_ROOT,
	};
	int fd;

	if (root == AT_FDCWD)
		return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
		/* Older than Linux 5.6, or filtered: absolute links go astray. */
		while (*path == '/')
			path++;
		fd = openat(root, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	return fd;
}

static int read_in(int root, const char *path, struct blob *b)
{
	return read_fd(open_in(root, path), b);
}

/* --- which libc ------------------------------------------------------- */

static size_t digits(const char *s, const char *end)
{
	size_t n = 0;

	while (s + n < end && s[n] >= '0' && s[n] <= '9')
		n++;
	return n;
}

/* "2.36" out of "... stable release version 2.36."; musl's is a string of its
 * own, 1.N.N with nothing or "-git-..." behind. */
static char *version_in(const struct blob *b)
{
	const char *at, *p, *end = (const char *)b->data + b->size;
	static const char glibc[] = " release version ";
	size_t len;

	at = memmem(b->data, b->size, glibc, strlen(glibc));
	if (at) {
		at += strlen(glibc);
		for (len = 0; at + len < end && (at[len] == '.' ||
		     digits(at + len, at + len + 1)); len++)
			;
		while (len && at[len - 1] == '.')
			len--;
		return len ? strndup(at, len) : NULL;
	}
	if (!contains(b, "musl libc ("))
		return NULL;
	for (at = (const char *)b->data; at; at = memmem(at, end - at, "\0001.", 3)) {
		p = ++at + 2;
		if (p >= end)
			break;
		len = digits(p, end);
		p += len;
		if (!len || p >= end || *p++ != '.' || !digits(p, end))
			continue;
		p += digits(p, end);
		if (p < end && (!*p || (*p == '-' && memchr(p, 0, end - p))))
			return strdup(at);
	}
	return NULL;
}

static const char *kind_of(const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	if (!strncmp(base, "ld-musl-", 8) || !strncmp(base, "libc.musl-", 10))
		return "musl";
	/* Not ld.so.cache, which may be mapped as well. */
	if (!strncmp(base, "ld-linux", 8) || !strncmp(base, "ld64.so.", 8) ||
	    !strcmp(base, "ld.so") || !strcmp(base, "ld.so.1") ||
	    !strncmp(base, "libc.so.6", 9) ||
	    (!strncmp(base, "ld-2.", 5) && strstr(base, ".so")) ||
	    (!strncmp(base, "libc-2.", 7) && strstr(base, ".so")))
		return "glibc";
	return NULL;
}

/* Whether the libc in these bytes uses what Linux 7.2 added. glibc makes the
 * look-up in the dynamic linker, musl is one file with it. Where there is no
 * function to look up, glibc still has the tunable, and musl the name of a
 * symbol unless it was stripped. */
static int is_patched(const struct blob *b)
{
	return contains(b, PREFIX) || contains_whole(b, tunable_name()) ||
	       contains_whole(b, "__pthread_mutex_robust_unlock");
}

/* The same for a static program, which may name the function for reasons of
 * its own; a static glibc has its tunables by name. */
static int examine_static(struct target *t, const struct blob *b)
{
	t->libc = "static";
	t->version = version_in(b);
	if (contains(b, "glibc.malloc.") || contains(b, "GNU C Library"))
		return contains_whole(b, tunable_name());
	if (contains(b, "Go buildinf:") && !contains(b, PREFIX))
		t->states |= 1 << NO_LIBC;
	return is_patched(b);
}

/* --- a program in a file ---------------------------------------------- */

static int same_kind(const struct elf *a, const struct blob *b)
{
	struct elf e;

	return !elf_open(&e, b->data, b->size) && e.machine == a->machine &&
	       e.is64 == a->is64 && e.big_endian == a->big_endian;
}

/* DIR/NAME, with $ORIGIN in DIR; 1 if it is there, of the program's kind. */
static int try_library(int root, const struct elf *e, const char *program,
		       const char *dir, size_t len, const char *name,
		       struct target *t, struct blob *b)
{
	const char *slash = strrchr(program, '/');
	size_t skip = 0;
	char *path;

	if (!len)
		return 0;
	if (len >= 7 && !strncmp(dir, "$ORIGIN", 7))
		skip = 7;
	else if (len >= 9 && !strncmp(dir, "${ORIGIN}", 9))
		skip = 9;
	path = format("%.*s%.*s/%s", skip && slash ? (int)(slash - program) : 0,
		      program, (int)(len - skip), dir + skip, name);
	if (!read_in(root, path, b)) {
		if (same_kind(e, b)) {
			t->libc_file = path;
			return 1;
		}
		drop(b);
	}
	free(path);
	return 0;
}

static int try_path(int root, const struct elf *e, const char *program,
		    const char *dirs, const char *name, struct target *t,
		    struct blob *b)
{
	size_t len;

	for (; dirs && *dirs; dirs += len + (dirs[len] != 0)) {
		len = strcspn(dirs, ":;");
		if (try_library(root, e, program, dirs, len, name, t, b))
			return 1;
	}
	return 0;
}

/* What ldconfig has found under this name. */
static int try_cache(int root, const struct elf *e, const char *name,
		     struct target *t, struct blob *b)
{
	static const char magic[] = "glibc-ld.so.cache1.1";
	struct elf view = { .big_endian = e->big_endian };
	uint64_t at, n, i;
	struct blob cache;
	const char *key, *path;
	unsigned char *start;
	int found = 0;

	if (read_in(root, "/etc/ld.so.cache", &cache))
		return 0;
	start = memmem(cache.data, cache.size, magic, sizeof(magic) - 1);
	if (start) {
		view.data = start;
		view.size = cache.size - (start - cache.data);
		n = elf_get(&view, 20, 4);
		for (i = 0; !found && i < n; i++) {
			at = 48 + 24 * i;
			if (at + 24 > view.size)
				break;
			key = elf_string(&view, elf_get(&view, at + 4, 4), PATH_MAX);
			path = elf_string(&view, elf_get(&view, at + 8, 4), PATH_MAX);
			if (!key || !path || strcmp(key, name) || *path != '/' ||
			    read_in(root, path, b))
				continue;
			found = same_kind(e, b);
			if (found)
				t->libc_file = strdup(path);
			else
				drop(b);
		}
	}
	drop(&cache);
	return found;
}

/* The libc.so.6 that the dynamic linker would take, in the order of ld.so(8). */
static void find_libc(int root, const struct elf *e, const char *program,
		      struct target *t, struct blob *b)
{
	static const char name[] = "libc.so.6";
	char *dirs;

	if ((!e->runpath && try_path(root, e, program, e->rpath, name, t, b)) ||
	    (root == AT_FDCWD &&
	     try_path(root, e, program, getenv("LD_LIBRARY_PATH"), name, t, b)) ||
	    try_path(root, e, program, e->runpath, name, t, b) ||
	    try_cache(root, e, name, t, b))
		return;
	dirs = format("/lib/%1$s:/usr/lib/%1$s:%2$s:/lib:/usr/lib", triplet_of(e),
		      e->is64 ? "/lib64:/usr/lib64" : "/lib32:/usr/lib32:/libx32");
	try_path(root, e, program, dirs, name, t, b);
	free(dirs);
}

static char *find_in_path(int root, const char *name)
{
	const char *path = root == AT_FDCWD ? getenv("PATH") :
			   "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	size_t len;
	char *full;
	int fd;

	if (strchr(name, '/') || !path)
		return strdup(name);
	for (; *path; path += len + (path[len] != 0)) {
		len = strcspn(path, ":");
		full = format("%.*s/%s", (int)len, path, name);
		fd = open_in(root, full);
		if (fd >= 0) {
			struct stat st;
			int runs = !fstat(fd, &st) && S_ISREG(st.st_mode) &&
				   st.st_mode & 0111;

			close(fd);
			if (runs)
				return full;
		}
		free(full);
	}
	return strdup(name);
}

/* The interpreter in the first line of a script. If it is env: what that would run, which
 * without -S is the one word that all the rest is; robust-run does the same. */
static char *script_interpreter(int root, const struct blob *b)
{
	static const char *const split[] = { "-S", "-vS", "--split-string=" },
		*const with_value[] = { "-u", "--unset", "-C", "--chdir" };
	char line[256], *word, *save;
	size_t len = b->size - 2 < sizeof(line) - 1 ? b->size - 2 : sizeof(line) - 1, i;

	memcpy(line, b->data + 2, len);
	line[len] = 0;
	line[strcspn(line, "\r\n")] = 0;
	for (len = strlen(line); len && strchr(" \t", line[len - 1]); )
		line[--len] = 0;
	word = strtok_r(line, " \t", &save);
	if (!word)
		return NULL;
	len = strlen(word);
	if (len < 4 || strcmp(word + len - 4, "/env"))
		return strdup(word);
	word = strtok_r(NULL, "", &save);
	if (!word)
		return NULL;
	word += strspn(word, " \t");
	for (i = 0; i < 3; i++)
		if (!strncmp(word, split[i], strlen(split[i])))
			break;
	if (i == 3)
		return *word == '-' || strchr(word, '=') ? NULL : find_in_path(root, word);
	for (word = strtok_r(word + strlen(split[i]), " \t", &save); word;
	     word = strtok_r(NULL, " \t", &save)) {
		if (*word != '-' && !strchr(word, '='))
			return find_in_path(root, word);
		for (i = 0; i < 4; i++)
			if (!strcmp(word, with_value[i]))
				strtok_r(NULL, " \t", &save);
	}
	return NULL;
}

/* Whether an exec of this file raises privileges. */
static int gives_privileges(int root, const char *path)
{
	int fd = open_in(root, path), gives;
	struct stat st;

	if (fd < 0)
		return 0;
	gives = (!fstat(fd, &st) && st.st_mode & (S_ISUID | S_ISGID)) ||
		fgetxattr(fd, "security.capability", NULL, 0) > 0;
	close(fd);
	return gives;
}

static void judge(struct target *t, const struct elf *e);

static void examine_elf(int root, const char *path, struct blob *b,
			struct target *t)
{
	struct blob loader = { 0 }, libc = { 0 };
	struct elf e;
	char *other;

	if (elf_open(&e, b->data, b->size)) {
		t->error = strdup(b->size < SELFMAG || memcmp(b->data, ELFMAG, SELFMAG) ?
				  "not an ELF file" : "a damaged ELF file, or no program");
		return;
	}
	t->arch = arch_of(&e);
	if (!e.interp) {
		/* A library and the dynamic linker have none either. */
		const char *kind = kind_of(path);

		if (!kind && contains(b, "musl libc ("))
			kind = "musl";
		t->loader = strdup(path);
		if (kind && e.dynamic) {
			t->libc = kind;
			t->version = version_in(b);
			t->patched = is_patched(b);
		} else {
			t->patched = examine_static(t, b);
		}
		judge(t, &e);
		return;
	}
	t->loader = strdup(e.interp);
	if (read_in(root, e.interp, &loader)) {
		t->error = format("needs %s: %s", e.interp, strerror(errno));
		return;
	}
	if (!same_kind(&e, &loader)) {
		t->error = format("needs %s, which is damaged or for another machine",
				  e.interp);
		drop(&loader);
		return;
	}
	t->libc = kind_of(e.interp) ? kind_of(e.interp) : "unknown";
	t->patched = is_patched(&loader);
	t->version = version_in(&loader);
	if (!strcmp(t->libc, "glibc")) {
		find_libc(root, &e, path, t, &libc);
		if (!t->libc_file) {
			t->error = strdup("its libc.so.6 is not found");
		} else if (t->version) {
			other = version_in(&libc);
			/* They only run if they are from the same build. */
			if (other && strcmp(other, t->version))
				t->error = format("%s is glibc %s and %s is %s: they do not belong together",
						  t->loader, t->version, t->libc_file, other);
			free(other);
		}
		drop(&libc);
	}
	drop(&loader);
	judge(t, &e);
}

static void examine_program(const char *name, struct target *t)
{
	int depth, root = AT_FDCWD;
	struct blob b, list;
	char *path, *next;

	if (root_dir) {
		root = open(root_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root < 0) {
			t->name = strdup(name);
			t->error = format("--root %s: %s", root_dir, strerror(errno));
			return;
		}
	}
	path = find_in_path(root, name);
	for (depth = 0; ; depth++) {
		t->name = path;
		if (read_in(root, path, &b)) {
			t->error = strdup(strerror(errno));
			break;
		}
		if (b.size < 2 || memcmp(b.data, "#!", 2)) {
			t->privileged = gives_privileges(root, path);
			/* With raised privileges the environment does not count. */
			if (root == AT_FDCWD && !t->privileged) {
				t->preload = lists_preload(getenv("LD_PRELOAD"));
				t->tunable = get_tunable(getenv("GLIBC_TUNABLES"));
			}
			if (!read_in(root, "/etc/ld.so.preload", &list)) {
				t->preload |= contains(&list, PRELOAD_NAME);
				drop(&list);
			}
			examine_elf(root, path, &b, t);
			break;
		}
		next = depth < 4 ? script_interpreter(root, &b) : NULL;
		drop(&b);
		if (!next) {
			t->error = strdup(depth < 4 ? "a script without an interpreter" :
					  "too many scripts, each the interpreter of the one before");
			goto out;
		}
		if (!t->script)
			t->script = path;
		else
			free(path);
		path = next;
	}
	drop(&b);
out:
	if (root != AT_FDCWD)
		close(root);
}

/* --- a process -------------------------------------------------------- */

/* A file of /proc/PID, which has no size before it is read. */
static int read_proc(pid_t pid, const char *name, struct blob *b)
{
	char *path = format("/proc/%d/%s", (int)pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t room = 0;
	ssize_t n;

	free(path);
	memset(b, 0, sizeof(*b));
	if (fd < 0)
		return -1;
	do {
		if (room - b->size < 4096 + 1) {
			room = 2 * room + 8192;
			b->data = realloc(b->data, room);
			if (!b->data)
				abort();
		}
		n = read(fd, b->data + b->size, room - b->size - 1);
		if (n > 0)
			b->size += n;
	} while (n > 0 && b->size < 64 << 20);
	close(fd);
	b->data[b->size] = 0;
	if (n < 0) {
		drop(b);
		return -1;
	}
	return 0;
}

struct mapping {
	uint64_t start, end;
	int readable;
	char *path;		/* in the line, "" if there is none */
	int deleted;
};

/* Take a line off *TEXT, which is changed. 0 at its end. */
static int next_mapping(char **text, struct mapping *m)
{
	char *line = *text, *end, perms[5];
	int at = 0;
	size_t len;

	while (line && *line) {
		end = strchr(line, '\n');
		if (end)
			*end = 0;
		*text = end ? end + 1 : line + strlen(line);
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %n",
			   &m->start, &m->end, perms, &at) >= 3 && at) {
			m->readable = perms[0] == 'r';
			m->path = line + at;
			len = strlen(m->path);
			m->deleted = len > 10 && !strcmp(m->path + len - 10, " (deleted)");
			if (m->deleted)
				m->path[len - 10] = 0;
			return 1;
		}
		line = *text;
	}
	return 0;
}

/* What process PID has in memory from START to END, added to B. */
static void read_memory(pid_t pid, uint64_t start, uint64_t end, struct blob *b)
{
	char *path = format("/proc/%d/mem", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	free(path);
	if (fd < 0)
		return;
	if (end - start <= 64 << 20) {
		b->data = realloc(b->data, b->size + (end - start) + 1);
		if (!b->data)
			abort();
		n = pread64(fd, b->data + b->size, end - start, start);
		if (n > 0)
			b->size += n;
	}
	close(fd);
}

/*
 * The file behind a mapping of process PID: by map_files, which has deleted ones
 * too and asks for a capability; by its path, unless it is another one by now;
 * or else what is mapped of it, which includes all read-only data.
 */
static int read_mapped(pid_t pid, int root, const struct mapping *m,
		       const char *path, const char *maps, struct blob *b)
{
	char *text, *rest, *link;
	struct mapping other;

	link = format("/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid,
		      m->start, m->end);
	if (!read_fd(open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK), b)) {
		free(link);
		return 0;
	}
	free(link);
	if (!m->deleted && !read_in(root, path, b))
		return 0;
	rest = text = strdup(maps);
	if (!text)
		abort();
	while (next_mapping(&rest, &other))
		if (other.readable && other.deleted == m->deleted &&
		    !strcmp(other.path, m->path))
			read_memory(pid, other.start, other.end, b);
	free(text);
	return b->size ? 0 : -1;
}

static uint64_t aux_value(const struct blob *auxv, const struct elf *e, uint64_t type)
{
	struct elf view = *e;
	unsigned word = e->is64 ? 8 : 4;
	uint64_t at;

	view.data = auxv->data;
	view.size = auxv->size;
	for (at = 0; at + 2 * word <= view.size; at += 2 * word)
		if (elf_get(&view, at, word) == type)
			return elf_get(&view, at + word, word);
	return 0;
}

static int status_number(const struct blob *status, const char *key)
{
	const char *at = status->data ? strstr((char *)status->data, key) : NULL;

	return at ? atoi(at + strlen(key)) : 0;
}

static uint32_t audit_arch(const struct elf *e)
{
	switch (e->machine) {
	case EM_X86_64: return AUDIT_ARCH_X86_64;
	case EM_386: return AUDIT_ARCH_I386;
	case EM_AARCH64: return AUDIT_ARCH_AARCH64;
	case EM_ARM: return AUDIT_ARCH_ARM;
	case EM_RISCV: return e->is64 ? AUDIT_ARCH_RISCV64 : AUDIT_ARCH_RISCV32;
	}
	return e->machine | (e->is64 ? __AUDIT_ARCH_64BIT : 0) |
	       (e->big_endian ? 0 : __AUDIT_ARCH_LE);
}

static int futex_number(const struct elf *e)
{
	switch (e->machine) {
	case EM_X86_64: return e->is64 ? 202 : 0x40000000 + 202;
	case EM_386:
	case EM_ARM: return 240;
	}
	return e->machine == own_machine() ? SYS_futex : 98;
}

/* What the seccomp filters of the process say to what its libc would ask. */
static void ask_filter(struct target *t, const struct elf *e)
{
	static const int ops[] = {
		FUTEX_WAKE, FUTEX_UNLOCK_PI, FUTEX_WAKE | FUTEX_PRIVATE_FLAG,
		FUTEX_UNLOCK_PI | FUTEX_PRIVATE_FLAG,
	};
	struct seccomp_data sd[5];
	uint32_t answer[5];
	size_t i;

	if (!read_filter) {
		t->states |= 1 << FILTER_UNKNOWN;
		return;
	}
	memset(sd, 0, sizeof(sd));
	for (i = 0; i < 4; i++) {
		sd[i].nr = futex_number(e);
		sd[i].arch = audit_arch(e);
		/* Any address will do for the others: no filter knows them. */
		sd[i].args[0] = 0x1000;
		sd[i].args[1] = ops[i] | FUTEX_ROBUST_UNLOCK |
				(e->is64 ? 0 : FUTEX_ROBUST_LIST32);
		sd[i].args[2] = 1;
		sd[i].args[4] = 0x2000;
	}
	sd[4] = sd[0];
	sd[4].nr = SYS_set_robust_list;
	sd[4].args[1] = sizeof(struct robust_list_head);
	if (replay_filters(t->pid, sd, 5, answer) < 0) {
		fprintf(stderr, "robust-check: the filter of process %d: %s%s\n",
			(int)t->pid, strerror(errno), errno == EPERM || errno == EACCES ?
			" (only root may read it, and only from outside of a filter)" : "");
		t->states |= 1 << FILTER_UNKNOWN;
		return;
	}
	/* Where there is one, it may have been registered before the filter. */
	if (!t->list && (answer[4] & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO) {
		t->states |= 1 << NO_LIST;
		t->list_error = answer[4] & SECCOMP_RET_DATA;
	}
	for (i = 1; i < 4; i++)
		answer[0] = stricter(answer[0], answer[i]);
	switch (answer[0] & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
		break;
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_USER_NOTIF:
		t->states |= 1 << FILTER_UNKNOWN;	/* another process decides */
		break;
	default:
		t->states |= 1 << FILTER;
	}
}

static char *link_of(pid_t pid, const char *name)
{
	char *path = format("/proc/%d/%s", (int)pid, name);
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	free(path);
	if (n < 0)
		return NULL;
	target[n] = 0;
	return strdup(target);
}

/* What the process takes PATH of its maps for. In the mount namespace of this
 * program, a process in a chroot shows paths from the outside. */
static const char *path_inside(const char *root_path, const char *path)
{
	size_t len = root_path ? strlen(root_path) : 0;

	if (len > 1 && !strncmp(path, root_path, len) && path[len] == '/')
		return path + len;
	return path;
}

/* Whether the library at this mapping, its first one, has found that it can act. */
static int preload_acts(pid_t pid, int root, const struct mapping *m, const char *path,
			const char *maps)
{
	struct blob b, word = { 0 };
	struct elf e;
	uint64_t at = 0;
	int acts = -1;

	if (read_mapped(pid, root, m, path, maps, &b))
		return -1;
	if (!elf_open(&e, b.data, b.size))
		at = elf_symbol(&e, PRELOAD_ACTS);
	if (at)
		read_memory(pid, m->start + at, m->start + at + 4, &word);
	if (word.size == 4)
		acts = memcmp(word.data, "\0\0\0", 4) != 0;
	drop(&word);
	drop(&b);
	return acts;
}

/* The libc among the mappings, and what there is to say about it. */
static void find_mapped_libc(struct target *t, int root, const char *root_path,
			     const char *maps, const struct elf *exe)
{
	char *text = strdup(maps), *rest = text;
	struct blob b, now;
	struct mapping m;
	const char *kind, *inside;
	int searched = 0, patched_now = 0, current = 0;
	struct elf e;

	if (!text)
		abort();
	while (next_mapping(&rest, &m)) {
		inside = path_inside(root_path, m.path);
		kind = *m.path == '/' ? kind_of(m.path) : NULL;
		if (!kind && !t->preload && strstr(m.path, "/" PRELOAD_NAME)) {
			t->preload = 1;
			t->preload_acts = preload_acts(t->pid, root, &m, inside, maps);
		}
		/* musl's libc may be mapped by the name of its file. */
		if (!kind && *m.path == '/' && strlen(m.path) > 8 &&
		    !strcmp(m.path + strlen(m.path) - 8, "/libc.so"))
			kind = "musl";
		if (!kind)
			continue;
		if (!strncmp(strrchr(m.path, '/'), "/libc", 5) && strcmp(kind, "musl")) {
			if (!t->libc_file)
				t->libc_file = strdup(inside);
			t->deleted |= m.deleted;
			continue;
		}
		if (searched)
			continue;
		searched = 1;
		t->libc = kind;
		t->deleted |= m.deleted;
		t->loader = strdup(inside);
		if (read_mapped(t->pid, root, &m, inside, maps, &b)) {
			t->error = format("%s, which it has mapped, cannot be read: try as root",
					  m.path);
			break;
		}
		t->patched = is_patched(&b);
		t->version = version_in(&b);
		if (!elf_open(&e, b.data, b.size) && e.machine != exe->machine)
			t->states |= 1 << FOREIGN;	/* under an emulator */
		drop(&b);
	}
	/* What it would run on if it were started now. */
	if (searched && !t->error && t->deleted && !read_in(root, t->loader, &now)) {
		current = 1;
		patched_now = is_patched(&now);
		drop(&now);
	}
	if (current && patched_now && !t->patched)
		t->states |= 1 << RESTART;
	free(text);
}

/* musl does so when a thread first locks a process-shared robust mutex, glibc before 2.34
 * in libpthread only, which a program need not have. */
static int lists_at_start(const struct target *t)
{
	int n;

	return t->version && sscanf(t->version, "2.%d", &n) == 1 && n >= LISTED_GLIBC;
}

/* Whether the kernel knows a robust list of the process' main thread. The call tells
 * of lists of this program's own word size only, and of an emulator's, not of what
 * runs in it. */
static void ask_list(struct target *t, const struct elf *e)
{
	void *head = NULL;
	size_t size;

	if (e->is64 != (sizeof(void *) == 8) || t->states & 1 << FOREIGN)
		return;
	if (syscall(SYS_get_robust_list, t->pid, &head, &size))
		t->error = format("the kernel does not tell of its robust list (%s): %s",
				  strerror(errno), errno == EPERM ? "try as root" :
				  errno == ESRCH ? "it has ended" :
				  "look for a seccomp filter or an emulator that refuses get_robust_list");
	t->list = head != NULL;
	if (!t->list && lists_at_start(t))
		t->states |= 1 << NO_LIST;
}

static void examine_process(pid_t pid, struct target *t)
{
	struct blob maps = { 0 }, auxv = { 0 }, status = { 0 }, env = { 0 },
		    exe = { 0 }, image = { 0 };
	char *root_path = NULL, *path, *p;
	struct mapping m;
	struct elf e;
	int root = -1;

	t->pid = pid;
	t->name = link_of(pid, "exe");
	if (!t->name) {
		t->name = strdup("?");
		if (errno == ENOENT && !read_proc(pid, "status", &status))
			t->error = strdup("a thread of the kernel, or a process that has ended");
		else if (errno == ENOENT)
			t->error = strdup("there is no such process (is /proc mounted, and is it of this PID namespace?)");
		else
			t->error = format("%s: try as root", strerror(errno));
		goto out;
	}
	if (read_proc(pid, "maps", &maps) || read_proc(pid, "auxv", &auxv) || !maps.size) {
		t->error = format("its memory map cannot be read (%s): try as root",
				  strerror(errno));
		goto out;
	}
	path = format("/proc/%d/root", (int)pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(path);
	root_path = link_of(pid, "root");
	path = format("/proc/%d/exe", (int)pid);
	if (root < 0 || read_fd(open(path, O_RDONLY | O_CLOEXEC), &exe)) {
		t->error = format("its files cannot be read (%s): try as root", strerror(errno));
		free(path);
		goto out;
	}
	free(path);
	if (elf_open(&e, exe.data, exe.size)) {
		t->error = strdup("its executable is not an ELF file");
		goto out;
	}
	t->arch = arch_of(&e);

	find_mapped_libc(t, root, root_path, (char *)maps.data, &e);
	if (!t->error && !t->libc) {
		t->loader = strdup(path_inside(root_path, t->name));
		t->patched = examine_static(t, &exe);
		if (e.interp && !(t->states & 1 << NO_LIBC))
			t->libc = "unknown";
	}

	/* The vDSO as the process has it: it may have been hidden. */
	t->vdso = 0;
	p = (char *)maps.data;
	if (aux_value(&auxv, &e, AT_SYSINFO_EHDR)) {
		while (next_mapping(&p, &m))
			if (!strcmp(m.path, "[vdso]"))
				read_memory(pid, m.start, m.end, &image);
		t->vdso = image.size ? contains(&image, e.is64 ?
				PREFIX "64_try_unlock" : PREFIX "32_try_unlock") : -1;
	}

	/* A program with privileges of its own ignores the tunables. */
	t->privileged = aux_value(&auxv, &e, AT_SECURE);
	if (!t->privileged && !read_proc(pid, "environ", &env)) {
		for (p = (char *)env.data; p < (char *)env.data + env.size; p += strlen(p) + 1)
			if (!strncmp(p, "GLIBC_TUNABLES=", 15))
				t->tunable = get_tunable(p + 15);
	}
	if (!t->error)
		ask_list(t, &e);
	if (!read_proc(pid, "status", &status)) {
		t->seccomp = status_number(&status, "\nSeccomp:");
		if (t->seccomp)
			ask_filter(t, &e);
	}
	if (!t->error)
		judge(t, &e);
out:
	if (root >= 0)
		close(root);
	free(root_path);
	drop(&maps);
	drop(&auxv);
	drop(&status);
	drop(&env);
	drop(&exe);
	drop(&image);
}

/*
 * Whether programs of MACHINE with 32-bit pointers have the function in their
 * vDSO, on a 64-bit x86 kernel; -1 if that is not known. That kernel maps it into
 * this process too if it is asked to, but not beside the one that is there: a
 * child gives its own up. Checkpoint and restore need the same.
 */
static int compat_vdso(unsigned machine)
{
#if defined(__x86_64__) && UINTPTR_MAX != UINT32_MAX
	enum { ARCH_MAP_VDSO_X32 = 0x2001, ARCH_MAP_VDSO_32 = 0x2002 };
	struct blob b = { 0 };
	struct mapping m;
	int status, switched_off = 0, found = 2;
	FILE *f = machine == EM_386 ? fopen("/proc/sys/abi/vsyscall32", "r") : NULL;
	pid_t pid;
	char *p;

	if (f) {
		switched_off = fscanf(f, "%d", &status) == 1 && !status;
		fclose(f);
	}
	if (switched_off)
		return 0;
	pid = fork();
	if (pid < 0)
		return -1;
	if (!pid) {
		if (read_proc(getpid(), "maps", &b))
			_exit(2);
		for (p = (char *)b.data; next_mapping(&p, &m); )
			if (!strcmp(m.path, "[vdso]") || !strncmp(m.path, "[vvar", 5))
				munmap((void *)(uintptr_t)m.start, m.end - m.start);
		drop(&b);
		if (syscall(SYS_arch_prctl, machine == EM_386 ? ARCH_MAP_VDSO_32 :
			    ARCH_MAP_VDSO_X32, 0) < 0 ||
		    read_proc(getpid(), "maps", &b))
			_exit(2);
		for (p = (char *)b.data; next_mapping(&p, &m); )
			if (!strcmp(m.path, "[vdso]"))
				found = memmem((void *)(uintptr_t)m.start,
					       m.end - m.start,
					       PREFIX "32_try_unlock",
					       strlen(PREFIX "32_try_unlock")) != NULL;
		_exit(found);
	}
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) < 2)
		return WEXITSTATUS(status);
#endif
	(void)machine;
	return -1;
}

/* --- the verdict ------------------------------------------------------ */

/* N of glibc 2.N; if that is not known, a large one. */
static int minor_of(const char *version)
{
	int n;

	return version && sscanf(version, "2.%d", &n) == 1 ? n : INT_MAX;
}

static void judge(struct target *t, const struct elf *e)
{
	int glibc = t->libc && strcmp(t->libc, "musl") && strcmp(t->libc, "unknown");
	int has_vdso = t->vdso;

	if (has_vdso < 0 && !e->is64 && runs_here(e->machine))
		has_vdso = compat_vdso(e->machine);
	if (has_vdso < 0)
		has_vdso = vdso;
	if (!runs_here(e->machine))
		t->states |= 1 << FOREIGN;
	if (!(t->states & 1 << FOREIGN)) {
		/* What a process has was found out by ask_list. */
		t->states |= kernel_states(has_vdso) & ~(t->pid ? 1u << NO_LIST : 0);
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
		   e->is64 && minor_of(t->version) >= PRELOAD_GLIBC &&
		   /* It does not where the kernel does not help, and will where it does. */
		   (t->preload_acts || t->states & (1 << OLD_KERNEL | 1 << NO_VDSO | 1 << REFUSED))) {
		t->states |= 1 << PRELOAD;
	} else {
		t->states |= 1 << UNPATCHED;
	}
}

static int status_of(unsigned bits)
{
	int i;

	for (i = 0; i < STATES; i++)
		if (bits & 1u << i)
			return EXIT_STATES + i;
	return 0;
}

/* --- output ----------------------------------------------------------- */

/* The length of the UTF-8 sequence at S, 0 if it is none. */
static int utf8(const unsigned char *s)
{
	int n = *s < 0x80 ? 1 : *s >= 0xc2 && *s < 0xe0 ? 2 :
		*s >= 0xe0 && *s < 0xf0 ? 3 : *s >= 0xf0 && *s < 0xf5 ? 4 : 0;
	int i;

	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* Bytes that are not text become U+FFFD: file names may have any. */
static void json_string(const char *s)
{
	int n;

	if (!s) {
		printf("null");
		return;
	}
	putchar('"');
	for (; *s; s += n) {
		n = utf8((const unsigned char *)s);
		if (!n) {
			n = 1;
			printf("\\ufffd");
		} else if (*s == '"' || *s == '\\') {
			printf("\\%c", *s);
		} else if ((unsigned char)*s < 0x20 || *s == 0x7f) {
			printf("\\u%04x", *s);
		} else {
			printf("%.*s", n, s);
		}
	}
	putchar('"');
}

/* Nothing in a file name or in a file may act on the terminal. */
static void show(FILE *to, const char *s)
{
	for (; *s; s++)
		putc((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s, to);
}

/* The states to be advised on. */
static unsigned advice_for(const struct target *t)
{
	return t->privileged && t->states & 1u << UNPATCHED ?
		(t->states & ~(1u << UNPATCHED)) | 1u << UNPATCHED_PRIVILEGED : t->states;
}

static void advise(unsigned bits)
{
	int i;

	for (i = 0; i < ADVICES; i++) {
		if (!(bits & 1u << i) || (json && advices & 1u << i))
			continue;
		advices |= 1u << i;
		if (json) {
			printf("%s\n    ", advised++ ? "," : "");
			json_string(states[i].advice);
		} else {
			printf("  what to do: %s\n", states[i].advice);
		}
	}
}

static void json_states(unsigned bits)
{
	const char *sep = "";
	int i;

	putchar('[');
	for (i = 0; i < STATES; i++)
		if (bits & 1u << i) {
			printf("%s\"%s\"", sep, states[i].name);
			sep = ", ";
		}
	putchar(']');
}

static const char *boolean(int b)
{
	return b ? "true" : "false";
}

/* -1 is not known. */
static const char *maybe(int b)
{
	return b < 0 ? "null" : boolean(b);
}

static void print_json(const struct target *t, int n, unsigned all, int failed,
		       int status)
{
	unsigned advice = n ? 0 : all;
	int i;

	printf("{\n  \"kernel\": ");
	json_string(kernel.release);
	printf(",\n  \"vdso_symbol\": \"%s\",\n  \"vdso\": %s,\n"
	       "  \"futex_robust_unlock\": %s,\n  \"futex_error\": ",
	       TRY_UNLOCK_SYMBOL, boolean(vdso), boolean(!futex_error));
	json_string(futex_error ? strerrorname_np(futex_error) : NULL);
	printf(",\n  \"robust_list\": %s,\n  \"robust_list_error\": ",
	       maybe(list_error < 0 ? -1 : !list_error));
	json_string(list_error > 0 ? strerrorname_np(list_error) : NULL);
	printf(",\n  \"wake_passed_on\": %s,\n  \"programs\": [", maybe(passes_on));
	for (i = 0; i < n; i++, t++) {
		advice |= t->error ? 0 : advice_for(t);
		printf("%s\n    { \"path\": ", i ? "," : "");
		json_string(t->name);
		if (t->pid)
			printf(", \"pid\": %d, \"seccomp\": %d, \"robust_list\": %s",
			       (int)t->pid, t->seccomp, maybe(t->list));
		if (t->pid && t->list_error) {
			printf(", \"robust_list_error\": ");
			json_string(strerrorname_np(t->list_error));
		}
		if (t->script) {
			printf(", \"script\": ");
			json_string(t->script);
		}
		if (t->error) {
			printf(", \"error\": ");
			json_string(t->error);
			printf(", \"closed\": false }");
			continue;
		}
		printf(",\n      \"arch\": ");
		json_string(t->arch);
		printf(", \"libc\": \"%s\", \"version\": ", t->libc);
		json_string(t->version);
		printf(",\n      \"loader\": ");
		json_string(strcmp(t->libc, "static") ? t->loader : NULL);
		printf(", \"libc_file\": ");
		json_string(t->libc_file ? t->libc_file : t->loader);
		printf(",\n      \"patched\": %s, \"deleted\": %s, \"preload\": %s, "
		       "\"preload_acts\": %s, \"tunable\": ",
		       boolean(t->patched), boolean(t->deleted), boolean(t->preload),
		       maybe(t->preload ? t->preload_acts : -1));
		if (t->tunable < 0)
			printf("null");
		else
			printf("%d", t->tunable);
		printf(",\n      \"states\": ");
		json_states(t->states);
		printf(", \"closed\": %s }", boolean(!t->states));
	}
	printf("%s],\n  \"states\": ", n ? "\n  " : "");
	json_states(all);
	printf(",\n  \"closed\": %s,\n  \"status\": %d,\n  \"advice\": [",
	       boolean(!all && !failed), status);
	advise(advice);
	printf("%s]\n}\n", advised ? "\n  " : "");
}

static void print_target(const struct target *t)
{
	if (t->pid)
		printf("process: %d, ", (int)t->pid);
	else
		printf("program: ");
	show(stdout, t->name);
	if (t->script) {
		printf(", for the script ");
		show(stdout, t->script);
	}
	printf("\n  libc: ");
	if (!strcmp(t->libc, "static")) {
		printf("part of the program (static)");
	} else {
		printf("%s%s%s, ", t->libc, t->version ? " " : "",
		       t->version ? t->version : "");
		show(stdout, t->loader);
		if (t->libc_file) {
			printf(", ");
			show(stdout, t->libc_file);
		}
	}
	if (t->deleted)
		printf(" (deleted since the process was started)");
	printf("\n  patched: %s\n", t->patched ? "yes" : "no");
	if (t->preload)
		printf("  preloaded: %s.so%s\n", PRELOAD_NAME,
		       t->preload_acts < 0 ? "" : t->preload_acts ? ", which acts" :
		       ", which does not act (with ROBUST_UNLOCK_DEBUG=1 it says why)");
	if (t->tunable >= 0)
		printf("  %s: %d\n", tunable_name(), t->tunable);
	if (t->vdso >= 0)
		printf("  vDSO function in the process: %s\n", t->vdso ? "yes" : "no");
	if (t->list >= 0)
		printf("  robust list: %s%s\n", t->list ? "yes" :
		       t->list_error ? "no, a seccomp filter refuses set_robust_list: " :
		       lists_at_start(t) ? "no, although this libc registers one at the start" :
		       t->version && *t->version == '1' ?
		       "not yet (musl registers it when a thread first locks a process-shared robust mutex)" :
		       "no (whether its libc has asked for one is not known)",
		       t->list_error ? strerror(t->list_error) : "");
	if (t->seccomp)
		printf("  seccomp filter: %s\n",
		       t->states & 1 << FILTER ? "yes, it refuses FUTEX_ROBUST_UNLOCK" :
		       t->states & 1 << FILTER_UNKNOWN ? "yes" :
		       "yes, it lets FUTEX_ROBUST_UNLOCK pass");
	/* What the kernel lacks was said already. */
	advise(advice_for(t) & ~kernel_states(vdso));
}

static void print_text(const struct target *t, int n, unsigned all, int failed)
{
	int i, shown = 0;

	printf("kernel: Linux %s\n", kernel.release);
	printf("  vDSO function %s: %s\n", TRY_UNLOCK_SYMBOL, vdso ? "yes" : "no");
	printf("  futex flag FUTEX_ROBUST_UNLOCK: %s%s%s\n",
	       futex_error ? "no (" : "yes",
	       futex_error ? strerror(futex_error) : "", futex_error ? ")" : "");
	printf("  robust lists (set_robust_list): %s%s%s\n",
	       list_error < 0 ? "could not be determined" : list_error ? "no (" : "yes",
	       list_error > 0 ? strerror(list_error) : "", list_error > 0 ? ")" : "");
	printf("  the wake that a dying waiter consumed is passed on: %s\n",
	       passes_on < 0 ? "could not be determined" : passes_on ? "yes" :
	       "no (if several waiters are killed at once, the others may sleep forever; "
	       "Linux 7.2 passes it on, and so do the long-term series since 6.12.104 and 6.1.183)");
	advise(kernel_states(vdso));
	for (i = 0; i < n; i++)
		if (!t[i].error) {
			print_target(&t[i]);
			shown++;
		}
	if (all & 1 << NO_LIST)
		printf("Robust mutexes do NOT work: the death of an owner is reported to "
		       "nobody (%s).\n", states[NO_LIST].name);
	if (all & ~(1u << NO_LIST))
		printf("The race is NOT closed: a thread killed while it "
		       "unlocks a robust mutex can corrupt memory (%s).\n",
		       states[status_of(all) - EXIT_STATES].name);
	else if (!all && (shown || !failed))
		printf("The race is closed%s%s.\n", n ? "" :
		       " for programs that run on a patched libc",
		       failed ? " for what could be examined" : "");
}

static void usage(FILE *to)
{
	int i;

	fprintf(to, "usage: robust-check [--json] [--read-filter] [--root DIR] "
		"[--pid N]... [PROGRAM...]\n");
	if (to != stdout)
		return;
	printf("Says whether an unlock of a robust mutex is safe against the "
	       "death of its\nthread, on this kernel, for each PROGRAM and for "
	       "each process N. Exit status:\n  0  yes\n  %d  wrong usage\n"
	       "  %d  something could not be examined\n",
	       EXIT_USAGE, EXIT_UNREADABLE);
	for (i = 0; i < STATES; i++)
		printf("  %d %s\n", EXIT_STATES + i, states[i].name);
}

/* A decimal number of a process; 0 if it is none. */
static pid_t number(const char *s)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 10);
	return errno || *end || *s < '1' || *s > '9' || n > INT_MAX ? 0 : n;
}

int main(int argc, char **argv)
{
	struct target *t;
	int i, n = 0, status, failed = 0, options = 1;
	unsigned all;

	uname(&kernel);
	vdso = probe_vdso();
	futex_error = probe_futex();
	signal(SIGCHLD, SIG_DFL);	/* ignored, it takes the children's statuses away */
	probe_list();
	t = calloc(argc, sizeof(*t));
	if (!t)
		abort();
	/* --json and --root are for all, wherever they are. */
	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--json"))
			json = 1;
		else if (!strcmp(argv[i], "--read-filter"))
			read_filter = 1;
		else if (!strcmp(argv[i], "--root") && i + 1 < argc)
			root_dir = argv[++i];
		else if (!strcmp(argv[i], "--pid") && i + 1 < argc && number(argv[i + 1]))
			i++;
		else if (!strcmp(argv[i], "--help")) {
			usage(stdout);
			return 0;
		} else if (!strcmp(argv[i], "--version")) {
			puts("robust-check of robust-libc " VERSION);
			return 0;
		} else if (argv[i][0] == '-') {
			if (!strcmp(argv[i], "--pid") && i + 1 < argc)
				fprintf(stderr, "robust-check: %s: not a process id\n",
					argv[i + 1]);
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	for (i = 1; i < argc; i++) {
		t[n].tunable = t[n].vdso = t[n].preload_acts = t[n].list = -1;
		if (options && !strcmp(argv[i], "--"))
			options = 0;
		else if (options && !strcmp(argv[i], "--root"))
			i++;
		else if (options && !strcmp(argv[i], "--pid"))
			examine_process(number(argv[++i]), &t[n++]);
		else if (!options || argv[i][0] != '-')
			examine_program(argv[i], &t[n++]);
	}

	all = n ? 0 : kernel_states(vdso);
	if (list_error < 0) {
		failed = 1;
		fprintf(stderr, "robust-check: set_robust_list cannot be tried: no process can be made\n");
	}
	for (i = 0; i < n; i++) {
		all |= t[i].error ? 0 : t[i].states;
		if (!t[i].error)
			continue;
		failed = 1;
		fflush(stdout);
		fprintf(stderr, "robust-check: ");
		if (t[i].pid)
			fprintf(stderr, "process %d", (int)t[i].pid);
		else
			show(stderr, t[i].name);
		fprintf(stderr, ": ");
		show(stderr, t[i].error);
		putc('\n', stderr);
	}
	status = failed ? EXIT_UNREADABLE : status_of(all);
	if (json)
		print_json(t, n, all, failed, status);
	else
		print_text(t, n, all, failed);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "robust-check: cannot write: %s\n", strerror(errno));
		return EXIT_UNREADABLE;
	}
	return status;
}
