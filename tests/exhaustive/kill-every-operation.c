// SPDX-License-Identifier: MIT
/*
 * End a thread at every instruction of every operation on a robust mutex, and check
 * what the other threads get.
 *
 * Usage: kill-every-operation [--list] [SHARD=i/n] [old-kernel] [PART...]
 *   --list      print the labels of the operations and do nothing
 *   SHARD       only every n-th operation, starting with the i-th (1..n)
 *   old-kernel  a kernel before 7.2: see "overtaken" below
 *   PART        only operations whose label contains it, such as "lock, held";
 *               a dot stands for a blank
 *
 * An operation is one call, in one state of the mutex, of one type, protocol and
 * sharing, with some number of other waiters. The test single-steps a victim to
 * instruction boundary 0, 1, 2... of the call. If the victim falls asleep in the
 * kernel, that counts as a boundary too, and the next event happens then (the
 * holder unlocks, dies, signals the condition, or cancels the victim). At the
 * boundary the test ends the victim: a process with SIGKILL; a thread, whose
 * process goes on and watches, with exit(2) at that very instruction. A call that
 * never returns ends where the victim falls asleep, a cancelled call ends where the
 * cleanup handler ends, and pthread_exit ends at its exit(2). Then each of these
 * must hold:
 *   - the next threads get what the table "oracle" says           (else: X)
 *   - no waiter sleeps on a free mutex, all in bounded time       (else: W)
 *   - no byte around the mutex changed                            (else: B)
 *   - once the victim has finished with a mutex, its memory can be reused: the
 *     kernel does not write to it, though it has the victim's TID where the
 *     lock word was                                               (else: C)
 * and the call must return the right result, with list_op_pending clear, or must
 * sleep if that is right (else: R, one place).
 *
 * The test prints one map per operation, with a character per boundary: the state
 * of the mutex (see the oracle), 'z' if the victim slept, or a letter from above.
 * If the call waits in a spin loop, the test covers the first two rounds; the rest
 * is '~'. The test compares the pages of the mutex and the condition, and the thread
 * descriptor around the robust list head. If an instruction changed nothing there
 * and did not enter the kernel, a death after it has the effect of a death before
 * it. The test ends no victim there and prints '='. (In the vDSO, the kernel clears
 * the slot whenever the thread stops after the release. The first pass stops
 * everywhere, so it cannot see a difference. The test omits no boundary from a change
 * in the vDSO to the return from there.)
 *
 * "overtaken": a waiter wakes, and another thread acquires the mutex before it. If
 * the woken waiter dies before it has set FUTEX_WAITERS, nobody knows of the
 * waiters after it. Linux 7.2 then wakes one of them. On an older kernel with glibc
 * they sleep: 'w', which does not count as wrong with old-kernel. (musl counts
 * waiters in the mutex.) The same applies to musl's waiters for a mutex that becomes
 * unrecoverable, if the owner dies between the store that says so and the wake; of
 * several, Linux 7.2 wakes only one, and the others are a 'w' there too.
 *
 * The test omits private mutexes with musl, which keeps no pending slot for them: a
 * single thread can only die within a call through exit(2) past the libc.
 *
 * A request for cancellation is pending before the call, or comes while the victim
 * sleeps in it. Only a thread of the victim's process can make the latter request,
 * so the mutex is private then.
 *
 * Fails on: stock musl (unlock and pthread_exit leave waiters asleep; lock never
 * returns if a PI mutex is held and the time invalid), stock glibc (a lock that
 * timed out leaves the slot set; waiters for an unrecoverable mutex stay asleep;
 * lock aborts if the owner of a PI mutex is not found or waits for the caller;
 * wrong results for invalid times and inner unlocks). Cancelled waits fail if the
 * cleanup of glibc's pthread_cond_wait does not lock the mutex again.
 *
 * Exit status: 0 as expected, 1 not as expected, 2 wrong usage, 77 skipped with the
 * reason, 99 the harness itself failed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "single-step.h"

#define MUTEX_OFFSET	256	/* keeps data on both sides of the mutex */
#define MAX_BOUNDARIES	20000	/* a call that never returns */
#define STUCK_MS	patience(300)	/* asleep for so long without a break: forever */
#define PATIENCE_MS	patience(60000)	/* longer than this: the harness failed */
#define MAX_WAITERS	3
#define AROUND_LIST	64	/* bytes compared before the list head, and from it on */

/*
 * The oracle: what the other threads must get for each state in which the victim
 * left the mutex. "First" is the first of them to acquire it; it makes the mutex
 * consistent if its command says so.
 *
 * state     of the mutex when the victim ended        first            the rest
 * OWNED  -  the victim owns it                        EOWNERDEAD       0
 * GIVEN  g  the victim owns it, and is about to make  EOWNERDEAD or    0, or all
 *           it unrecoverable                          ENOTRECOVERABLE  the same
 * SOUND  .  free, or somebody owns and unlocks it     0                0
 * DEAD   d  an earlier owner died, nobody locked it   EOWNERDEAD       0
 * LOST   n  unrecoverable, even if a thread acquired  ENOTRECOVERABLE  the same
 *           it to see that; or somebody unlocks it
 *           without making it consistent
 * NOBODYS o its word has the ID of a thread that      EBUSY, from      -
 *           the kernel does not find                  trylock
 */
enum state { OWNED, GIVEN, SOUND, DEAD, LOST, NOBODYS };

static const struct {
	char letter;
	const char *name;
	int first, or_first, rest;
} oracle[] = {
	[OWNED]	= { '-', "the victim's", EOWNERDEAD, EOWNERDEAD, 0 },
	[GIVEN]	= { 'g', "the victim's, given up", EOWNERDEAD, ENOTRECOVERABLE, 0 },
	[SOUND]	= { '.', "sound", 0, 0, 0 },
	[DEAD]	= { 'd', "a dead owner's", EOWNERDEAD, EOWNERDEAD, 0 },
	[LOST]	= { 'n', "not recoverable", ENOTRECOVERABLE, ENOTRECOVERABLE,
		    ENOTRECOVERABLE },
	[NOBODYS] = { 'o', "nobody's", EBUSY, EBUSY, EBUSY },
};

enum call {
	LOCK, TRYLOCK, TIMEDLOCK, CLOCKLOCK, UNLOCK, CONSISTENT, DESTROY,
	COND_WAIT, COND_TIMEDWAIT, EXIT
};

/* The mutex before the call. */
enum before {
	FREE,		/* free */
	HELD,		/* the holder's */
	HELD_DEAD,	/* the holder's, which acquired it from a dead owner */
	DIED,		/* its owner died */
	UNRECOVERABLE,	/* unrecoverable */
	MINE,		/* the victim's */
	MINE_TWICE,	/* the victim's, which locked it twice */
	MINE_DEAD,	/* the victim's, which acquired it from a dead owner */
	MINE_DEAD_TWICE, /* the same, and locked twice */
	OF_NOBODY,	/* its word has the ID of no existing thread */
	CROSSED,	/* the holder's, which waits for another mutex of the victim */
};

/* What happens once the victim sleeps. */
enum event {
	NOTHING,
	RELEASE,	/* the holder unlocks */
	OWNER_DIES,	/* the holder dies */
	OVERTAKE,	/* the holder unlocks, and a third locks it at once */
	THIRD_RELEASES,
	SIGNAL,		/* the holder signals the condition */
	SIGNAL_HELD,	/* the holder locks the mutex first */
	CANCEL,		/* the holder cancels the victim */
	CANCEL_HELD,	/* the holder locks the mutex first */
};

/* Not results of a call. */
#define BY_TYPE	(-1)	/* depends on the type */
#define FOREVER	(-2)	/* the call sleeps */

struct operation {
	const char *name;
	enum call call;
	enum before before;
	enum event events[2];
	int result;
	enum { IN_AN_HOUR, LONG_AGO, BEFORE_1970, INVALID } when;	/* the deadline */
	/* What the cleanup handler does if the call is cancelled: by an event or,
	 * without one, by a request before the call. */
	enum { NOT_CANCELLED, UNLOCKS, KEEPS } handler;
};

static const struct operation operations[] = {
#define TIMED(what, ...)						\
	{ "timedlock, " what, TIMEDLOCK, __VA_ARGS__, 0 },		\
	{ "clocklock, " what, CLOCKLOCK, __VA_ARGS__, 0 }
#define TAKERS(what, ...)						\
	{ "lock, " what, LOCK, __VA_ARGS__, 0 },			\
	TIMED(what, __VA_ARGS__)
#define CANCELLED(name, call)						\
	{ name ", cancelled before", call, MINE, { 0 }, 0, 0, UNLOCKS },	\
	{ name ", cancelled", call, MINE, { CANCEL }, 0, 0, UNLOCKS },	\
	{ name ", cancelled, held", call, MINE,				\
	  { CANCEL_HELD, RELEASE }, 0, 0, UNLOCKS },			\
	{ name ", cancelled, owner dies", call, MINE,			\
	  { CANCEL_HELD, OWNER_DIES }, 0, 0, UNLOCKS }
	TAKERS("free", FREE, { 0 }, 0, 0),
	TAKERS("held", HELD, { RELEASE }, 0, 0),
	TAKERS("owner dies", HELD, { OWNER_DIES }, EOWNERDEAD, 0),
	TAKERS("overtaken", HELD, { OVERTAKE, THIRD_RELEASES }, 0, 0),
	TAKERS("becomes not recoverable", HELD_DEAD, { RELEASE }, ENOTRECOVERABLE, 0),
	TAKERS("owner died", DIED, { 0 }, EOWNERDEAD, 0),
	TAKERS("not recoverable", UNRECOVERABLE, { 0 }, ENOTRECOVERABLE, 0),
	TIMED("time-out", HELD, { 0 }, ETIMEDOUT, LONG_AGO),
	TIMED("before 1970", HELD, { 0 }, ETIMEDOUT, BEFORE_1970),
	TIMED("invalid time", HELD, { 0 }, EINVAL, INVALID),
	TIMED("owner died, before 1970", DIED, { 0 }, EOWNERDEAD, BEFORE_1970),
	TIMED("owner died, invalid time", DIED, { 0 }, EOWNERDEAD, INVALID),
	{ "lock, nobody's", LOCK, OF_NOBODY, { 0 }, FOREVER, 0, 0 },
	TIMED("nobody's, time-out", OF_NOBODY, { 0 }, ETIMEDOUT, LONG_AGO),
	TIMED("nobody's, before 1970", OF_NOBODY, { 0 }, ETIMEDOUT, BEFORE_1970),
	TIMED("nobody's, invalid time", OF_NOBODY, { 0 }, EINVAL, INVALID),
	{ "trylock, nobody's", TRYLOCK, OF_NOBODY, { 0 }, EBUSY, 0, 0 },
	{ "lock, deadlock", LOCK, CROSSED, { 0 }, FOREVER, 0, 0 },
	TIMED("deadlock, time-out", CROSSED, { 0 }, ETIMEDOUT, LONG_AGO),
	{ "trylock, free", TRYLOCK, FREE, { 0 }, 0, 0, 0 },
	{ "trylock, held", TRYLOCK, HELD, { 0 }, EBUSY, 0, 0 },
	{ "trylock, owner died", TRYLOCK, DIED, { 0 }, EOWNERDEAD, 0, 0 },
	{ "trylock, not recoverable", TRYLOCK, UNRECOVERABLE, { 0 }, ENOTRECOVERABLE, 0, 0 },
	{ "trylock, again", TRYLOCK, MINE, { 0 }, BY_TYPE, 0, 0 },
	{ "lock, again", LOCK, MINE, { 0 }, BY_TYPE, 0, 0 },
	{ "consistent", CONSISTENT, MINE_DEAD, { 0 }, 0, 0, 0 },
	{ "unlock", UNLOCK, MINE, { 0 }, 0, 0, 0 },
	{ "unlock, inner", UNLOCK, MINE_TWICE, { 0 }, 0, 0, 0 },
	{ "unlock, inner, inconsistent", UNLOCK, MINE_DEAD_TWICE, { 0 }, 0, 0, 0 },
	{ "unlock, inconsistent", UNLOCK, MINE_DEAD, { 0 }, 0, 0, 0 },
	{ "cond_wait", COND_WAIT, MINE, { SIGNAL }, 0, 0, 0 },
	{ "cond_wait, held", COND_WAIT, MINE, { SIGNAL_HELD, RELEASE }, 0, 0, 0 },
	{ "cond_wait, owner dies", COND_WAIT, MINE, { SIGNAL_HELD, OWNER_DIES }, EOWNERDEAD, 0, 0 },
	{ "cond_timedwait", COND_TIMEDWAIT, MINE, { SIGNAL }, 0, 0, 0 },
	{ "cond_timedwait, held", COND_TIMEDWAIT, MINE, { SIGNAL_HELD, RELEASE }, 0, 0, 0 },
	{ "cond_timedwait, owner dies", COND_TIMEDWAIT, MINE, { SIGNAL_HELD, OWNER_DIES }, EOWNERDEAD, 0, 0 },
	{ "cond_timedwait, time-out", COND_TIMEDWAIT, MINE, { 0 }, ETIMEDOUT, LONG_AGO, 0 },
	CANCELLED("cond_wait", COND_WAIT),
	CANCELLED("cond_timedwait", COND_TIMEDWAIT),
	{ "cond_wait, cancelled before, keeps it", COND_WAIT, MINE, { 0 }, 0, 0, KEEPS },
	{ "cond_wait, cancelled, owner dies, keeps it", COND_WAIT, MINE,
	  { CANCEL_HELD, OWNER_DIES }, 0, 0, KEEPS },
	{ "exit", EXIT, MINE, { 0 }, 0, 0, 0 },
	{ "destroy", DESTROY, FREE, { 0 }, 0, 0, 0 },
};
#define NR_OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static const struct { int type; const char *name; } types[] = {
	{ PTHREAD_MUTEX_NORMAL, "normal" },
	{ PTHREAD_MUTEX_RECURSIVE, "recursive" },
	{ PTHREAD_MUTEX_ERRORCHECK, "errorcheck" },
};

/* One operation in one variety. */
struct variety {
	const struct operation *op;
	int type, pi, private, waiters;
	char label[120];
};

/* The actors: processes or, with a private mutex, threads of one process. */
enum actor_name { VICTIM, PREVIOUS, HOLDER, THIRD, NEXT, WAITER, NR_ACTORS = WAITER + MAX_WAITERS };

enum command { IDLE, TAKE, PASS, UNLOCK_IT, SIGNAL_IT, CANCEL_IT, CROSS, END, OPERATE };

struct actor {
	int command;		/* IDLE: the last one is done */
	int tid;
	int result, order;	/* of TAKE and PASS */
	int error;		/* a call failed that must succeed */
	int is_ready;		/* the victim has prepared the state */
	int unlocks;		/* its handler unlocks the mutex */
};

static struct control {
	struct actor actors[NR_ACTORS];
	int orders;
	int create;		/* the actor that needs a thread, plus 1 */
	pthread_t victim;	/* for pthread_cancel */
} *ctl;

/* The harness' view of them; pid 0: not running. */
static struct { pid_t pid, tid; } running[NR_ACTORS];
static pid_t group;		/* the process of the threads, or 0 */

static unsigned char *mutex_page;	/* at this address in every process */
static pthread_cond_t *cond;		/* in the page after it */
static pthread_mutex_t *second;		/* in the same page, see CROSSED */
static volatile unsigned *word;		/* the lock word of the mutex */
static const struct variety *now;	/* the current one */
static int old_kernel;
static int by_steps;	/* no breakpoints */

void cleanup(void)
{
	int i;

	for (i = 0; i < NR_ACTORS; i++)
		if (running[i].pid && !group)
			kill(running[i].pid, SIGKILL);
	if (group)
		kill(group, SIGKILL);
}

static pthread_mutex_t *mutex(void)
{
	return (pthread_mutex_t *)(mutex_page + MUTEX_OFFSET);
}

static void sleep_us(long us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&ts, NULL);
}

/* Hand over a word with a futex that no libc knows of. */
static void set_and_wake(int *word, int value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Returns 0 if it still has the value after some time. A wake alone proves nothing:
 * it may belong to the command before. */
static int wait_while(int *word, int value, int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	while (__atomic_load_n(word, __ATOMIC_SEQ_CST) == value)
		if (syscall(SYS_futex, word, FUTEX_WAIT, value, &ts, NULL, 0) &&
		    errno == ETIMEDOUT)
			break;
	return __atomic_load_n(word, __ATOMIC_SEQ_CST) != value;
}

/*
 * The actors' side.
 */

typedef int (*volatile function)(void *, void *, void *);

#define F(name)	((int (*)(void *, void *, void *))(void (*)(void))name)

/* The functions themselves: stepping begins at these addresses. */
static function const functions[] = {
	[LOCK]		= F(pthread_mutex_lock),
	[TRYLOCK]	= F(pthread_mutex_trylock),
	[TIMEDLOCK]	= F(pthread_mutex_timedlock),
#ifdef __GLIBC__
	[CLOCKLOCK]	= F(pthread_mutex_clocklock),
#endif
	[UNLOCK]	= F(pthread_mutex_unlock),
	[CONSISTENT]	= F(pthread_mutex_consistent),
	[DESTROY]	= F(pthread_mutex_destroy),
	[COND_WAIT]	= F(pthread_cond_wait),
	[COND_TIMEDWAIT] = F(pthread_cond_timedwait),
	[EXIT]		= F(pthread_exit),
};

/* The absolute time for the call. */
static struct timespec deadline(enum call c, int when)
{
	struct timespec ts = { 1, 0 };

	if (when == BEFORE_1970)
		ts.tv_sec = -1;
	if (when == INVALID)
		ts.tv_nsec = 1000000000;
	if (when != IN_AN_HOUR)
		return ts;
	clock_gettime(c == CLOCKLOCK ? CLOCK_MONOTONIC : CLOCK_REALTIME, &ts);
	ts.tv_sec += 3600;
	return ts;
}

static int call(enum call c, struct timespec ts)
{
	switch (c) {
	case CLOCKLOCK:
		return functions[c](mutex(), (void *)(long)CLOCK_MONOTONIC, &ts);
	case COND_WAIT:
	case COND_TIMEDWAIT:
		return functions[c](cond, mutex(), &ts);
	default:
		return functions[c](mutex(), &ts, NULL);
	}
}

static void take(struct actor *a, int consistent)
{
	int r = now->op->before == OF_NOBODY ? pthread_mutex_trylock(mutex()) :
					       pthread_mutex_lock(mutex());

	if (r == 0 || r == EOWNERDEAD || r == ENOTRECOVERABLE)
		a->order = __atomic_add_fetch(&ctl->orders, 1, __ATOMIC_SEQ_CST);
	if (consistent && r == EOWNERDEAD && pthread_mutex_consistent(mutex()))
		a->error = 1;
	a->result = r;
}

/* musl takes another path for a thread's first mutex, where it registers the list. */
static void use_another_mutex(struct actor *a)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t m;

	if (pthread_mutexattr_init(&attr) ||
	    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) ||
	    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) ||
	    pthread_mutex_init(&m, &attr) ||
	    pthread_mutex_lock(&m) || pthread_mutex_unlock(&m) ||
	    pthread_mutex_destroy(&m))
		a->error = 1;
}

/* A cancelled call ends here. */
__attribute__((noinline, noreturn))
static void handled(void)
{
	for (;;)
		pause();
}

static void handler(void *arg)
{
	struct actor *a = arg;

	if (!now->op->handler)
		return;
	if (now->op->handler == UNLOCKS) {
		a->unlocks = 1;
		a->result = pthread_mutex_unlock(mutex());
	} else {
		a->result = (*word & FUTEX_TID_MASK) == (unsigned)a->tid ? 0 : EPERM;
	}
	handled();
}

/* The exit of a process's last thread does more than that of another. */
static void *another_thread(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void operate(struct actor *a)
{
	enum before before = now->op->before;
	/* Not while stepped: the vDSO retries if the clock ticks. */
	struct timespec ts = deadline(now->op->call, now->op->when);
	int dead = before == MINE_DEAD || before == MINE_DEAD_TWICE;
	pthread_t t;

	use_another_mutex(a);
	if ((before == MINE || before == MINE_TWICE || dead) &&
	    pthread_mutex_lock(mutex()) != (dead ? EOWNERDEAD : 0))
		a->error = 1;
	if ((before == MINE_TWICE || before == MINE_DEAD_TWICE) &&
	    pthread_mutex_lock(mutex()))
		a->error = 1;
	if (before == CROSSED && pthread_mutex_lock(second))
		a->error = 1;
	if (now->op->call == EXIT && !now->private &&
	    pthread_create(&t, NULL, another_thread, NULL))
		a->error = 1;
	ctl->victim = pthread_self();
	set_and_wake(&a->is_ready, 1);
	while (wait_while(&a->is_ready, 1, 1000), a->is_ready == 1)
		;
	pthread_cleanup_push(handler, a);
	if (now->op->handler && !now->op->events[0])
		pthread_cancel(pthread_self());
	if (!stop_to_be_stepped())
		a->error = 77;
	call(now->op->call, ts);
	pthread_cleanup_pop(0);
	handled();
}

__attribute__((noreturn))
static void *actor(void *arg)
{
	struct actor *a = arg;

	set_and_wake(&a->tid, syscall(SYS_gettid));
	for (;;) {
		while (!wait_while(&a->command, IDLE, 1000))
			;
		switch ((enum command)a->command) {
		case IDLE:
			break;
		case TAKE:
			take(a, 0);
			break;
		case PASS:
			take(a, 1);
			if ((a->result == 0 || a->result == EOWNERDEAD) &&
			    pthread_mutex_unlock(mutex()))
				a->error = 1;
			break;
		case UNLOCK_IT:
			a->error = pthread_mutex_unlock(mutex());
			break;
		case SIGNAL_IT:
			a->error = pthread_cond_signal(cond);
			break;
		case CANCEL_IT:
			a->error = pthread_cancel(ctl->victim);
			break;
		case CROSS:	/* until the victim ends */
			a->error = pthread_mutex_lock(second) != EOWNERDEAD ||
				   pthread_mutex_unlock(second);
			break;
		case END:
			if (!group)
				kill(getpid(), SIGKILL);
			syscall(SYS_exit, 0);
			break;
		case OPERATE:
			operate(a);
			break;
		}
		set_and_wake(&a->command, IDLE);
	}
}

/* For a private mutex, this process creates the threads. */
__attribute__((noreturn))
static void group_process(void)
{
	pthread_attr_t attr;
	pthread_t t;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	group = getpid();
	if (pthread_attr_init(&attr) ||
	    pthread_attr_setstacksize(&attr, 128 * 1024) ||
	    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED))
		_exit(98);
	for (;;) {
		while (!wait_while(&ctl->create, 0, 1000))
			;
		if (pthread_create(&t, &attr, actor, &ctl->actors[ctl->create - 1]))
			_exit(97);
		set_and_wake(&ctl->create, 0);
	}
}

/*
 * The harness' side: actors.
 */

static void start(int i)
{
	struct actor *a = &ctl->actors[i];

	if (running[i].pid)
		return;
	memset(a, 0, sizeof(*a));
	fflush(stdout);
	if (now->private) {
		if (!group) {
			pid_t pid = fork();

			if (!pid)
				group_process();
			if (pid < 0)
				die("fork failed");
			group = pid;
		}
		running[i].pid = group;
		set_and_wake(&ctl->create, i + 1);
	} else {
		running[i].pid = fork();
		if (running[i].pid < 0)
			die("fork failed");
		if (!running[i].pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			actor(a);
		}
	}
	if (!wait_while(&a->tid, 0, PATIENCE_MS))
		die("actor %d does not start", i);
	running[i].tid = a->tid;
	if (now->private)
		while (!wait_while(&ctl->create, i + 1, PATIENCE_MS))
			die("lost the process of the threads");
}

/* Ends all actors. */
static void end_all(void)
{
	int i;

	cleanup();
	for (i = 0; i < NR_ACTORS; i++) {
		if (running[i].pid && (i == VICTIM || !group))
			while (waitpid(running[i].tid, NULL, __WALL) < 0 && errno == EINTR)
				;
		running[i].pid = 0;
	}
	if (group)
		waitpid(group, NULL, __WALL);
	group = 0;
	memset(ctl, 0, sizeof(*ctl));
}

static void command(int i, enum command c)
{
	struct actor *a = &ctl->actors[i];

	start(i);
	a->error = a->order = a->unlocks = 0;
	a->result = -1;
	set_and_wake(&a->command, c);
}

static void order_and_wait(int i, enum command c)
{
	struct actor *a = &ctl->actors[i];

	command(i, c);
	if (!wait_while(&a->command, c, PATIENCE_MS))
		die("actor %d does not end command %d", i, c);
	if (a->error)
		die("actor %d: command %d gave error %d", i, c, a->error);
}

static void expect_result(int i, int result)
{
	if (ctl->actors[i].result != result)
		die("actor %d locked the mutex with %d, not %d", i,
		    ctl->actors[i].result, result);
}

/* Wait for its end; the kernel has then handled its robust list. */
static void await_end(int i)
{
	int ms;

	if (!now->private) {
		waitpid(running[i].pid, NULL, 0);
	} else {
		for (ms = 0; thread_state(running[i].pid, running[i].tid); ms++) {
			if (ms == PATIENCE_MS)
				die("actor %d does not end", i);
			sleep_us(ms ? 1000 : 100);
		}
	}
	running[i].pid = 0;
}

/* 32-bit machines have a second call, with 64 bits of time. */
#ifdef SYS_futex_time64
#define FUTEX_TIME64 SYS_futex_time64
#else
#define FUTEX_TIME64 SYS_futex
#endif

/* Whether it is in futex(2), with an address in the mutex or the condition. (A
 * victim that sleeps forever may use another address.) */
static int in_futex(int i)
{
	unsigned long nr, address;
	char buf[256], *end;

	if (!read_proc(running[i].pid, running[i].tid, "syscall", buf, sizeof(buf)))
		return 0;
	nr = strtoul(buf, &end, 10);
	if (end == buf || (nr != SYS_futex && nr != FUTEX_TIME64))
		return 0;
	address = strtoul(end, NULL, 16);
	return i == VICTIM || address - (unsigned long)mutex_page < 2 * PAGE;
}

/* The same, and it stays there. */
static int falls_asleep(int i)
{
	if (!in_futex(i))
		return 0;
	sleep_us(300);
	return in_futex(i);
}

/* Wait until the actor is done (returns 1) or sleeps forever (returns 0). */
static int done_or_stuck(int i)
{
	int *word = &ctl->actors[i].command, c = *word, asleep = 0, total;

	for (total = 0; c != IDLE && !wait_while(word, c, 1); total++) {
		asleep = in_futex(i) ? asleep + 1 : 0;
		if (asleep > STUCK_MS)
			return *word == IDLE;
		if (total > PATIENCE_MS)
			die("actor %d is neither done nor asleep", i);
	}
	if (ctl->actors[i].error)
		die("actor %d: a call failed that must succeed", i);
	return 1;
}

static void command_and_await_sleep(int i, enum command c)
{
	int ms;

	command(i, c);
	for (ms = 0; !falls_asleep(i); ms++) {
		if (ms == PATIENCE_MS || !ctl->actors[i].command)
			die("actor %d does not wait", i);
		sleep_us(ms ? 1000 : 100);
	}
}

static void start_waiters(void)
{
	int w;

	for (w = WAITER; w < WAITER + now->waiters; w++)
		command_and_await_sleep(w, PASS);
}

/*
 * The harness' side: the victim.
 */

enum stop { STOPPED, ASLEEP, RETURNED, CRASHED };

/* A victim's path through its call. */
static struct {
	unsigned long ret;		/* the return address of the call */
	unsigned fired;			/* events */
	int waiting;			/* the waiters were started */
	int asleep;
	int holding;			/* HOLDER or THIRD, or 0 */
	int taken_over;			/* the holder acquired it from a dead owner */
	int owner_died, given_up;	/* the state that the next owner finds */
	int died_at;			/* the order of its last owner */
} v;

static int stop_of_victim(int options)
{
	pid_t tid = running[VICTIM].tid;
	int status, r;

	do
		r = waitpid(tid, &status, __WALL | options);
	while (r < 0 && errno == EINTR);
	/* Before we trace a thread, it is no child of ours. */
	if (!r || (r < 0 && errno == ECHILD && now->private && options == WNOHANG &&
		   thread_state(group, tid)))
		return 0;
	if (r != tid || !WIFSTOPPED(status))
		die("lost the victim (status %#x)", status);
	if (WSTOPSIG(status) > SIGSYS && now->op->handler) {
		/* The libc's own signal for a request: go to its handler. */
		if (ptrace(PTRACE_SINGLESTEP, tid, 0, WSTOPSIG(status)))
			die("cannot deliver the request for cancellation");
		return stop_of_victim(options);
	}
	return WSTOPSIG(status);
}

/* The address of the exit system call, once known. */
static unsigned long exit_at;

/* It has stopped with that signal. */
static enum stop where(int sig)
{
	struct registers r;

	if (sig != SIGTRAP)
		return CRASHED;
	r = thread_registers(running[VICTIM].tid);
	if (now->op->call == EXIT && is_syscall((void *)(unsigned long)r.r[R_PC]) &&
	    r.r[R_NR] == SYS_exit)
		exit_at = v.ret = r.r[R_PC];
	return r.r[R_PC] == v.ret ? RETURNED : STOPPED;
}

/* After the start of a step: the victim stops, or sleeps at least this long. */
static enum stop stop_or_sleep(int patience_ms)
{
	int rounds = 0, sig;

	while (!(sig = stop_of_victim(WNOHANG))) {
		if (rounds >= patience_ms && falls_asleep(VICTIM)) {
			sig = stop_of_victim(WNOHANG);
			if (sig)
				break;
			v.asleep = 1;
			return ASLEEP;
		}
		if (rounds++ == PATIENCE_MS)
			die("the victim neither stops nor sleeps");
		sleep_us(patience_ms ? 1000 : 50);
	}
	v.asleep = 0;
	return where(sig);
}

static enum stop step(void)
{
	pid_t tid = running[VICTIM].tid;
	/* Mapped at the same address here. */
	const void *insn = (void *)thread_pc(tid, NULL);
	int sig;

	do {
		begin_step(tid);
		if (is_syscall(insn))
			return stop_or_sleep(0);
		sig = stop_of_victim(0);
	} while (!step_is_done(tid));
	return where(sig);
}

/* The victim goes directly to that address, or to the end of its call. */
static enum stop run_to(unsigned long pc)
{
	pid_t tid = running[VICTIM].tid;
	enum stop s = STOPPED;
	int rounds, sig;

	if (by_steps || !set_breakpoints(tid, pc, v.ret))
		return step();
	if (ptrace(PTRACE_CONT, tid, 0, 0))
		die("cannot continue the victim");
	/* It should not sleep. Check for sleep late, because the check is slow and
	 * a system call may take its time. */
	for (rounds = 0; !(sig = stop_of_victim(WNOHANG)); rounds++) {
		if (rounds == 1000) {
			s = stop_or_sleep(STUCK_MS);
			break;
		}
		sleep_us(20);
	}
	if (s == ASLEEP)	/* its registers cannot be changed then */
		return s;
	if (sig && sig != SIGTRAP)
		die("the victim got signal %d", sig);
	if (!set_breakpoints(tid, 0, 0))
		die("cannot remove a breakpoint");
	return where(SIGTRAP);
}

/* The victim sleeps: the next event happens. Returns what the victim does then: it
 * has to wake up soon. */
static enum stop fire(void)
{
	enum event e = v.fired < 2 ? now->op->events[v.fired] : NOTHING;
	enum stop s;
	int w;

	v.fired++;
	switch (e) {
	case NOTHING:
		break;	/* a waiter may own the mutex */
	case RELEASE:
		order_and_wait(HOLDER, UNLOCK_IT);
		v.holding = 0;
		v.given_up |= v.taken_over;
		break;
	case OWNER_DIES:
		command(HOLDER, END);
		await_end(HOLDER);
		v.holding = 0;
		v.owner_died = 1;
		v.died_at = ctl->orders;
		break;
	case OVERTAKE:
		order_and_wait(HOLDER, UNLOCK_IT);
		v.holding = 0;
		s = stop_or_sleep(STUCK_MS);
		if (s == STOPPED) {
			order_and_wait(THIRD, TAKE);
			expect_result(THIRD, 0);
			v.holding = THIRD;
		}
		return s;
	case THIRD_RELEASES:
		order_and_wait(THIRD, UNLOCK_IT);
		v.holding = 0;
		break;
	case SIGNAL:
	case SIGNAL_HELD:
	case CANCEL:
	case CANCEL_HELD:
		/* The victim released the mutex: its waiters acquire it first. */
		for (w = WAITER; w < WAITER + now->waiters; w++)
			if (!done_or_stuck(w))
				return ASLEEP;
		if (e == SIGNAL_HELD || e == CANCEL_HELD) {
			order_and_wait(HOLDER, TAKE);
			expect_result(HOLDER, 0);
			v.holding = HOLDER;
		}
		order_and_wait(HOLDER, now->op->handler ? CANCEL_IT : SIGNAL_IT);
		break;
	}
	return stop_or_sleep(STUCK_MS);
}

/* The bytes around the mutex. */
static unsigned char pattern(int i) { return i * 7 + 1; }

static int is_outside(int i)
{
	return i < MUTEX_OFFSET || i >= MUTEX_OFFSET + (int)sizeof(pthread_mutex_t);
}

static void make_mutex(void)
{
	pthread_mutexattr_t a;
	pthread_condattr_t ca;
	int e, i, pshared = now->private ? PTHREAD_PROCESS_PRIVATE : PTHREAD_PROCESS_SHARED;

	for (i = 0; i < PAGE; i++)
		mutex_page[i] = is_outside(i) ? pattern(i) : 0;
	pthread_mutexattr_init(&a);
	e = pthread_mutexattr_settype(&a, types[now->type].type);
	e = e ? e : pthread_mutexattr_setpshared(&a, pshared);
	e = e ? e : pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	e = e ? e : pthread_mutexattr_setprotocol(&a, now->pi ?
			PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
	e = e ? e : pthread_mutex_init(mutex(), &a);
	memset(second, 0, sizeof(*second));
	e = e ? e : pthread_mutex_init(second, &a);
	pthread_mutexattr_destroy(&a);
	memset(cond, 0, sizeof(*cond));
	pthread_condattr_init(&ca);
	e = e ? e : pthread_condattr_setpshared(&ca, pshared);
	e = e ? e : pthread_cond_init(cond, &ca);
	if (e) {
		errno = e;
		die("cannot make the mutex");
	}
}

/* Prepare the state before the call, and bring the victim to the first instruction
 * of the call. */
static void begin(void)
{
	enum before before = now->op->before;
	struct actor *a = &ctl->actors[VICTIM];
	unsigned long entry = (unsigned long)functions[now->op->call];
	int i;

	/* The last victim may have died with one of the libc's own locks. */
	if (now->op->call == EXIT)
		end_all();
	start(NEXT);
	make_mutex();
	memset(&v, 0, sizeof(v));
	ctl->orders = 0;
	if (before == OF_NOBODY)
		*word = FUTEX_TID_MASK - 1;
	if (before == DIED || before == UNRECOVERABLE || before == HELD_DEAD ||
	    before == MINE_DEAD || before == MINE_DEAD_TWICE) {
		order_and_wait(PREVIOUS, TAKE);
		expect_result(PREVIOUS, 0);
		command(PREVIOUS, END);
		await_end(PREVIOUS);
		v.owner_died = before == DIED;
	}
	if (before == UNRECOVERABLE || before == HELD_DEAD || before == HELD ||
	    before == CROSSED) {
		v.taken_over = before == UNRECOVERABLE || before == HELD_DEAD;
		order_and_wait(HOLDER, TAKE);
		expect_result(HOLDER, v.taken_over ? EOWNERDEAD : 0);
		v.holding = HOLDER;
	}
	if (before == UNRECOVERABLE) {
		order_and_wait(HOLDER, UNLOCK_IT);
		v.holding = 0;
		v.given_up = 1;
	}
	ctl->orders = 0;
	command(VICTIM, OPERATE);
	if (!wait_while(&a->is_ready, 0, PATIENCE_MS) || a->error)
		die("the victim does not get ready");
	if (before == CROSSED)
		command_and_await_sleep(HOLDER, CROSS);
	/* If the victim does not wait, the waiters wait from the beginning. */
	if (!now->op->events[0] || before == MINE) {
		start_waiters();
		v.waiting = 1;
	}
	set_and_wake(&a->is_ready, 2);
	for (i = 0; !stop_of_victim(WNOHANG); i++) {
		if (a->error == 77) {
			end_all();
			printf("1..0 # SKIP ptrace is not permitted here\n");
			exit(77);
		}
		if (i > 20 * PATIENCE_MS)
			die("the victim does not stop");
		sleep_us(50);
	}
	for (i = 0; thread_pc(running[VICTIM].tid, NULL) != entry; i++) {
		if (i > 1000)
			die("the victim never reaches its call");
		run_to(entry);
	}
	thread_pc(running[VICTIM].tid, &v.ret);
	if (now->op->handler)
		v.ret = (unsigned long)handled;
	if (now->op->call == EXIT)
		v.ret = exit_at;
}

/* Go to the next boundary. If the victim still sleeps after the event that should
 * wake it, it is stuck. */
static enum stop advance(void)
{
	enum stop s;

	if (v.asleep)
		return fire();
	s = step();
	if (s == ASLEEP && !v.waiting) {
		start_waiters();
		v.waiting = 1;
	}
	return s;
}

/* The instruction with which a thread ends itself. */
__asm__ (".pushsection .text\n"
	 ".balign 4\n"
	 "exit_here: " SYSCALL_INSN "\n"
	 ".popsection");
extern const char exit_here[] __attribute__((visibility("hidden")));

static void end_victim(void)
{
	pid_t tid = running[VICTIM].tid;
	int status;

	if (!now->private) {
		if (kill(running[VICTIM].pid, SIGKILL))
			die("cannot kill the victim");
	} else {
		struct registers r;

		if (v.asleep) {
			/* A signal, which it never sees, brings it out of the
			 * kernel. */
			syscall(SYS_tgkill, running[VICTIM].pid, tid, SIGUSR2);
			stop_of_victim(0);
		}
		r = thread_registers(tid);
		next_is_syscall(&r, exit_here, SYS_exit, 0);
		if (set_registers(tid, &r) ||
		    ptrace(PTRACE_CONT, tid, 0, 0))
			die("cannot make the victim exit");
	}
	do {
		if (waitpid(tid, &status, __WALL) != tid)
			die("lost the victim");
		if (WIFSTOPPED(status) && ptrace(PTRACE_CONT, tid, 0, 0))
			die("cannot continue the victim to its end");
	} while (!WIFSIGNALED(status) && !WIFEXITED(status));
	running[VICTIM].pid = 0;
}

/* The state that the next owner finds if the victim ends here. */
static enum state state_now(void)
{
	int lost = v.given_up || (v.holding == HOLDER && v.taken_over);
	int gives_up = (now->op->before == MINE_DEAD && now->op->call == UNLOCK) ||
		       (v.owner_died && ctl->actors[VICTIM].unlocks);

	if (lost)
		return LOST;
	if (now->op->before == OF_NOBODY)
		return NOBODYS;
	if ((*word & FUTEX_TID_MASK) == (unsigned)running[VICTIM].tid)
		return gives_up ? GIVEN : OWNED;
	if (gives_up || now->op->before == MINE_DEAD)
		return LOST;
	return v.owner_died || now->op->call == EXIT ? DEAD : SOUND;
}

struct count { int boundaries, wrong, asleep, bytes, corruptions, known; };

/*
 * Checks what the others got. Some may have acquired the mutex earlier: before the
 * victim acquired it and ended (up to the order @end), or before another owner
 * died. Returns 0, or 'X' if a result is wrong.
 */
static char judge(enum state state, int end, int boundary)
{
	int before = state == OWNED || state == GIVEN ? end : v.died_at;
	int first = -1, first_order = 0, i;
	char c = 0;

	for (i = NEXT; i < WAITER + now->waiters; i++) {
		struct actor *a = &ctl->actors[i];

		if (a->order > before && (!first_order || a->order < first_order)) {
			first = a->result;
			first_order = a->order;
		}
	}
	for (i = NEXT; i < WAITER + now->waiters; i++) {
		struct actor *a = &ctl->actors[i];
		int want = oracle[state].rest;

		if (a->order && a->order <= before) {
			want = v.given_up ? ENOTRECOVERABLE : 0;
		} else if (a->order == first_order) {
			want = oracle[state].first;
			if (first == oracle[state].or_first)
				want = first;
		} else if (first == ENOTRECOVERABLE) {
			want = first;
		}
		if (a->result != want) {
			printf("\n# boundary %d, the mutex was %s: one got %d, expected %d\n# ",
			       boundary, oracle[state].name, a->result, want);
			c = 'X';
		}
	}
	return c;
}

/* Reuses the memory, with the victim's TID where the word was, and ends the victim.
 * Returns 0 if the memory changed. */
static int reuse_and_end(void)
{
	unsigned char other[PAGE];
	unsigned tid = running[VICTIM].tid;
	int i;

	for (i = 0; i < PAGE; i++)
		other[i] = pattern(i);
	memcpy(other + ((unsigned char *)word - mutex_page), &tid, sizeof(tid));
	memcpy(mutex_page, other, PAGE);
	end_victim();
	return !memcmp(mutex_page, other, PAGE);
}

/* Reads the victim's memory, from @offset bytes after its robust list head. */
static void read_at_list(int offset, void *to, size_t size)
{
	pid_t tid = running[VICTIM].tid;
	struct iovec here = { to, size }, there = { NULL, size };
	struct robust_list_head *head;
	size_t len;

	if (syscall(SYS_get_robust_list, tid, &head, &len))
		die("the victim has no robust list");
	there.iov_base = (char *)head + offset;
	if (process_vm_readv(tid, &here, 1, &there, 1, 0) != (ssize_t)size)
		die("cannot read the victim's robust list");
}

/* Whether the victim's list_op_pending is set. */
static int slot_is_set(void)
{
	struct robust_list_head head;

	read_at_list(0, &head, sizeof(head));
	return head.list_op_pending != NULL;
}

/* Whether anything changed since the last call that the kernel or another thread
 * reads: the pages of the mutex and the condition, and what is close to the robust
 * list head in the victim's thread descriptor (in glibc, requests for cancellation
 * too). */
static int has_changed(void)
{
	static unsigned char last[2 * PAGE + 2 * AROUND_LIST], seen[sizeof(last)];
	int differs;

	memcpy(seen, mutex_page, 2 * PAGE);
	read_at_list(-AROUND_LIST, seen + 2 * PAGE, 2 * AROUND_LIST);
	differs = memcmp(last, seen, sizeof(seen)) != 0;
	memcpy(last, seen, sizeof(seen));
	return differs;
}

static int result_wanted(void)
{
	const struct operation *op = now->op;
	int type = types[now->type].type;

	if (op->before == CROSSED && type == PTHREAD_MUTEX_ERRORCHECK)
		return EDEADLK;
	if (op->result != BY_TYPE)
		return op->result;
	return type == PTHREAD_MUTEX_RECURSIVE ? 0 : op->call == TRYLOCK ? EBUSY : EDEADLK;
}

/* Ends the victim at a boundary. Returns the character for the map. */
static char finish(enum stop stop, int boundary, struct count *n)
{
	enum state state = state_now();
	int i, w, r, want = result_wanted(), stuck, orders = ctl->orders;
	int overtaken = v.holding == THIRD && !(*word & FUTEX_WAITERS), through;
#ifndef __GLIBC__
	overtaken |= state == LOST && slot_is_set();
#endif
	char c = v.asleep ? 'z' : oracle[state].letter, judged;

	n->boundaries++;
	if ((stop == RETURNED && now->op->call != EXIT) ||
	    (stop == ASLEEP && want == FOREVER)) {
		/* The register still holds the call's result. */
		r = stop == ASLEEP ? FOREVER :
		    now->op->handler ? ctl->actors[VICTIM].result :
		    (int)thread_registers(running[VICTIM].tid).r[R_RESULT];
		if (slot_is_set()) {
			printf("\n# it %s with list_op_pending set\n# ",
			       stop == ASLEEP ? "fell asleep" : "returned");
			n->wrong++;
			c = 'R';
		} else if (r != want) {
			printf("\n# it returned %d, expected %d\n# ", r, want);
			n->wrong++;
			c = 'R';
		}
	}
	/* A victim that has finished with the mutex lives until its memory is
	 * reused. */
	through = now->op->call == DESTROY ||
		  (stop == RETURNED && state != OWNED && state != GIVEN &&
		   now->op->before != CROSSED && now->op->call != EXIT);
	if (!through)
		end_victim();
	stuck = now->op->before == CROSSED && !done_or_stuck(HOLDER);
	if (v.holding && !stuck)
		order_and_wait(v.holding, UNLOCK_IT);
	for (w = WAITER; v.waiting && w < WAITER + now->waiters; w++)
		stuck += !done_or_stuck(w);
	if (!stuck && now->op->call != DESTROY) {
		/* Without a wait, they come one by one. */
		for (w = WAITER; !v.waiting && w < WAITER + now->waiters; w++) {
			command(w, PASS);
			stuck += !done_or_stuck(w);
		}
		command(NEXT, PASS);
		stuck += !done_or_stuck(NEXT);
	}
	if (stuck) {
		end_all();
		if (overtaken && (old_kernel || (state == LOST && stuck < now->waiters))) {
			n->known++;
			return 'w';
		}
		n->asleep++;
		return 'W';
	}
	judged = now->op->call == DESTROY ? 0 : judge(state, orders, boundary);
	if (judged) {
		n->wrong++;
		c = judged;
	}
	for (i = 0; i < PAGE; i++)
		if (is_outside(i) && mutex_page[i] != pattern(i))
			break;
	if (i < PAGE) {
		n->bytes++;
		c = 'B';
	}
	if (through && !reuse_and_end()) {
		n->corruptions++;
		c = 'C';
	}
	return c;
}

/* A boundary, found again even if a loop before it runs more or less often: the
 * visit-th time that the victim is at @pc (0: asleep) since the last event. */
struct boundary {
	unsigned long pc;
	unsigned phase;
	int visit;
	int unchanged;	/* a death here is like the last one before */
};

static int is_at(const struct boundary *b)
{
	return v.fired == b->phase &&
	       b->pc == (v.asleep ? 0 : thread_pc(running[VICTIM].tid, NULL));
}

/* Go towards boundary k of the path, without single steps. Where the victim sleeps,
 * each step is one of the path. */
static enum stop advance_towards(const struct boundary *way, int k)
{
	int i = k;

	if (!v.asleep && (v.fired != way[k].phase || !way[k].pc)) {
		for (i = 1; i < k; i++)
			if (way[i].phase == v.fired && !way[i].pc)
				break;
		i--;	/* the system call where it sleeps */
	}
	if (v.asleep || way[i].phase != v.fired || !way[i].pc ||
	    way[i].pc == thread_pc(running[VICTIM].tid, NULL))
		return advance();
	return run_to(way[i].pc);
}

/* Go from the beginning to boundary k of the path. */
static enum stop go_to(const struct boundary *way, int k)
{
	enum stop s = STOPPED;
	int visits = 0;

	begin();
	while (s != RETURNED) {
		visits += is_at(&way[k]);
		if (visits == way[k].visit)
			break;
		s = advance_towards(way, k);
	}
	return s;
}

/* Without the system calls of i386, at AT_SYSINFO. A sleeping thread has 0. */
static int in_vdso(unsigned long pc)
{
	return pc && pc - getauxval(AT_SYSINFO) >= 32 &&
	       pc - getauxval(AT_SYSINFO_EHDR) < 2 * PAGE;
}

/* In glibc the unwinder runs the handlers, and asks the dynamic linker where the
 * code is. Their many instructions do not concern the mutex: none of them is a
 * boundary. */
static int in_unwinder(void)
{
	Dl_info info;

	return !v.asleep && (now->op->handler || now->op->call == EXIT) &&
	       dladdr((void *)thread_pc(running[VICTIM].tid, NULL), &info) &&
	       (strstr(info.dli_fname, "libgcc_s") || strstr(info.dli_fname, "ld-linux"));
}

static void run(struct count *total)
{
	static struct boundary b[MAX_BOUNDARIES];
	struct count n = { 0, 0, 0, 0, 0, 0 };
	enum stop s = STOPPED;
	const char *wrong = NULL;
	unsigned long vdso_return = 0;	/* while the victim is in the vDSO */
	int k, i, last, was_asleep, steps, keep = 1;
	char at_end;

	printf("# %s: ", now->label);
	fflush(stdout);
	exit_at = 0;
	/* Once to the end, to learn the path. */
	begin();
	for (k = 0; s != RETURNED && !wrong; k++) {
		b[k].pc = v.asleep ? 0 : thread_pc(running[VICTIM].tid, NULL);
		b[k].phase = v.fired;
		b[k].visit = 1;
		for (i = 0; i < k; i++)
			b[k].visit += b[i].pc == b[k].pc && b[i].phase == b[k].phase;
		if (!in_vdso(b[k].pc))
			vdso_return = 0;
		else if (!vdso_return)
			thread_pc(running[VICTIM].tid, &vdso_return);
		keep = has_changed() || keep;
		b[k].unchanged = !keep;
		was_asleep = v.asleep;
		keep = (keep && (vdso_return || b[k].visit > 2)) || v.asleep ||
		       is_syscall((void *)b[k].pc);
		/* clock_gettime repeats its loop if the clock ticks meanwhile: it
		 * might never end in slow steps. Without breakpoints, run_to makes
		 * one step, and nothing else is done in between. */
		steps = vdso_return && b[k].visit > 2;
		do
			s = steps ? run_to(vdso_return) : advance();
		while (steps && s == STOPPED &&
		       in_vdso(thread_pc(running[VICTIM].tid, NULL)));
		for (; s == STOPPED && in_unwinder(); steps++)
			s = advance();
		keep |= steps != 0;
		if (s == ASLEEP && was_asleep) {
			if (now->op->result == FOREVER)
				break;
			wrong = "sleeps forever";
			total->asleep++;
		} else if (s == CRASHED || k == MAX_BOUNDARIES - 1) {
			wrong = s == CRASHED ? "crashes" : "does not return";
			total->wrong++;
		}
	}
	if (wrong) {
		printf("%c\n# the victim itself %s, after %d boundaries\n",
		       s == ASLEEP ? 'W' : 'R', wrong, k);
		end_all();
		return;
	}
	last = k;
	at_end = finish(s, last, &n);

	for (k = 0; k < last; k++) {
		if (b[k].visit > 2 || b[k].unchanged) {
			putchar(b[k].visit > 2 ? '~' : '=');
			continue;
		}
		s = go_to(b, k);
		if (s == RETURNED) {
			/* An emulator may miss a breakpoint. */
			finish(s, last, &n);
			n.boundaries--;
			by_steps = 1;
			s = go_to(b, k);
			by_steps = 0;
		}
		putchar(finish(s, k, &n));
		fflush(stdout);
	}
	printf("%c\n", at_end);
	end_all();
	total->boundaries += n.boundaries;
	total->wrong += n.wrong;
	total->asleep += n.asleep;
	total->bytes += n.bytes;
	total->corruptions += n.corruptions;
	total->known += n.known;
}

static void *exits_at_once(void *arg)
{
	pthread_exit(arg);
}

/* The libc may look things up on the first use: keep that out of the maps. */
static void warm_up(void)
{
	static const struct operation op = { "", LOCK, FREE, { 0 }, 0, 0, 0 };
	struct variety variety = { &op, 0, 0, 0, 0, "warm-up" };
	struct timespec soon = deadline(LOCK, IN_AN_HOUR);
	int e = 0, offset;
	pthread_t t;

	now = &variety;
	e |= pthread_create(&t, NULL, exits_at_once, NULL) || pthread_join(t, NULL);
	for (variety.pi = 0; variety.pi < 2; variety.pi++) {
		make_mutex();
		e |= call(LOCK, soon);
		offset = lock_word_offset(mutex(), sizeof(pthread_mutex_t), getpid());
		if (offset < 0)
			die("no word of a locked mutex holds the owner's TID");
		word = (unsigned *)mutex() + offset;
		e |= call(UNLOCK, soon) | call(TRYLOCK, soon);
		e |= call(COND_TIMEDWAIT, deadline(COND_TIMEDWAIT, LONG_AGO)) != ETIMEDOUT;
		e |= pthread_cond_signal(cond) | call(UNLOCK, soon);
		e |= call(TIMEDLOCK, soon) | call(UNLOCK, soon);
#ifdef __GLIBC__
		e |= call(CLOCKLOCK, deadline(CLOCKLOCK, IN_AN_HOUR)) | call(UNLOCK, soon);
#endif
		e |= call(CONSISTENT, soon) != EINVAL;
		e |= call(DESTROY, soon);
		if (e)
			die("the calls fail even without a victim");
	}
	now = NULL;
}

/* Whether the operation makes sense for this variety. */
static int possible(const struct variety *variety)
{
	const struct operation *op = variety->op;

#ifndef __GLIBC__
	if (variety->private || op->call == CLOCKLOCK)
		return 0;
#endif
	if (op->result == BY_TYPE && op->call == LOCK &&
	    types[variety->type].type == PTHREAD_MUTEX_NORMAL)
		return 0;	/* a deadlock */
	if ((op->before == MINE_TWICE || op->before == MINE_DEAD_TWICE) &&
	    types[variety->type].type != PTHREAD_MUTEX_RECURSIVE)
		return 0;
	if ((op->before == OF_NOBODY || op->before == CROSSED) && !variety->pi)
		return 0;	/* only the kernel's PI code sees that */
	if (op->handler && op->events[0] && !variety->private)
		return 0;	/* the holder is in another process */
	if (op->handler && variety->waiters == 1)
		return 0;	/* to save time */
	if (op->events[0] == OVERTAKE && variety->pi)
		return 0;	/* the kernel passes the mutex on */
	return !variety->waiters || (op->before != FREE && op->before != DIED &&
				     op->before != UNRECOVERABLE &&
				     op->before != OF_NOBODY);
}

static void usage(void)
{
	fprintf(stderr, "usage: kill-every-operation [--list] [SHARD=i/n] "
		"[old-kernel] [PART...]\n");
	exit(2);
}

/* "SHARD=i/n" */
static void parse_shard(const char *arg, unsigned *i, unsigned *n)
{
	char more;

	if (sscanf(arg, "SHARD=%u/%u%c", i, n, &more) != 2 || !*i || *i > *n) {
		fprintf(stderr, "kill-every-operation: %s: expected SHARD=i/n with 1 <= i <= n\n",
			arg);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static const int counts[] = { 0, 1, MAX_WAITERS };
	struct count n = { 0, 0, 0, 0, 0, 0 };
	int list = 0, first = 1, wanted, i, ok;
	unsigned shard = 1, shards = 1, nr = 0, done = 0;
	struct variety variety;
	size_t o, w;
	char *dot;

	for (; first < argc; first++) {
		if (!strcmp(argv[first], "--list"))
			list = 1;
		else if (!strcmp(argv[first], "old-kernel"))
			old_kernel = 1;
		else if (!strncmp(argv[first], "SHARD=", 6))
			parse_shard(argv[first], &shard, &shards);
		else if (argv[first][0] == '-')
			usage();
		else
			break;
	}
	for (i = first; i < argc; i++)
		for (dot = argv[i]; (dot = strchr(dot, '.')); )
			*dot = ' ';
	single_step_or_skip(1);
	ctl = mmap(NULL, sizeof(*ctl), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mutex_page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ctl == MAP_FAILED || mutex_page == MAP_FAILED)
		die("mmap failed");
	cond = (pthread_cond_t *)(mutex_page + PAGE);
	second = (pthread_mutex_t *)(mutex_page + PAGE + MUTEX_OFFSET);
	warm_up();

	for (variety.type = 0; variety.type < 3; variety.type++)
	for (variety.pi = 0; variety.pi < 2; variety.pi++)
	for (variety.private = 0; variety.private < 2; variety.private++)
	for (o = 0; o < NR_OPERATIONS; o++)
	for (w = 0; w < sizeof(counts) / sizeof(counts[0]); w++) {
		variety.op = &operations[o];
		variety.waiters = counts[w];
		if (!possible(&variety))
			continue;
		snprintf(variety.label, sizeof(variety.label),
			 "%s, %s%s, %d waiting: %s", types[variety.type].name,
			 variety.pi ? "inherit, " : "",
			 variety.private ? "private" : "shared",
			 variety.waiters, variety.op->name);
		for (wanted = first == argc, i = first; i < argc; i++)
			wanted = wanted || strstr(variety.label, argv[i]);
		if (!wanted || nr++ % shards != shard - 1)
			continue;
		done++;
		if (list) {
			printf("%s\n", variety.label);
			continue;
		}
		now = &variety;
		stepping_through = variety.label;
		run(&n);
		now = NULL;
	}
	if (!nr) {
		fprintf(stderr, "kill-every-operation: no operation's label contains this; see --list\n");
		return 2;
	}
	if (list)
		return 0;
	printf("# %d boundaries of %u operations: %d wrong results, %d left asleep, "
	       "%d times bytes around changed, %d corruptions",
	       n.boundaries, done, n.wrong, n.asleep, n.bytes, n.corruptions);
	if (old_kernel || n.known)
		printf(", %d left asleep by the kernel", n.known);
	ok = !n.wrong && !n.asleep && !n.bytes && !n.corruptions && n.boundaries;
	printf("\n1..1\n%s 1 - all results as expected\n", ok ? "ok" : "not ok");
	return !ok;
}
