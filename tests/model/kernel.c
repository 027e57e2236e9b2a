// SPDX-License-Identifier: MIT
/* The kernel: futex(2), the vDSO function, and the walk of a thread's robust list
 * when the thread dies. Each function names the kernel functions that it models. */
#include "model.h"

struct kernel kernel;

int kernel_choose(const char *name)
{
	static const struct kernel kernels[] = {
		{ .name = "55", .vdso = 1 },
		{ .name = "55novdso" },
		{ .name = "62", .again = OWNERLESS, .vdso = 1 },
		{ .name = "sm", .again = OWNERLESS_OR_UNWAITED, .vdso = 1 },
		{ .name = "72", .again = OWNERLESS_OR_UNWAITED, .flag = 1, .function = 1, .vdso = 1 },
		{ .name = "72novdso", .again = OWNERLESS_OR_UNWAITED, .flag = 1 },
		{ .name = "72refuse", .again = OWNERLESS_OR_UNWAITED, .flag = 1, .function = 1, .vdso = 1,
		  .refuse = 1 },
		{ .name = "72midway", .again = OWNERLESS_OR_UNWAITED, .flag = 1, .function = 1, .vdso = 1,
		  .midway = 1 },
		{ .name = "72lie", .again = OWNERLESS_OR_UNWAITED, .flag = 1, .function = 1, .vdso = 1, .lie = 1 },
		{ .name = "72efault", .again = OWNERLESS_OR_UNWAITED, .flag = 1, .efault = 1 },
		{ .name = "72einval", .again = OWNERLESS_OR_UNWAITED, .flag = 1, .function = 1, .vdso = 1,
		  .einval = 1 },
		{ .name = "retain", .again = OWNERLESS_OR_UNWAITED, .flag = 1, .function = 1, .vdso = 1,
		  .retain = 1 },
		{ .name = "retainnovdso", .again = OWNERLESS_OR_UNWAITED, .flag = 1, .retain = 1 },
	};
	size_t i;

	for (i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		if (!strcmp(kernels[i].name, name)) {
			kernel = kernels[i];
			return 1;
		}
	return 0;
}

int kernel_find(unsigned tid)
{
	int i;

	for (i = 0; i < options.threads; i++)
		if (tid && (unsigned)world.threads[i].tls.tid == tid)
			return i;
	return -1;
}

static struct mutex *mutex_of(volatile const void *word)
{
	int i;

	for (i = 0; i < MUTEXES; i++)
		if (word == &WORD(&world.mutexes[i].m))
			return &world.mutexes[i];
	return NULL;
}

/* Every store of the kernel to the word. */
void kernel_store(struct mutex *m, unsigned value, const char *by)
{
	if (m->reused)
		mc_fail("P1-corruption", "the kernel (%s, T%d) changes reused memory %#x -> %#x",
			by, running, WORD(&m->m), value);
	WORD(&m->m) = value;
}

/* kernel/futex/waitwake.c: futex_wake (__futex_wake, collect_waiters), with the
 * bucket's lock. Any waiter may be the first. */
static int sleepers(const struct mutex *m, int *asleep)
{
	int i, count = 0;

	for (i = 0; i < options.threads; i++) {
		struct thread *t = &world.threads[i];

		if (t->futex != m - world.mutexes)
			continue;
		if (t->queued)
			return 0;	/* EINVAL: a PI futex */
		if (t->status == SLEEP)
			asleep[count++] = i;
	}
	return count;
}
static void futex_wake(struct mutex *m, int n)
{
	int asleep[THREADS], count = sleepers(m, asleep), i;

	while (count && n-- > 0) {
		struct thread *t;

		i = n >= count - 1 ? 0 : mc_choose(count, "which waiter is woken");
		t = &world.threads[asleep[i]];
		t->status = RUN;
		t->step = STEP_UNSEEN;
		t->result = 0;
		asleep[i] = asleep[--count];
	}
}

/* The caller is in the system call: a kill ends it afterwards. */
static void wake_in_call(struct mutex *m, int n)
{
	current->unkillable = 1;
	futex_wake(m, n);
	current->unkillable = 0;
}

long sleep_on(int futex, int timed)
{
	long result;

	current->futex = futex;
	current->status = SLEEP;
	current->timed = timed;
	thread_stop();
	current->timed = 0;
	if (!current->queued)
		current->futex = -1;
	result = current->result;
	current->result = 0;
	return result;
}

/* kernel/futex/waitwake.c: futex_wait_setup compares and queues with the bucket's lock. */
static long futex_wait(struct mutex *m, unsigned value, int timed)
{
	STEP("futex_wait");
	if (WORD(&m->m) != value)
		return -EAGAIN;
	return sleep_on(m - world.mutexes, timed);
}

/* The result of a system call with the flag if the kernel or a filter refuses it; 1
 * if the call proceeds. */
static long before_flagged_call(void)
{
	if (!kernel.flag)
		return -ENOSYS;
	if (kernel.midway && !current->filtered)
		current->filtered = mc_choose(2, "has a filter from now on?");
	if (kernel.refuse || current->filtered)
		return -EPERM;
	if (kernel.lie && mc_choose(2, "has a filter that says it is done?"))
		return 0;
	return 1;
}

/* kernel/futex/core.c: futex_robust_list_clear_pending */
static long clear_pending(void *pop)
{
	if (kernel.efault)
		return -EFAULT;
	*(void **)pop = NULL;
	return 0;
}

/* kernel/futex/waitwake.c: futex_wake with FLAGS_ROBUST_UNLOCK: futex_robust_unlock
 * stores and clears the slot, then wakes. */
static long futex_robust_unlock(struct mutex *m, int n, void *pop)
{
	int asleep[THREADS];
	long result;

	STEP("futex_wake|ROBUST_UNLOCK");
	result = before_flagged_call();
	if (result <= 0)
		return result;
	if (kernel.retain) {		/* a possible future kernel: with the bucket's lock */
		kernel_store(m, sleepers(m, asleep) > 1 ? WORD_WAITERS : 0,
			     "futex_robust_unlock");
		*(void **)pop = NULL;
		wake_in_call(m, 1);
		return 0;
	}
	kernel_store(m, 0, "futex_robust_unlock");
	result = clear_pending(pop);
	if (result)
		return result;
	if (kernel.einval && !sleepers(m, asleep) && mc_choose(2, "gets EINVAL?"))
		return -EINVAL;
	current->unkillable = 1;
	STEP("wake of FUTEX_ROBUST_UNLOCK");
	wake_in_call(m, n);
	return 0;
}

/* arch/x86/entry/vdso/common/vfutex.c: __vdso_futex_robust_list64_try_unlock. With
 * kernel/futex/core.c: __futex_fixup_robust_unlock, a death sees it as one step. */
unsigned mc_try_unlock(volatile void *lock, unsigned tid, void *pop)
{
	struct mutex *m = mutex_of(lock);
	unsigned old;

	STEP("vdso try_unlock");
	property_touch(m, NULL);
	old = WORD(&m->m);
	if (old == tid) {
		WORD(&m->m) = 0;
		*(void **)pop = NULL;
	}
	return old;
}

/* kernel/futex/pi.c: futex_unlock_pi with FLAGS_ROBUST_UNLOCK */
static long futex_robust_unlock_pi(struct mutex *m, void *pop)
{
	long result;

	STEP("futex_unlock_pi|ROBUST_UNLOCK");
	result = before_flagged_call();
	if (result > 0)
		result = futex_unlock_pi(m) ? : clear_pending(pop);
	return result;
}

/* kernel/futex/syscalls.c: do_futex */
static long do_futex(volatile void *addr, int op, int val, int timed, void *uaddr2)
{
	struct mutex *m = mutex_of(addr);
	int flag = op & 512;

	if (!m && flag) {		/* a libc tests the flag on a word of its own */
		long result;

		STEP("futex_wake|ROBUST_UNLOCK of no mutex");
		result = before_flagged_call();
		return result > 0 ? clear_pending(uaddr2) : result;
	}
	if (!m) {			/* the thread delays itself */
		sleep_on(-1, timed);
		return -ETIMEDOUT;
	}
	switch (op & 127) {
	case 0:				/* FUTEX_WAIT */
		return futex_wait(m, val, timed);
	case 1:				/* FUTEX_WAKE */
		if (flag)
			return futex_robust_unlock(m, val, uaddr2);
		STEP("futex_wake");
		wake_in_call(m, val);
		return 0;
	case 6:				/* FUTEX_LOCK_PI */
		return futex_lock_pi(m, 0, timed);
	case 7:				/* FUTEX_UNLOCK_PI */
		return flag ? futex_robust_unlock_pi(m, uaddr2) : futex_unlock_pi(m);
	case 8:				/* FUTEX_TRYLOCK_PI */
		return futex_lock_pi(m, 1, timed);
	}
	abort();
}

/* The system call. A signal interrupts a sleep, which restarts after the handler. */
long mc_futex(volatile void *addr, int op, int val, int timed, void *uaddr2)
{
	const void *pc = current->pc;
	long result;

	for (;;) {
		current->pc = NULL;
		result = do_futex(addr, op, val, timed, uaddr2);
		current->pc = pc;
		if (current->killed)
			application_die();
		if (!current->signalled)
			return result;
		current->signalled = 0;
		application_signal();
		if (result != -EINTR)
			return result;
	}
}

/* kernel/futex/core.c: handle_futex_death. PENDING: from list_op_pending. */
static void handle_futex_death(struct mutex *m, int pi, int pending)
{
	unsigned uval, owner;

	for (;;) {
		STEP("handle_futex_death: get_user");
		uval = WORD(&m->m);
		owner = uval & WORD_TID;
		/* The thread had to wake a waiter, or it consumed a wake and then
		 * died: repeat the wake. */
		if (pending && !pi && owner != (unsigned)current->tls.tid &&
		    (!uval || (!owner && kernel.again >= OWNERLESS) ||
		     (!(uval & WORD_WAITERS) && kernel.again >= OWNERLESS_OR_UNWAITED))) {
			STEP("handle_futex_death: futex_wake of the next");
			futex_wake(m, 1);
			return;
		}
		if (owner != (unsigned)current->tls.tid)
			return;
		STEP("handle_futex_death: cmpxchg");
		if (WORD(&m->m) == uval)
			break;
	}
	kernel_store(m, (uval & WORD_WAITERS) | WORD_DIED, "handle_futex_death");
	m->death_due = 1;
	if (m->holder == running)
		m->holder = -1;
	if (!pi && (uval & WORD_WAITERS)) {
		STEP("handle_futex_death: futex_wake");
		futex_wake(m, 1);
	}
}

/* kernel/futex/core.c: exit_robust_list, with fetch_robust_entry. */
#define ENTRY(x) ((char *)((uintptr_t)(x) & ~1ul))
#define IS_PI(x) ((int)((uintptr_t)(x) & 1))
static struct mutex *mutex_at(const char *entry, const char *where)
{
	int i;

	for (i = 0; i < MUTEXES; i++)
		if (entry == LINK(&world.mutexes[i].m))
			return &world.mutexes[i];
	mc_fail("P0-list", "wild pointer %s of T%d", where, running);
}
static void exit_robust_list(void)
{
	char *entry = HEAD(current), *pending = (char *)SLOT(current), *next;
	int limit = 4;
	struct mutex *m;

	while (ENTRY(entry) != (char *)&HEAD(current) && limit--) {
		m = mutex_at(ENTRY(entry), "on the list");
		next = *(char **)ENTRY(entry);
		if (ENTRY(entry) != ENTRY(pending))
			handle_futex_death(m, IS_PI(entry), 0);
		entry = next;
	}
	if (pending) {
		m = mutex_at(ENTRY(pending), "in the slot");
		handle_futex_death(m, IS_PI(pending), 1);
	}
}

/* kernel/futex/core.c: futex_exit_release: futex_cleanup_begin, futex_cleanup,
 * futex_cleanup_end */
void kernel_exit(void)
{
	if (options.pi)
		STEP("futex_cleanup_begin");
	current->exiting = running;
	if (current->registered)
		exit_robust_list();
	exit_pi_state_list();
	current->exiting = -1;
}

/* The rest of what the code under test asks the kernel. */
struct pthread *mc_self(void) { return &current->tls; }
int mc_policy(void) { return options.policy; }
void *mc_vdso(void) { return kernel.function ? (void *)mc_try_unlock : NULL; }
int mc_has_vdso(void) { return kernel.vdso; }
void mc_register(void) { current->registered = 1; }
