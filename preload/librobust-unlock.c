// SPDX-License-Identifier: MIT
/*
 * librobust-unlock.so, for LD_PRELOAD, replaces the unlock of robust mutexes of a
 * stock glibc (2.34 and newer, x86-64) by one that the kernel (7.2 and newer) makes
 * safe. doc/man/librobust-unlock.7 says what it does not cover.
 *
 * It acts only if it sees at start that the kernel helps and that this libc's
 * mutexes and robust list look as expected; ROBUST_UNLOCK_DEBUG=1 prints whether it
 * acts. It handles a call only if the owner of a robust mutex releases it. All
 * other calls, including errors and inner levels of recursive mutexes, go unchanged
 * to libc's own function.
 *
 * Nothing here allocates, takes a lock or changes errno.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#define EXPORTED __attribute__((visibility("default")))

typedef int unlock_function(pthread_mutex_t *);

/*
 * The version that glibc has had from its start: with a newer one, programs of
 * older releases would not even start with this library. Weak, because before 2.34
 * these symbols are in libdl and libpthread, which need not be loaded.
 */
#if defined(__x86_64__) && defined(__LP64__) && defined(__GLIBC__)
extern void *libcs_dlsym(void *, const char *) __attribute__((weak));
__asm__(".symver libcs_dlsym, dlsym@GLIBC_2.2.5");
/* Another name for pthread_mutex_unlock, for programs without libdl. */
extern unlock_function other_name __attribute__((weak));
__asm__(".symver other_name, __pthread_mutex_unlock@GLIBC_2.2.5");
#else
#define libcs_dlsym dlsym
#define other_name NULL
#endif

static unlock_function *libcs_unlock;

/* Other libraries' constructors may call it before ours has run. */
static int pass_on(pthread_mutex_t *m)
{
	unlock_function *f = __atomic_load_n(&libcs_unlock, __ATOMIC_RELAXED);

	if (__builtin_expect(!f, 0)) {
		if (libcs_dlsym)
			f = (unlock_function *)libcs_dlsym(RTLD_NEXT, "pthread_mutex_unlock");
		if (!f)
			f = other_name;
		/* glibc before 2.34 without libpthread does nothing either. */
		if (!f)
			return 0;
		__atomic_store_n(&libcs_unlock, f, __ATOMIC_RELAXED);
	}
	return f(m);
}

/* For the constructor below, in one of two versions, and its messages. */
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEBUG_VARIABLE "ROBUST_UNLOCK_DEBUG"

static int debugging(void)
{
	const char *wanted = secure_getenv(DEBUG_VARIABLE);

	return wanted && !strcmp(wanted, "1");
}

static void say(const char *what, const char *detail)
{
	char line[300];
	int n;

	if (!debugging())
		return;
	n = snprintf(line, sizeof(line), "librobust-unlock: %.50s (%d): %s%s\n",
		     program_invocation_short_name, (int)getpid(), what, detail);
	if (n > 0 && write(2, line, n) < 0)
		return;
}

#if defined(__x86_64__) && defined(__LP64__) && defined(__GLIBC__)

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "tunable.h"
#include "vdso-symbol.h"

#ifndef FUTEX_ROBUST_UNLOCK
#define FUTEX_ROBUST_UNLOCK 512
#endif

/* Values in pthread_mutex_t, all of them confirmed by probe_layout(). */
#define TYPE_MASK	127	/* of __kind, without the bit for pshared */
/* Ignored: glibc sets the first for private mutexes too, and PTHREAD_MUTEX_NORMAL
 * sets the second. */
#define TYPE_PSHARED	128
#define TYPE_NO_ELISION	512
#define TYPE_PI		32
#define TYPE_ROBUST	16
#define TYPE_RECURSIVE	1
#define INCONSISTENT	INT_MAX
#define NOT_RECOVERABLE	(INT_MAX - 1)

/* From an entry of the list (&__list.__next) to the lock word. */
#define FUTEX_OFFSET ((long)offsetof(struct __pthread_mutex_s, __lock) - \
		      (long)offsetof(struct __pthread_mutex_s, __list.__next))

typedef struct robust_list_head head_t;

static unsigned (*try_unlock)(int *lock, unsigned tid, struct robust_list **slot);
static int acting;
/* robust-check reads it in the memory of a process. */
extern int librobust_unlock_acts __attribute__((alias("acting"), visibility("default")));

/* The thread's id, relative to its list head. Read each time: after fork it is a
 * new one, in a child of vfork the parent's, as for libc. */
#define TID_OFFSET (-16)

/*
 * The list head, relative to the thread pointer: libc keeps both in its descriptor
 * of the thread. The library asks the kernel only at start. In each thread, it
 * would be a system call that a sandbox need not know and may kill for.
 */
static long head_offset;
#define DESCRIPTOR_SIZE	4096	/* more than any glibc's */

/* syscall(2) would change errno. */
static long kernel(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = 0;
	long ret;

	__asm__ volatile("syscall" : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

/* libc always wakes a robust mutex as a shared one, because the kernel does so when
 * an owner dies. */
static long futex(int *lock, int op, struct robust_list **slot)
{
	return kernel(SYS_futex, (long)lock, op, 1, 0, (long)slot);
}

static int tid_of(const head_t *head)
{
	return *(const volatile int *)((const char *)head + TID_OFFSET);
}

static head_t *own_list(void)
{
	return (head_t *)((char *)__builtin_thread_pointer() + head_offset);
}

static struct __pthread_internal_list *entry(const void *p)
{
	return (void *)(((uintptr_t)p & ~1UL) -
			offsetof(struct __pthread_internal_list, __next));
}

/* The last refusal that this thread got. After ENOSYS, or if an emulator does not
 * pass the slot on, the thread does not ask again. Other errors may concern one
 * mutex, and a seccomp filter may apply to some threads only. */
static _Thread_local enum { NEVER, OTHER_ERROR, FLAG_UNKNOWN } refused
	__attribute__((tls_model("initial-exec")));

/*
 * Store 0 to the lock word, clear the slot, wake a waiter: with the kernel's help,
 * or if the kernel refuses, as stock glibc does.
 */
static void give_away(int *lock, int tid, int pi, head_t *head)
{
	struct robust_list *volatile *slot = (void *)&head->list_op_pending;
	struct robust_list **slot_arg = (struct robust_list **)slot;
	int op = pi ? FUTEX_UNLOCK_PI : FUTEX_WAKE, old;
	long ret;

	/* Without waiters the word is just the id, and the locked exchange in the
	 * vDSO is the store that releases. If the thread dies before it, the kernel
	 * sees our id behind the slot and marks the mutex. If it dies between that
	 * store and the next, the kernel clears the slot before it handles the
	 * signal. The kernel has no state for the word of a PI mutex without
	 * waiters. */
	if (try_unlock(lock, tid, slot_arg) == (unsigned)tid)
		return;

	if (__builtin_expect(refused == FLAG_UNKNOWN, 0))
		goto stock;

	/* Nothing is stored so far, and there are waiters. Now the kernel makes the
	 * store that releases, and clears the slot before it handles a signal. */
	ret = futex(lock, op | FUTEX_ROBUST_UNLOCK, slot_arg);

	/* The kernel may return these after the release; a filter or an emulator,
	 * before it. Other errors come before it. The slot, which belongs to this
	 * thread, shows which: the kernel clears it right after the store. */
	if (ret >= 0 || ret == -EFAULT || (ret == -EINVAL && !pi)) {
		if (!*slot)
			return;
		/* Nobody else may replace our id. If it is gone, the mutex is
		 * released and must not be touched again. */
		if ((__atomic_load_n(lock, __ATOMIC_RELAXED) & FUTEX_TID_MASK) != tid) {
			if (!pi)
				futex(lock, FUTEX_WAKE, NULL);
			*slot = NULL;
			/* An emulator does not pass the slot on. Do not ask it
			 * again: this read may be too late, the memory gone. */
			refused = FLAG_UNKNOWN;
			return;
		}
	}

	refused = ret == -ENOSYS ? FLAG_UNKNOWN : OTHER_ERROR;
stock:
	/* Refused, and still ours: the stock sequence. If the thread dies before
	 * the store that releases, the kernel marks the mutex. A death after that
	 * store and before the slot is clear is the race of stock glibc. */
	if (!pi) {
		if (__atomic_exchange_n(lock, 0, __ATOMIC_RELEASE) & FUTEX_WAITERS)
			futex(lock, FUTEX_WAKE, NULL);
	} else {
		old = tid;
		if (!__atomic_compare_exchange_n(lock, &old, 0, 0, __ATOMIC_RELEASE,
						 __ATOMIC_RELAXED))
			futex(lock, FUTEX_UNLOCK_PI, NULL);
	}
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	*slot = NULL;
}

/* Whether the owner releases the mutex. Reads only; libc's function judges the
 * rest. */
static int is_release(const struct __pthread_mutex_s *d, int type, int tid)
{
	if ((__atomic_load_n(&d->__lock, __ATOMIC_RELAXED) & FUTEX_TID_MASK) != tid)
		return 0;
	return (type & 3) != TYPE_RECURSIVE ||
	       (d->__count == 1 && (d->__owner == tid || d->__owner == INCONSISTENT));
}

/* The same stores in the same order as in stock glibc's
 * __pthread_mutex_unlock_full. The comment at each says what the kernel finds if
 * the thread dies right after it. */
static void release(struct __pthread_mutex_s *d, int type, int tid, head_t *head)
{
	int pi = !!(type & TYPE_PI);
	void *me = (char *)&d->__list.__next + pi;
	struct __pthread_internal_list *next, *prev;

	/* The mutex is still listed. */
	if ((type & 3) == TYPE_RECURSIVE)
		d->__count = 0;

	/* Slot first. From here on the kernel finds the mutex through it, listed or
	 * not, and treats it as a PI one if bit 0 says so. The word still has our
	 * id, so the kernel marks the mutex and wakes a waiter. Others may only add
	 * FUTEX_WAITERS to the word. */
	*(void *volatile *)&head->list_op_pending = me;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);

	/* Off the list. Only we use __prev; the kernel follows __next: before the
	 * second store it walks over the mutex, after it past it. The mutex's own
	 * entry must not change before that. */
	next = entry(d->__list.__next);
	next->__prev = d->__list.__prev;
	prev = entry(d->__list.__prev);
	*(void *volatile *)&prev->__next = d->__list.__next;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	d->__list.__prev = NULL;
	d->__list.__next = NULL;

	/* The kernel marks the mutex as before, through the slot. The mark in the
	 * word tells the next owner of a death, whatever these fields hold. If the
	 * owner has not made the mutex consistent, __owner tells all others. The
	 * release below orders these stores before the word for the next owner. */
	d->__owner = d->__owner == INCONSISTENT ? NOT_RECOVERABLE : 0;
	d->__nusers--;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);

	/* The last access to the mutex. */
	give_away(&d->__lock, tid, pi, head);
}

EXPORTED int pthread_mutex_unlock(pthread_mutex_t *m)
{
	struct __pthread_mutex_s *d = &m->__data;
	int type = __atomic_load_n(&d->__kind, __ATOMIC_RELAXED) & TYPE_MASK;
	head_t *head;
	int tid;

	if (__builtin_expect((type & ~(TYPE_PI | 3)) == TYPE_ROBUST, 0) &&
	    __atomic_load_n(&acting, __ATOMIC_ACQUIRE)) {
		head = own_list();
		tid = tid_of(head);
		if (is_release(d, type, tid)) {
			release(d, type, tid, head);
			return 0;
		}
	}
	return pass_on(m);
}

/* The rest runs once, at start. */

/*
 * The errno with which the kernel refuses set_robust_list, which libc calls at the
 * start of each thread without reporting a refusal; 0 if the thread has a list.
 * If there is no list, the registration of none changes nothing.
 */
static int list_refused(void)
{
	head_t *head;
	size_t size;

	if (kernel(SYS_get_robust_list, 0, (long)&head, (long)&size, 0, 0) || head)
		return 0;
	return -kernel(SYS_set_robust_list, 0, sizeof(*head), 0, 0, 0);
}

/* Set head_offset, if the kernel's list for this thread is libc's. */
static int find_list(void)
{
	head_t *head = NULL;
	size_t size;

	if (kernel(SYS_get_robust_list, 0, (long)&head, (long)&size, 0, 0) || !head ||
	    size != sizeof(*head))
		return 0;
	head_offset = (char *)head - (char *)__builtin_thread_pointer();
	return head_offset >= -TID_OFFSET && head_offset < DESCRIPTOR_SIZE &&
	       head->futex_offset == FUTEX_OFFSET &&
	       tid_of(head) == kernel(SYS_gettid, 0, 0, 0, 0, 0);
}

static int looks_like(pthread_mutex_t *m, int tid, int kind, void *prev, void *next)
{
	pthread_mutex_t want;

	memset(&want, 0, sizeof(want));
	want.__data.__lock = want.__data.__owner = tid;
	want.__data.__nusers = !!tid;
	/* Each lock sets it, and the unlock of all but recursive mutexes leaves it. */
	want.__data.__count = tid ? 1 : (kind & 3) == TYPE_RECURSIVE ? 0 : m->__data.__count;
	want.__data.__kind = kind;
	want.__data.__list.__prev = prev;
	want.__data.__list.__next = next;
	return !memcmp(m, &want, sizeof(want));
}

/* Lock two mutexes of this kind with libc, unlock one with libc and the other with
 * this library, with and without FUTEX_WAITERS: each byte must be as expected. */
static int probe_kind(const pthread_mutexattr_t *attr, int kind, head_t *head, int waiters)
{
	int (*lock)(pthread_mutex_t *) = libcs_dlsym(RTLD_DEFAULT, "pthread_mutex_lock");
	int (*init)(pthread_mutex_t *, const pthread_mutexattr_t *) =
		libcs_dlsym(RTLD_DEFAULT, "pthread_mutex_init");
	int pi = !!(kind & TYPE_PI), tid = tid_of(head), empty;
	void *first = head->list.next, *volatile *next = (void *)&head->list.next;
	struct __pthread_internal_list *as_entry = entry(head);
	pthread_mutex_t a, b;
	void *at_a = &a.__data.__list.__next, *at_b = &b.__data.__list.__next;

	empty = first == (void *)head;
	if (init(&a, attr) || init(&b, attr) ||
	    (a.__data.__kind & ~(TYPE_NO_ELISION | TYPE_PSHARED)) != kind)
		return 0;
	kind = a.__data.__kind;
	if (!looks_like(&a, 0, kind, NULL, NULL) || lock(&a))
		return 0;
	if (!looks_like(&a, tid, kind, head, first) || *next != (char *)at_a + pi ||
	    (empty && (void *)as_entry->__prev != at_a) || lock(&b) ||
	    !looks_like(&b, tid, kind, head, (char *)at_a + pi) ||
	    !looks_like(&a, tid, kind, at_b, first) || *next != (char *)at_b + pi)
		goto undo;
	/* First the mutex further down the list, then the last one. */
	if (pass_on(&a) || !looks_like(&a, 0, kind, NULL, NULL) ||
	    !looks_like(&b, tid, kind, head, first))
		goto undo;
	b.__data.__lock |= waiters;
	if (!is_release(&b.__data, kind & TYPE_MASK, tid))
		goto undo;
	release(&b.__data, kind & TYPE_MASK, tid, head);
	return looks_like(&b, 0, kind, NULL, NULL) && *next == first &&
	       !head->list_op_pending && (!empty || (void *)as_entry->__prev == head);
undo:
	/* The list must not lead to this stack frame. libc refuses to unlock a
	 * mutex that it has not locked. */
	pass_on(&b);
	pass_on(&a);
	return 0;
}

static int probe_layout(head_t *head)
{
	/* Look them up by name, because their default versions are newer than 2.34. */
	int (*init)(pthread_mutexattr_t *) = libcs_dlsym(RTLD_DEFAULT, "pthread_mutexattr_init");
	int (*set[4])(pthread_mutexattr_t *, int) = {
		libcs_dlsym(RTLD_DEFAULT, "pthread_mutexattr_setrobust"),
		libcs_dlsym(RTLD_DEFAULT, "pthread_mutexattr_settype"),
		libcs_dlsym(RTLD_DEFAULT, "pthread_mutexattr_setpshared"),
		libcs_dlsym(RTLD_DEFAULT, "pthread_mutexattr_setprotocol"),
	};
	pthread_mutexattr_t attr;
	int i, type, pi, shared;

	if (!init || !set[0] || !set[1] || !set[2] || !set[3] ||
	    head->futex_offset != FUTEX_OFFSET || head->list_op_pending)
		return 0;
	for (i = 0; i < 16; i++) {
		type = i & 3;	/* PTHREAD_MUTEX_NORMAL and so on are these */
		pi = i & 4;
		shared = i & 8;
		if (init(&attr) || set[0](&attr, PTHREAD_MUTEX_ROBUST) ||
		    set[1](&attr, type) ||
		    set[2](&attr, shared ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE) ||
		    set[3](&attr, pi ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE))
			return 0;
		type |= TYPE_ROBUST | (pi ? TYPE_PI : 0);
		if (!probe_kind(&attr, type, head, 0) ||
		    !probe_kind(&attr, type, head, FUTEX_WAITERS))
			return 0;
	}
	return 1;
}

/*
 * Start a process that sleeps as long as *word is 0, and ends. It shares everything
 * with this one, and uses only registers. A signal handler would need a stack, so
 * signals must be blocked. It is not a thread, because a thread might still exist
 * for a moment when the program makes a call that is permitted only without
 * threads. Only this function's caller can wait for it. If nobody wakes it, it does
 * not sleep long.
 */
static int start_sleeper(int *word)
{
	static const struct timespec limit = { 20, 0 };
	register long r10 __asm__("r10") = 0, r8 __asm__("r8") = 0;
	register const void *r12 __asm__("r12") = word, *r13 __asm__("r13") = &limit;
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %[futex], %%eax\n\t"
			 "mov %%r12, %%rdi\n\t"
			 "mov %[wait], %%esi\n\t"
			 "xor %%edx, %%edx\n\t"
			 "mov %%r13, %%r10\n\t"
			 "syscall\n\t"
			 "mov %[exit], %%eax\n\t"
			 "xor %%edi, %%edi\n\t"
			 "syscall\n"
			 "1:"
			 : "=a"(ret)
			 : "0"(SYS_clone), "D"(CLONE_VM | CLONE_FS | CLONE_FILES |
					       CLONE_SIGHAND | CLONE_UNTRACED),
			   "S"(0), "d"(0), "r"(r10), "r"(r8), "r"(r12), "r"(r13),
			   [futex] "i"(SYS_futex), [wait] "i"(FUTEX_WAIT), [exit] "i"(SYS_exit)
			 : "rcx", "r11", "memory");
	return ret;
}

/*
 * What the kernel leaves in the word of a mutex that it has released while others
 * still wait: 0, or FUTEX_WAITERS, as a future kernel may. A thread of a stock
 * glibc never acquires a mutex with that word. Returns -1 if the library cannot
 * create processes to test it.
 */
static long left_with_waiters(int tid)
{
	static const struct timespec a_moment = { 0, 1000000 };
	int first = 0, word = tid | FUTEX_WAITERS, pid[2], i;
	unsigned long all = ~0UL, mask;
	struct robust_list *pending = (void *)8;
	long left = -1, ret, waiting = 0;

	kernel(SYS_rt_sigprocmask, SIG_BLOCK, (long)&all, (long)&mask, sizeof(mask), 0);
	for (i = 0; i < 2; i++)
		pid[i] = start_sleeper(&first);
	kernel(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof(mask), 0);
	/* A process that was moved to the word does sleep. */
	for (i = 0; pid[0] > 0 && pid[1] > 0 && i < 5000; i++) {
		/* Only if it is 0, the last argument. */
		ret = kernel(SYS_futex, (long)&first, FUTEX_CMP_REQUEUE, 0, 2, (long)&word);
		waiting += ret;
		if (ret < 0 || waiting == 2)
			break;
		if (i < 100)
			kernel(SYS_sched_yield, 0, 0, 0, 0, 0);
		else
			kernel(SYS_nanosleep, (long)&a_moment, 0, 0, 0, 0);
	}
	if (waiting == 2 && futex(&word, FUTEX_WAKE | FUTEX_ROBUST_UNLOCK, &pending) == 1)
		left = (unsigned)__atomic_load_n(&word, __ATOMIC_RELAXED);
	__atomic_store_n(&first, 1, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++) {
		kernel(SYS_futex, (long)&first, FUTEX_WAKE, 2, 0, 0);
		kernel(SYS_futex, (long)&word, FUTEX_WAKE, 2, 0, 0);
		while (pid[i] > 0 &&
		       kernel(SYS_wait4, pid[i], 0, __WALL, 0, 0) == -EINTR)
			;
	}
	return left;
}

/* A libc uses the function if its dynamic linker contains its name. */
static int search_linker(struct dl_phdr_info *o, size_t size, void *in_linker)
{
	uintptr_t at = (uintptr_t)in_linker, start;
	int i, found = 0, linker = 0;

	(void)size;
	for (i = 0; i < o->dlpi_phnum; i++) {
		if (o->dlpi_phdr[i].p_type != PT_LOAD)
			continue;
		start = o->dlpi_addr + o->dlpi_phdr[i].p_vaddr;
		linker |= at - start < o->dlpi_phdr[i].p_memsz;
	}
	for (i = 0; linker && i < o->dlpi_phnum; i++)
		if (o->dlpi_phdr[i].p_type == PT_LOAD && !(o->dlpi_phdr[i].p_flags & PF_W))
			found |= !!memmem((char *)o->dlpi_addr + o->dlpi_phdr[i].p_vaddr,
					  o->dlpi_phdr[i].p_filesz, TRY_UNLOCK_SYMBOL,
					  sizeof(TRY_UNLOCK_SYMBOL) - 1);
	return !linker ? 0 : found ? 2 : 1;
}

static int older_than_2_34(const char *version)
{
	unsigned part[2] = { 0, 0 }, i;

	for (i = 0; i < 2; i++) {
		while (*version >= '0' && *version <= '9')
			part[i] = part[i] * 10 + (*version++ - '0');
		if (!i && *version++ != '.')
			return 1;
	}
	return part[0] < 2 || (part[0] == 2 && part[1] < 34);
}

/* The reason not to act, or NULL. The cheapest checks come first. */
static const char *reason(void)
{
	static char no_list[150];
	const char *(*version)(void);
	struct robust_list **slot, *pending = (void *)8;
	void *linker;
	head_t *head;
	int word, tid;
	long ret;

	if (!libcs_dlsym)
		return "glibc is older than 2.34";
	version = libcs_dlsym(RTLD_DEFAULT, "gnu_get_libc_version");
	if (!version)
		return "this libc is not glibc";
	if (older_than_2_34(version()))
		return "glibc is older than 2.34";
	if (!libcs_unlock)
		return "libc has no pthread_mutex_unlock";
	if (libcs_dlsym(RTLD_DEFAULT, "pthread_mutex_unlock") == (void *)libcs_unlock)
		return "it was not preloaded but loaded later, so nothing calls it";

	/* Only for the message: without a list, find_list() fails too. */
	word = debugging() ? list_refused() : 0;
	if (word) {
		snprintf(no_list, sizeof(no_list), "set_robust_list is refused (errno %d): the "
			 "kernel does not know which mutexes a thread holds, and reports no owner's death",
			 word);
		return no_list;
	}

	try_unlock = vdso_symbol(TRY_UNLOCK_SYMBOL);
	if (!try_unlock)
		return "the kernel's vDSO has no " TRY_UNLOCK_SYMBOL " (Linux 7.2 has it)";
	linker = libcs_dlsym(RTLD_DEFAULT, "_r_debug");
	switch (linker ? dl_iterate_phdr(search_linker, linker) : 0) {
	case 0: return "the dynamic linker was not found";
	case 2: return get_tunable(secure_getenv("GLIBC_TUNABLES")) ?
			"this glibc releases robust mutexes with the kernel's help itself" :
			"this glibc does it itself, but GLIBC_TUNABLES switches that off";
	}
	if (!find_list())
		return "the kernel does not tell of this thread's robust list and id";
	head = own_list();
	tid = tid_of(head);

	slot = &pending;
	word = tid | FUTEX_WAITERS;
	if (try_unlock(&word, tid, slot) == (unsigned)tid ||
	    word != (int)(tid | FUTEX_WAITERS) || !pending)
		return "the vDSO function does not do what it should";
	word = tid;
	if (try_unlock(&word, tid, slot) != (unsigned)tid || word || pending)
		return "the vDSO function does not do what it should";
	word = tid;
	pending = (void *)8;
	ret = futex(&word, FUTEX_WAKE | FUTEX_ROBUST_UNLOCK, slot);
	if (ret || word || *(struct robust_list *volatile *)slot)
		return "the kernel or a filter refuses FUTEX_ROBUST_UNLOCK";
	switch (left_with_waiters(tid)) {
	case 0: break;
	case FUTEX_WAITERS:
		return "this kernel leaves a bit in a mutex with waiters on which glibc's lock sleeps forever";
	default: return "it cannot be found out what the kernel leaves in a mutex with waiters";
	}
	if (!probe_layout(head))
		return "the mutexes of this libc do not look as expected";
	/* Some of those unlocks were contended. */
	if (refused != NEVER)
		return "the kernel or a filter refuses FUTEX_ROBUST_UNLOCK for one kind of mutex";
	return NULL;
}

__attribute__((constructor)) static void start(void)
{
	const char *why;
	int err = errno;

	if (libcs_dlsym)
		libcs_unlock = (unlock_function *)libcs_dlsym(RTLD_NEXT, "pthread_mutex_unlock");
	why = reason();
	if (!why)
		__atomic_store_n(&acting, 1, __ATOMIC_RELEASE);
	/* There may be a second copy, which nothing calls. */
	if (!libcs_dlsym || libcs_dlsym(RTLD_DEFAULT, "librobust_unlock_acts") == &acting)
		say(why ? "not acting: " : "acting", why ? why : "");
	errno = err;
}

#else

EXPORTED int pthread_mutex_unlock(pthread_mutex_t *m)
{
	return pass_on(m);
}

__attribute__((constructor)) static void start(void)
{
	say("not acting: ", "it knows glibc on x86-64 only");
}

#endif
