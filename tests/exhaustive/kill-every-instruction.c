// SPDX-License-Identifier: MIT
/*
 * Kill the owner of a robust mutex at every instruction of pthread_mutex_unlock()
 * and see what the kernel leaves behind.
 *
 * Usage: kill-every-instruction [--control=corruptions|corruptions-only|asleep]
 *                               [--arrival] [SCENARIO...]
 *
 * The test single-steps a new owner process to instruction boundary 0, 1, 2... of
 * its unlock and stops it there. If the unlock has already released the lock word,
 * the test reuses the memory of the mutex and puts the owner's TID in the place of
 * the lock word:
 *   remap    another thread of the owner maps a different file over it;
 *   rewrite  another process destroys the mutex and stores data in its place.
 * Then the test kills the owner with SIGKILL, and each of these must hold:
 *   - no byte of the reused memory changed             (else: corruption, C)
 *   - a waiter in another process got the mutex        (else: asleep, W)
 *   - the next owner saw EOWNERDEAD if the word was not yet released, and
 *     success if it was                                (else: wrong, X)
 *
 * In the scenarios named "inconsistent" the owner acquired the mutex from a dead
 * owner and has not made it consistent. The next owner then has to see
 * ENOTRECOVERABLE instead of success. It may see that before the release too, if
 * the mutex is already unrecoverable.
 *
 * In the scenarios named "unusable" the mutex is unrecoverable, and the test steps
 * the lock, trylock or timedlock of a thread that does not know that yet. The
 * thread may have to acquire the mutex to see its state, and then releases it
 * again. A call that keeps the mutex (stock glibc's trylock) counts as a waiter
 * left asleep.
 *
 * In the scenarios named "exit" the owner calls pthread_exit, which releases the
 * thread's mutexes. The test steps it up to the exit system call. A waiter has to
 * see EOWNERDEAD. In "exit-waiter" the memory is then reused, as with rewrite; in
 * "pi-exit-waiter" the waiter gets the mutex only when the thread is gone.
 *
 * A loop of load-exclusive and store-exclusive is one step (see single-step.h): the
 * test examines the boundaries right before it and right after the store. It stops
 * when the unlock has returned. It prints one map per scenario, with one character
 * per boundary: '-' for a kill before the release, '.' for one after it without
 * damage, 'p' for one after it where libc delayed the remapping, and C, W and X as
 * above.
 *
 * Fails on: stock glibc (corruptions), stock musl (waiters left asleep, and
 * corruptions by rewrite), any libc on a kernel before 7.2.
 *
 * With musl, the scenarios inconsistent-rewrite, inconsistent-waiter-rewrite,
 * pi-inconsistent-rewrite and exit-waiter show corruptions on every kernel. The test
 * counts them, and tests/wrap/no-worse-than-stock limits them.
 *
 * --control reverses the result: the test fails unless it sees the named damage
 * (corruptions-only: and no waiter left asleep).
 *
 * --arrival kills nobody. At each boundary a waiter comes, in another process, and
 * the owner goes on once the waiter sleeps or has its answer. The waiter has to get
 * the mutex, or ENOTRECOVERABLE, and the owner's call has to return the right
 * result (else: W, X). It applies to scenarios without a waiter. Without names, it
 * runs one of each two that differ only in the reuse of the memory.
 *
 * Exit status: 0 as expected, 1 not as expected, 2 wrong usage, 77 skipped (not
 * possible here, with the reason), 99 the harness itself failed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "single-step.h"

#define MUTEX_OFFSET	256	/* keeps data on both sides of the mutex */
#define MAX_BOUNDARIES	100000	/* an unlock that never returns */

/* A thread that sleeps this long without a break is stuck. */
#define STUCK_MS	patience(300)
/* If anything takes longer, the harness has failed. */
#define PATIENCE_MS	patience(60000)

struct scenario {
	const char *name;
	int protocol;
	int waiter;
	int rewrite;
	int inconsistent;
	void (*taker)(void);	/* the function to step instead of the unlock */
};

#define F(f) ((void (*)(void))(f))

static const struct scenario scenarios[] = {
	{ "robust-remap",		PTHREAD_PRIO_NONE,	0, 0, 0, NULL },
	{ "robust-waiter-remap",	PTHREAD_PRIO_NONE,	1, 0, 0, NULL },
	{ "pi-remap",			PTHREAD_PRIO_INHERIT,	0, 0, 0, NULL },
	{ "pi-waiter-remap",		PTHREAD_PRIO_INHERIT,	1, 0, 0, NULL },
	{ "robust-rewrite",		PTHREAD_PRIO_NONE,	0, 1, 0, NULL },
	{ "robust-waiter-rewrite",	PTHREAD_PRIO_NONE,	1, 1, 0, NULL },
	{ "pi-rewrite",			PTHREAD_PRIO_INHERIT,	0, 1, 0, NULL },
	{ "pi-waiter-rewrite",		PTHREAD_PRIO_INHERIT,	1, 1, 0, NULL },
	{ "inconsistent-remap",		PTHREAD_PRIO_NONE,	0, 0, 1, NULL },
	{ "inconsistent-waiter-remap",	PTHREAD_PRIO_NONE,	1, 0, 1, NULL },
	{ "pi-inconsistent-remap",	PTHREAD_PRIO_INHERIT,	0, 0, 1, NULL },
	{ "pi-inconsistent-waiter-remap", PTHREAD_PRIO_INHERIT,	1, 0, 1, NULL },
	{ "inconsistent-rewrite",	PTHREAD_PRIO_NONE,	0, 1, 1, NULL },
	{ "inconsistent-waiter-rewrite", PTHREAD_PRIO_NONE,	1, 1, 1, NULL },
	{ "pi-inconsistent-rewrite",	PTHREAD_PRIO_INHERIT,	0, 1, 1, NULL },
	{ "pi-inconsistent-waiter-rewrite", PTHREAD_PRIO_INHERIT, 1, 1, 1, NULL },
	{ "unusable-lock",		PTHREAD_PRIO_NONE,	0, 1, 1, F(pthread_mutex_lock) },
	{ "unusable-trylock",		PTHREAD_PRIO_NONE,	0, 1, 1, F(pthread_mutex_trylock) },
	{ "unusable-timedlock",		PTHREAD_PRIO_NONE,	0, 1, 1, F(pthread_mutex_timedlock) },
	{ "pi-unusable-lock",		PTHREAD_PRIO_INHERIT,	0, 1, 1, F(pthread_mutex_lock) },
	{ "pi-unusable-trylock",	PTHREAD_PRIO_INHERIT,	0, 1, 1, F(pthread_mutex_trylock) },
	{ "pi-unusable-timedlock",	PTHREAD_PRIO_INHERIT,	0, 1, 1, F(pthread_mutex_timedlock) },
#ifndef __GLIBC__	/* glibc leaves the mutexes of an exiting thread to the kernel */
	{ "exit-waiter",		PTHREAD_PRIO_NONE,	1, 1, 0, F(pthread_exit) },
	{ "pi-exit-waiter",		PTHREAD_PRIO_INHERIT,	1, 0, 0, F(pthread_exit) },
#endif
};
#define NR_SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

/* Shared by the harness, the owner and the waiter. */
struct control {
	volatile int owner_expects;	/* the result of its lock */
	volatile int owner_locked;
	volatile int owner_go;
	volatile int helper_tid;
	volatile int remap;
	volatile int remapped;
	volatile int waiter_result;	/* -1 until it has the mutex */
	volatile int waiter_error;
	volatile int unlocked;		/* 1 + the result of the call */
};

struct count {
	int boundaries, corruptions, asleep, wrong;
	int known;	/* known corruptions among them */
};

static struct control *ctl;
static unsigned char *mutex_page;	/* at this address in every process */
static unsigned char *other_page;	/* the harness' view of the other file */
static int other_fd;
static pid_t owner, waiter;		/* 0: not running */
static int arrivals;			/* --arrival */
/* The function to step. A pointer, so the address is that of the function and not
 * that of a PLT entry. */
static int (*volatile stepped)(pthread_mutex_t *, const struct timespec *);
#define exits ((int (*)(pthread_mutex_t *, const struct timespec *))F(pthread_exit))

void cleanup(void)
{
	if (owner > 0)
		kill(owner, SIGKILL);
	if (waiter > 0)
		kill(waiter, SIGKILL);
}

static void sleep_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

static pthread_mutex_t *mutex(void)
{
	return (pthread_mutex_t *)(mutex_page + MUTEX_OFFSET);
}

/* Wait until *flag differs from @from. Returns 1 if the thread sleeps for STUCK_MS
 * without a break, or ends. */
static int wait_or_stuck(volatile int *flag, int from, pid_t pid, pid_t tid)
{
	int asleep = 0, total = 0;

	while (*flag == from) {
		char state = thread_state(pid, tid);

		asleep = state == 'S' ? asleep + 1 : 0;
		if (asleep > STUCK_MS)
			return *flag == from;
		if (!state || state == 'Z')
			return *flag == from;
		if (++total > PATIENCE_MS)
			die("thread %d is neither done nor asleep", (int)tid);
		sleep_ms(1);
	}
	return 0;
}

static void *remapper(void *arg)
{
	(void)arg;
	ctl->helper_tid = gettid();
	while (!ctl->remap)
		sleep_ms(1);
	if (mmap(mutex_page, PAGE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, other_fd, 0) == mutex_page)
		ctl->remapped = 1;
	else
		ctl->remapped = -1;
	for (;;)
		pause();
	return NULL;
}

__attribute__((noreturn))
static void owner_process(void)
{
	static const struct timespec never = { 2000000000, 0 };
	pthread_t t;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pthread_create(&t, NULL, remapper, NULL))
		_exit(98);
	if (ctl->owner_expects != ENOTRECOVERABLE &&
	    pthread_mutex_lock(mutex()) != ctl->owner_expects)
		_exit(97);
	ctl->owner_locked = 1;
	while (!ctl->owner_go)
		sleep_ms(1);
	if (!stop_to_be_stepped())
		_exit(77);
	ctl->unlocked = 1 + stepped(mutex(), &never);
	for (;;)
		pause();
}

__attribute__((noreturn))
static void waiter_process(void)
{
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	r = pthread_mutex_lock(mutex());
	if (r == EOWNERDEAD && pthread_mutex_consistent(mutex()))
		ctl->waiter_error = 1;
	if ((r == 0 || r == EOWNERDEAD) && pthread_mutex_unlock(mutex()))
		ctl->waiter_error = 2;
	ctl->waiter_result = r;
	_exit(0);
}

/* An owner that dies, so the next one acquires an inconsistent mutex. */
__attribute__((noreturn))
static void first_owner_process(void)
{
	_exit(pthread_mutex_lock(mutex()) != 0);
}

static volatile unsigned *lock_word(pid_t tid)
{
	static int offset = -1;

	if (offset < 0)
		offset = lock_word_offset(mutex(), sizeof(pthread_mutex_t), tid);
	if (offset < 0)
		die("no word of a locked mutex holds the owner's TID");
	return (unsigned *)mutex() + offset;
}

/* The data of the reused memory: a pattern, with the TID where the word was. */
static void fill_other(unsigned char *page, volatile unsigned *word, pid_t tid)
{
	unsigned v = tid;
	int i;

	for (i = 0; i < PAGE; i++)
		page[i] = i * 7 + 1;
	memcpy(page + ((unsigned char *)word - mutex_page), &v, sizeof(v));
}

static void init_mutex(const struct scenario *s)
{
	pthread_mutexattr_t a;
	int e;

	memset(mutex_page, 0, PAGE);
	pthread_mutexattr_init(&a);
	e = pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	if (!e)
		e = pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	if (!e)
		e = pthread_mutexattr_setprotocol(&a, s->protocol);
	if (!e)
		e = pthread_mutex_init(mutex(), &a);
	pthread_mutexattr_destroy(&a);
	if (e) {
		errno = e;
		die("cannot make a mutex for %s", s->name);
	}
}

/* The libc may look things up on the first use: keep that out of the maps. */
static void warm_up(const struct scenario *s)
{
	stepped = (int (*)(pthread_mutex_t *, const struct timespec *))
		  (s->taker ? s->taker : F(pthread_mutex_unlock));
	init_mutex(s);
	if (pthread_mutex_lock(mutex()))
		die("warm-up failed");
	lock_word(getpid());
	if (pthread_mutex_unlock(mutex()))
		die("warm-up failed");
	pthread_mutex_destroy(mutex());
}

static pid_t start(void (*f)(void))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork failed");
	if (!pid)
		f();
	return pid;
}

static void await(volatile int *flag, const char *what)
{
	int i;

	for (i = 0; !*flag; i++) {
		if (i > PATIENCE_MS)
			die("no sign of %s", what);
		sleep_ms(1);
	}
}

/* Start a waiter and wait until it sleeps on the mutex, or has finished. */
static void start_waiter(volatile unsigned *word)
{
	int i;

	ctl->waiter_result = -1;
	waiter = start(waiter_process);
	for (i = 0; ctl->waiter_result == -1 &&
		    (!(*word & FUTEX_WAITERS) ||
		     thread_state(waiter, waiter) != 'S'); i++) {
		if (i > PATIENCE_MS)
			die("the waiter does not wait");
		sleep_ms(1);
	}
}

static void stop_owner(int sig)
{
	int status;

	if (waitpid(owner, &status, 0) != owner)
		die("lost the owner");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		owner = 0;
		cleanup();
		printf("1..0 # SKIP ptrace is not permitted here\n");
		exit(77);
	}
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != sig)
		die("owner: unexpected status %#x", status);
}

static void step(void)
{
	do {
		begin_step(owner);
		stop_owner(SIGTRAP);
	} while (!step_is_done(owner));
}

/* The path through the function, as earlier owners took it. */
static struct {
	unsigned long pc;
	int again;	/* an earlier boundary has the same address */
	int owned;	/* the word has held the owner's TID by then */
} way[MAX_BOUNDARIES + 1];

static int by_steps;	/* no breakpoints */

/* Go directly to the known boundary @k. Returns 0 if that is not possible, and -1
 * if the owner stopped elsewhere. */
static int run_to(int k, unsigned long ret)
{
	if (by_steps || !set_breakpoints(owner, way[k].pc, ret))
		return 0;
	if (ptrace(PTRACE_CONT, owner, NULL, NULL))
		die("cannot continue the owner");
	stop_owner(SIGTRAP);
	if (!set_breakpoints(owner, 0, 0))
		die("cannot remove a breakpoint");
	return thread_pc(owner, NULL) == way[k].pc ? 1 : -1;
}

/* Step into the function and over its first @k instructions. Returns 1 if it
 * returned before, and -1 if it missed a breakpoint, which can happen in an
 * emulator. Sets *owned once the lock word has the owner's TID. */
static int step_to(int k, volatile unsigned *word, int *owned)
{
	unsigned long pc, ret;
	int i, j, r;

	stop_owner(SIGTRAP);
	for (i = 0; thread_pc(owner, NULL) != (unsigned long)stepped; i++) {
		if (i > 1000)
			die("the owner never reaches the function");
		step();
	}
	pc = thread_pc(owner, &ret);
	/* A thread that exits does not come back. */
	if (stepped == exits)
		ret = 0;
	for (i = k - 1; i > 0 && way[i].again; i--)
		;
	r = i < 2 ? 0 : run_to(i, ret);
	if (r < 0)
		return r;
	if (r)
		pc = way[i].pc;
	else
		i = 0;
	*owned = i && way[i].owned;
	for (;; i++) {
		*owned = *owned || (*word & FUTEX_TID_MASK) == (unsigned)owner;
		way[i].pc = pc;
		way[i].owned = *owned;
		way[i].again = 0;
		for (j = 0; j < i && !way[i].again; j++)
			way[i].again = way[j].pc == pc;
		if (i == k)
			return 0;
		if (stepped == exits && is_syscall((void *)pc) &&
		    thread_registers(owner).r[R_NR] == SYS_exit)
			return 1;
		step();
		pc = thread_pc(owner, NULL);
		if (pc == ret)
			return 1;
	}
}

static void kill_owner(void)
{
	int status;

	if (kill(owner, SIGKILL))
		die("cannot kill the owner");
	do {
		if (waitpid(owner, &status, 0) != owner)
			die("lost the owner");
	} while (!WIFSIGNALED(status) && !WIFEXITED(status));
	owner = 0;
}

/* Reap the waiter. Returns its result, or -1 if it sleeps forever. */
static int waiter_outcome(void)
{
	int r = -1, status;

	if (wait_or_stuck(&ctl->waiter_result, -1, waiter, waiter))
		kill(waiter, SIGKILL);
	if (waitpid(waiter, &status, 0) != waiter)
		die("lost the waiter");
	waiter = 0;
	r = ctl->waiter_result;
	if (ctl->waiter_error)
		die("the waiter failed at %s",
		    ctl->waiter_error == 1 ? "consistent" : "unlock");
	return r;
}

/* The result of the next lock, or -1 if nobody can lock the mutex any more. */
static int parent_outcome(void)
{
	int r = pthread_mutex_trylock(mutex());

	if (r == EOWNERDEAD && pthread_mutex_consistent(mutex()))
		die("consistent failed");
	if ((r == 0 || r == EOWNERDEAD) && pthread_mutex_unlock(mutex()))
		die("unlock failed");
	return r == EBUSY ? -1 : r;
}

/* A waiter comes while the owner is at boundary @k; then the owner goes on. */
static char arrival(const struct scenario *s, int k, volatile unsigned *word,
		    struct count *n)
{
	int expected = s->inconsistent ? ENOTRECOVERABLE : 0;
	char c = (*word & FUTEX_TID_MASK) == (unsigned)owner ? '-' : '.';
	int r;

	start_waiter(word);
	if (ptrace(PTRACE_DETACH, owner, NULL, NULL))
		die("cannot detach from the owner");
	r = waiter_outcome();
	/* 0 if it never ends, or the owner has crashed. */
	wait_or_stuck(&ctl->unlocked, 0, owner, owner);
	kill_owner();
	if (r < 0) {
		n->asleep++;
		c = 'W';
	} else if (r != expected ||
		   ctl->unlocked - 1 != (s->taker ? expected : 0)) {
		printf("# boundary %d: the waiter got %d, the owner %d\n",
		       k, r, ctl->unlocked - 1);
		n->wrong++;
		c = 'X';
	}
	return c;
}

/* One kill. Returns the character for the map, 0 if the unlock returned. */
static char one(const struct scenario *s, int k, struct count *n)
{
	unsigned char expect[PAGE], *reused = NULL;
	volatile unsigned *word;
	int owned = 0, released, expected, held_off = 0, asleep = 0, r = -1, stepped_to;
	pid_t tid;
	char c;

	memset(ctl, 0, sizeof(*ctl));
	init_mutex(s);
	if (s->inconsistent) {
		int status;
		pid_t first = start(first_owner_process);

		if (waitpid(first, &status, 0) != first || status)
			die("cannot make the mutex inconsistent");
		ctl->owner_expects = EOWNERDEAD;
	}
	if (s->inconsistent && s->taker) {
		/* With a waiter, because otherwise a thread need not acquire musl's
		 * PI mutex to see the state. */
		if (pthread_mutex_lock(mutex()) != EOWNERDEAD)
			die("cannot make the mutex inconsistent");
		start_waiter(lock_word(getpid()));
		if (pthread_mutex_unlock(mutex()) ||
		    waiter_outcome() != ENOTRECOVERABLE)
			die("cannot make the mutex unrecoverable");
		ctl->owner_expects = ENOTRECOVERABLE;
	}
	tid = owner = start(owner_process);
	await(&ctl->owner_locked, "the owner");
	await(&ctl->helper_tid, "the owner's helper");
	word = lock_word(tid);
	if (s->waiter)
		start_waiter(word);
	fill_other(expect, word, tid);
	ctl->owner_go = 1;
	stepped_to = step_to(k, word, &owned);
	if (stepped_to) {
		kill_owner();
		if (s->waiter)
			waiter_outcome();
		if (stepped_to > 0)
			return 0;
		by_steps = 1;
		c = one(s, k, n);
		by_steps = 0;
		return c;
	}
	if (arrivals)
		return arrival(s, k, word, n);

	released = owned && (*word & FUTEX_TID_MASK) != (unsigned)tid;
	expected = (owned && !released) || stepped == exits ? EOWNERDEAD :
		   s->inconsistent ? ENOTRECOVERABLE : 0;
	if (stepped == exits && !s->rewrite) {
		;	/* no reuse: the waiter gets the mutex after the exit */
	} else if (released && !s->rewrite) {
		memcpy(other_page, expect, PAGE);
		ctl->remap = 1;
		held_off = wait_or_stuck(&ctl->remapped, 0, owner,
					 ctl->helper_tid);
		if (ctl->remapped < 0)
			die("cannot map the other file");
		if (!held_off)
			reused = other_page;
	} else if (released) {
		/* The last user must have finished before the memory is reused. */
		if (s->waiter) {
			asleep = wait_or_stuck(&ctl->waiter_result, -1, waiter,
					       waiter);
			if (!asleep)
				r = waiter_outcome();
		} else {
			r = parent_outcome();
		}
		if (!asleep) {
			pthread_mutex_destroy(mutex());
			memcpy(mutex_page, expect, PAGE);
			reused = mutex_page;
		}
	}
	kill_owner();

	c = released ? '.' : '-';
	if (held_off)
		c = 'p';
	if (r < 0)
		r = s->waiter ? waiter_outcome() : parent_outcome();
	if (r < 0) {
		n->asleep++;
		c = 'W';
	} else if (r != expected &&
		   !(s->inconsistent && r == ENOTRECOVERABLE)) {
		printf("# boundary %d: the next owner got %d, expected %d\n",
		       k, r, expected);
		n->wrong++;
		c = 'X';
	}
	if (reused && memcmp(reused, expect, PAGE)) {
		n->corruptions++;
		c = 'C';
	}
	return c;
}

static void run(const struct scenario *s, struct count *total)
{
	struct count n = { 0, 0, 0, 0, 0 };
	int k, column = 0;
	char c;

	stepping_through = s->name;
	warm_up(s);
	printf("# %s: ", s->name);
	fflush(stdout);
	for (k = 0; (c = one(s, k, &n)); k++) {
		if (k == MAX_BOUNDARIES)
			die("the unlock does not return");
		if (column++ == 100) {
			printf("\n#   ");
			column = 1;
		}
		putchar(c);
		fflush(stdout);
	}
	n.boundaries = k;
	printf("\n# %s: %d boundaries, %d corruptions, %d left asleep, %d wrong\n",
	       s->name, n.boundaries, n.corruptions, n.asleep, n.wrong);
	fflush(stdout);
	total->boundaries += n.boundaries;
	total->corruptions += n.corruptions;
#ifndef __GLIBC__
	/* The kernel can only unlock to 0, which is not musl's lock word of an
	 * unrecoverable mutex, or of one whose owner died. It passes on a PI mutex
	 * for which a thread waits. */
	if ((s->protocol == PTHREAD_PRIO_NONE || !s->waiter) && s->rewrite &&
	    (s->taker ? stepped == exits : s->inconsistent))
		total->known += n.corruptions;
#endif
	total->asleep += n.asleep;
	total->wrong += n.wrong;
}

static int new_file(void)
{
	FILE *f = tmpfile();

	if (!f || ftruncate(fileno(f), PAGE))
		die("cannot make a temporary file");
	return fileno(f);
}

static void usage(void)
{
	size_t i;

	fprintf(stderr, "usage: kill-every-instruction "
		"[--control=corruptions|corruptions-only|asleep] "
		"[--arrival] [SCENARIO...]\nscenarios:");
	for (i = 0; i < NR_SCENARIOS; i++)
		fprintf(stderr, " %s", scenarios[i].name);
	fprintf(stderr, "\n");
	exit(2);
}

int main(int argc, char **argv)
{
	struct count n = { 0, 0, 0, 0, 0 };
	int want_corruptions = 0, want_asleep = 0, want_awake = 0;
	int i, named = 0, waited_for = 0, ok;
	size_t j;

	for (i = 1; i < argc; i++) {
		for (j = 0; j < NR_SCENARIOS; j++)
			if (!strcmp(argv[i], scenarios[j].name))
				break;
		if (j < NR_SCENARIOS)
			named++, waited_for += scenarios[j].waiter;
		else if (!strcmp(argv[i], "--arrival"))
			arrivals = 1;
		else if (!strcmp(argv[i], "--control=corruptions"))
			want_corruptions = 1;
		else if (!strcmp(argv[i], "--control=corruptions-only"))
			want_corruptions = want_awake = 1;
		else if (!strcmp(argv[i], "--control=asleep"))
			want_asleep = 1;
		else
			usage();
	}
	if (arrivals && (waited_for || want_corruptions || want_asleep))
		usage();
	single_step_or_skip(0);
	ctl = mmap(NULL, sizeof(*ctl), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	other_fd = new_file();
	mutex_page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  new_file(), 0);
	other_page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  other_fd, 0);
	if (ctl == MAP_FAILED || mutex_page == MAP_FAILED ||
	    other_page == MAP_FAILED)
		die("mmap failed");

	for (j = 0; j < NR_SCENARIOS; j++) {
		for (i = 1; named && i < argc; i++)
			if (!strcmp(argv[i], scenarios[j].name))
				break;
		if (named ? i < argc : !arrivals ||
		    (!scenarios[j].waiter &&
		     (!scenarios[j].rewrite || scenarios[j].taker)))
			run(&scenarios[j], &n);
	}

	printf("# %d boundaries, %d corruptions, %d waiters left asleep, "
	       "%d wrong results\n", n.boundaries, n.corruptions, n.asleep,
	       n.wrong);
	if (want_corruptions || want_asleep)
		ok = (!want_corruptions || n.corruptions > 0) &&
		     (!want_asleep || n.asleep > 0) &&
		     (!want_awake || !n.asleep) && !n.wrong;
	else
		ok = n.corruptions == n.known && !n.asleep && !n.wrong;
	printf("1..1\n%s 1 - %s\n", ok ? "ok" : "not ok",
	       want_corruptions ? "the control shows corruptions" :
	       want_asleep ? "the control shows waiters left asleep" :
	       "nothing corrupted, nobody left asleep");
	return !ok;
}
