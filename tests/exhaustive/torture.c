// SPDX-License-Identifier: MIT
/*
 * Processes with threads lock and unlock robust mutexes of all kinds in shared
 * memory at random. The test kills processes at random, thousands of times, and
 * reuses the memory of the mutexes, by storing into it or by mapping other memory
 * over it.
 *
 * Usage: torture [SECONDS [SEED [old-kernel]]]	(default: 10 seconds, seed 1)
 * The seed determines the operations of each thread and the kills, but not how the
 * scheduler interleaves them. With "old-kernel", for a kernel that does not close
 * the race, the reused memory holds nothing that the kernel would take for a mutex
 * of the last owner.
 *
 * Each of these is a loss, and ends the run with exit status 1:
 *   - a mutex has two owners at a time, or a lock succeeds where EOWNERDEAD was
 *     due;
 *   - a thread does not reach its next operation within 30 seconds;
 *   - a byte of reused memory changes;
 *   - a function returns an error that the state of the mutex does not explain.
 *
 * Exit status 77: not possible here.
 *
 * Fails on a libc that uses a mutex after its release, and sooner or later on the
 * stock libcs: the reused memory holds what the kernel would take for a mutex of
 * the last owner, and the test kills the owner's process at that moment.
 */
#include "harness.h"
#include <sys/syscall.h>

#define SLOTS		16	/* mutexes that all processes share */
#define PROCESSES	4
#define THREADS		3	/* of each process */
#define PRIVATE		8	/* mutexes of each process */
#define PATIENCE_MS	patience(30000)
#ifdef __GLIBC__
#define LOCK_WORD	0	/* index in a pthread_mutex_t, for messages only */
#else
#define LOCK_WORD	4
#endif

#ifndef PR_FUTEX_HASH
#define PR_FUTEX_HASH		78	/* uapi/linux/prctl.h of Linux 6.16 */
#define PR_FUTEX_HASH_SET_SLOTS	1
#endif

enum { OPEN = 1, CLOSING, DRAINED };
#define ORPHAN (-1)
#define NOBODY 0x5a5a5a5a	/* not the id of any thread */

/* What a mutex protects, and the test's record of it; never reused. */
struct guarded {
	volatile int state;
	volatile int retirer;		/* 1 + the place of the process that closes it */
	volatile int owner, last_owner;	/* thread ids */
	volatile int last_process;
	volatile long before, after;	/* equal unless an owner is in between */
};

struct thread {
	volatile int id;
	volatile int uses;	/* slot + 1, until right before the unlock */
	volatile unsigned operations;
};

struct process {
	volatile pid_t pid;
	volatile unsigned serial;	/* counts the dead of this place */
	struct thread thread[THREADS];
};

struct control {
	struct guarded guarded[SLOTS];
	struct process process[PROCESSES];
	volatile int stop, lost;
	volatile long reused, remapped, died, unrecoverable, resized;
	char what[300];
};

static struct control *c;
static unsigned char *area;	/* SLOTS pages, each with a mutex, shared */
static int area_fd, other_fd;
static struct variety varieties[32];
static int nr_varieties, nr_shared;	/* the shared ones come first */
static unsigned seed = 1;
static int old_kernel;

/* This process's state. */
static int me;
static pthread_mutex_t private_mutex[PRIVATE];
static pthread_cond_t private_cond[PRIVATE];
static volatile int private_inside[PRIVATE];
static volatile int closed_here[SLOTS];	/* other memory is mapped over the slot */
static volatile int last_here[SLOTS];	/* the last owner of this process */

static pthread_mutex_t *mutex(int slot)
{
	return (pthread_mutex_t *)(area + slot * PAGE + 128);
}

__attribute__((format(printf, 1, 2)))
static void lose(const char *fmt, ...)
{
	va_list ap;

	if (!__atomic_exchange_n(&c->lost, 1, __ATOMIC_SEQ_CST)) {
		va_start(ap, fmt);
		vsnprintf(c->what, sizeof(c->what), fmt, ap);
		va_end(ap);
	}
	c->stop = 1;
}

static unsigned next(unsigned *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void collect(const struct variety *v)
{
	if (v->pshared == PTHREAD_PROCESS_SHARED)
		varieties[nr_shared++] = *v;
	nr_varieties++;
}

static void init_slot(int slot)
{
	struct guarded *g = &c->guarded[slot];

	memset(area + slot * PAGE, 0, PAGE);
	init(mutex(slot), &varieties[slot % nr_shared]);
	g->owner = g->last_owner = 0;
	g->before = g->after = 0;
	g->retirer = 0;
	__atomic_store_n(&g->state, OPEN, __ATOMIC_SEQ_CST);
}

/* Nobody is about to lock it, and each owner is about to unlock it. */
static int unused(int slot, int process)
{
	int p, t;

	for (p = 0; p < PROCESSES; p++)
		for (t = 0; t < THREADS; t++)
			if ((process < 0 || p == process) &&
			    c->process[p].thread[t].uses == slot + 1)
				return 0;
	return 1;
}

/* After this, every earlier owner has released the mutex, and may still be in its
 * unlock: POSIX permits its destruction. */
static int drain(int slot)
{
	struct timespec ts = in_ms(PATIENCE_MS);
	int e = pthread_mutex_timedlock(mutex(slot), &ts);

	if (e == EOWNERDEAD)
		pthread_mutex_consistent(mutex(slot));
	if (e == 0 || e == EOWNERDEAD) {
		int u = pthread_mutex_unlock(mutex(slot));

		if (u)
			lose("slot %d (%s): locked with %d and then not ours, "
			     "error %d, lock word %#x", slot,
			     varieties[slot % nr_shared].name, e, u,
			     *(unsigned *)((char *)mutex(slot) + LOCK_WORD));
	} else if (e != ENOTRECOVERABLE)
		lose("slot %d (%s): cannot be locked any more, error %d, owner %d, lock word %#x",
		     slot, varieties[slot % nr_shared].name, e,
		     c->guarded[slot].owner, *(unsigned *)((char *)mutex(slot) + LOCK_WORD));
	return e;
}

/* The reused memory: data that looks like mutexes of a thread. */
static void fill(unsigned char *page, unsigned id)
{
	unsigned *word = (unsigned *)page;
	size_t i;

	for (i = 0; i < PAGE / sizeof(*word); i++)
		word[i] = id;
}

static void verify(unsigned char *page, unsigned id, int slot, const char *how)
{
	unsigned *word = (unsigned *)page;
	size_t i;

	for (i = 0; i < PAGE / sizeof(*word); i++)
		if (word[i] != id) {
			lose("slot %d (%s), memory %s: word %d is %#x instead of %#x",
			     slot, varieties[slot % nr_shared].name, how,
			     (int)i, word[i], id);
			return;
		}
}

/* Wait until another process has this place. */
static void await_death(int process, unsigned serial)
{
	int ms;

	for (ms = 0; c->process[process].serial == serial && ms < 2000 && !c->stop; ms++)
		sleep_ms(1);
}

/* We made the slot CLOSING. */
static void retire(int slot, unsigned chance)
{
	struct guarded *g = &c->guarded[slot];
	int ms, id, victim;
	unsigned serial;

	for (ms = 0; !unused(slot, -1) ||
		     __atomic_exchange_n(&closed_here[slot], 1, __ATOMIC_SEQ_CST); ms++) {
		if (ms > PATIENCE_MS)
			lose("slot %d (%s): in use forever", slot,
			     varieties[slot % nr_shared].name);
		if (c->stop)
			return;
		if (ms < 100)
			sched_yield();
		else
			sleep_ms(1);
	}
	drain(slot);
	g->state = DRAINED;
	id = old_kernel ? NOBODY : g->last_owner;
	victim = g->last_process;
	serial = c->process[victim].serial;
	pthread_mutex_destroy(mutex(slot));
	fill(area + slot * PAGE, id);
	/* The retirer itself must live to verify it. */
	if (g->last_owner && victim != me && chance % 2) {
		kill(c->process[victim].pid, SIGKILL);
		await_death(victim, serial);
	} else if (chance % 8 == 2) {
		sleep_ms(1);
	}
	verify(area + slot * PAGE, id, slot, "reused");
	__atomic_add_fetch(&c->reused, 1, __ATOMIC_RELAXED);
	init_slot(slot);
	closed_here[slot] = 0;
}

/* Maps other memory over the mutex, in this process. */
static void remap(struct thread *t, int slot)
{
	unsigned char *page = area + slot * PAGE, *view;
	int i, e, id = old_kernel ? NOBODY : last_here[slot];
	off_t other = (me * SLOTS + slot) * PAGE;
	struct timespec ts = in_ms(1000);

	if (!last_here[slot] || __atomic_exchange_n(&closed_here[slot], 1, __ATOMIC_SEQ_CST))
		return;
	for (i = 0; !unused(slot, me); i++) {
		if (c->stop || i > 1000)
			goto out;
		sched_yield();
	}
	/* Once we have locked it, the threads of this process have released it, and
	 * may still be in their unlock. */
	__atomic_store_n(&t->uses, slot + 1, __ATOMIC_SEQ_CST);
	if (c->guarded[slot].state != OPEN) {
		t->uses = 0;
		goto out;
	}
	e = pthread_mutex_timedlock(mutex(slot), &ts);
	if (e == EOWNERDEAD) {
		c->guarded[slot].owner = 0;
		c->guarded[slot].before = c->guarded[slot].after;
		EXPECT(pthread_mutex_consistent(mutex(slot)), 0);
	}
	__atomic_store_n(&t->uses, 0, __ATOMIC_SEQ_CST);
	if (e && e != EOWNERDEAD)
		goto out;
	EXPECT(pthread_mutex_unlock(mutex(slot)), 0);

	view = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, other_fd, other);
	CHECK(view != MAP_FAILED);
	fill(view, id);
	CHECK(mmap(page, PAGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED, other_fd, other) == page);
	sched_yield();
	verify(view, id, slot, "remapped");
	CHECK(mmap(page, PAGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED, area_fd, slot * PAGE) == page);
	munmap(view, PAGE);
	__atomic_add_fetch(&c->remapped, 1, __ATOMIC_RELAXED);
out:
	closed_here[slot] = 0;
}

static int take_somehow(pthread_mutex_t *m, unsigned r)
{
	struct timespec ts;

	switch (r % 8) {
	case 0: case 1:
		return pthread_mutex_trylock(m);
	case 2: case 3:
		ts = in_ms(r % 16);
		return pthread_mutex_timedlock(m, &ts);
	default:
		return pthread_mutex_lock(m);
	}
}

/* One operation on a shared mutex. Returns 1 if the thread should end. */
static int shared_operation(struct thread *t, unsigned *state)
{
	unsigned r = next(state);
	int slot = r % SLOTS, e, ends = 0;
	struct guarded *g = &c->guarded[slot];
	int recursive = varieties[slot % nr_shared].type == PTHREAD_MUTEX_RECURSIVE;

	r = next(state);
	if (r % 97 == 0 && __sync_bool_compare_and_swap(&g->state, OPEN, CLOSING)) {
		g->retirer = me + 1;
		retire(slot, next(state));
		return 0;
	}
	if (r % 89 == 0) {
		remap(t, slot);
		return 0;
	}
	__atomic_store_n(&t->uses, slot + 1, __ATOMIC_SEQ_CST);
	if (g->state != OPEN || closed_here[slot]) {
		t->uses = 0;
		sched_yield();
		return 0;
	}
	r = next(state);
	e = take_somehow(mutex(slot), r);
	switch (e) {
	case EBUSY:
	case ETIMEDOUT:
		t->uses = 0;
		return 0;
	case ENOTRECOVERABLE:
		t->uses = 0;
		if (__sync_bool_compare_and_swap(&g->state, OPEN, CLOSING)) {
			g->retirer = me + 1;
			__atomic_add_fetch(&c->unrecoverable, 1, __ATOMIC_RELAXED);
			retire(slot, next(state));
		}
		return 0;
	case EOWNERDEAD:
		__atomic_add_fetch(&c->died, 1, __ATOMIC_RELAXED);
		if (r % 32 == 31) {
			g->owner = 0;
			g->before = g->after;
			t->uses = 0;
			EXPECT(pthread_mutex_unlock(mutex(slot)), 0);
			return 0;
		}
		EXPECT(pthread_mutex_consistent(mutex(slot)), 0);
		break;
	case 0:
		if (g->owner || g->before != g->after)
			lose("slot %d (%s): acquired by %d as free, owner %d, %ld and %ld",
			     slot, varieties[slot % nr_shared].name, t->id,
			     g->owner, g->before, g->after);
		break;
	default:
		lose("slot %d (%s): error %d from a lock", slot,
		     varieties[slot % nr_shared].name, e);
		t->uses = 0;
		return 0;
	}
	g->owner = t->id;
	g->before = g->after + 1;
	if (recursive && r % 3 == 0) {
		EXPECT(pthread_mutex_lock(mutex(slot)), 0);
		EXPECT(pthread_mutex_unlock(mutex(slot)), 0);
	}
	if (r % 64 == 5)
		sleep_ms(1);
	else if (r % 16 == 7)
		sched_yield();
	ends = r % 4096 == 9;
	if (g->owner != t->id)
		lose("slot %d (%s): %d and %d own it", slot,
		     varieties[slot % nr_shared].name, t->id, g->owner);
	if (!ends) {
		g->after = g->before;
		g->last_owner = t->id;
		g->last_process = me;
		last_here[slot] = t->id;
		__atomic_store_n(&g->owner, 0, __ATOMIC_SEQ_CST);
	}
	/* From here on others may reuse the memory. */
	__atomic_store_n(&t->uses, 0, __ATOMIC_SEQ_CST);
	if (!ends)
		EXPECT(pthread_mutex_unlock(mutex(slot)), 0);
	return ends;
}

static void private_operation(unsigned *state)
{
	unsigned r = next(state);
	int i = r % PRIVATE, e;
	struct timespec ts;

	e = take_somehow(&private_mutex[i], next(state));
	if (e == EBUSY || e == ETIMEDOUT)
		return;
	if (e == EOWNERDEAD) {
		private_inside[i] = 0;
		EXPECT(pthread_mutex_consistent(&private_mutex[i]), 0);
	} else {
		EXPECT(e, 0);
	}
	if (private_inside[i])
		lose("private mutex %d: two owners", i);
	private_inside[i] = 1;
	if (next(state) % 8 == 0) {
		private_inside[i] = 0;
		ts = in_ms(1);
		e = pthread_cond_timedwait(&private_cond[i], &private_mutex[i], &ts);
		if (e == EOWNERDEAD)
			EXPECT(pthread_mutex_consistent(&private_mutex[i]), 0);
		else if (e && e != ETIMEDOUT)
			lose("private mutex %d: cond_timedwait gave %d", i, e);
		if (private_inside[i] && e != EOWNERDEAD)
			lose("private mutex %d: two owners after cond_timedwait", i);
		private_inside[i] = 1;
	} else if (next(state) % 4 == 0) {
		pthread_cond_broadcast(&private_cond[i]);
	}
	private_inside[i] = 0;
	EXPECT(pthread_mutex_unlock(&private_mutex[i]), 0);
}

static void *work(void *arg)
{
	struct thread *t = arg;
	unsigned state = seed * 2654435761U +
			 c->process[me].serial * PROCESSES * THREADS +
			 me * THREADS + (t - c->process[me].thread);

	t->uses = 0;
	t->id = syscall(SYS_gettid);
	while (!c->stop) {
		if (next(&state) % 8)
			if (shared_operation(t, &state))
				return t;	/* and still hold the mutex */
		if (next(&state) % 8 == 0)
			private_operation(&state);
		t->operations++;
	}
	return NULL;
}

/* One process, which replaces its threads when they end. */
static void run_process(void *arg)
{
	pthread_t threads[THREADS];
	struct process *p;
	unsigned state, n = 0;
	int i;

	me = (int)(size_t)arg;
	p = &c->process[me];
	state = seed + p->serial * 31 + me;
	for (i = 0; i < PRIVATE; i++) {
		struct variety v = varieties[i % nr_shared];

		v.pshared = PTHREAD_PROCESS_PRIVATE;
		init(&private_mutex[i], &v);
		init_cond(&private_cond[i], &v);
	}
	for (i = 0; i < THREADS; i++)
		EXPECT(pthread_create(&threads[i], NULL, work, &p->thread[i]), 0);
	while (!c->stop) {
		for (i = 0; i < THREADS; i++) {
			if (!pthread_tryjoin_np(threads[i], NULL))
				EXPECT(pthread_create(&threads[i], NULL, work,
						      &p->thread[i]), 0);
		}
		/* New in Linux 6.16. */
		if (!prctl(PR_FUTEX_HASH, PR_FUTEX_HASH_SET_SLOTS,
			   2UL << (next(&state) % 7), 0, 0) && n++ % 16 == 0)
			__atomic_add_fetch(&c->resized, 16, __ATOMIC_RELAXED);
		sleep_ms(1);
	}
	for (i = 0; i < THREADS; i++)
		EXPECT(pthread_join(threads[i], NULL), 0);
}

/* A process has died. */
static void bury(int place)
{
	struct process *p = &c->process[place];
	int i;

	for (i = 0; i < THREADS; i++)
		p->thread[i].uses = 0;
	for (i = 0; i < SLOTS; i++)
		if (c->guarded[i].state != OPEN &&
		    c->guarded[i].retirer == place + 1)
			c->guarded[i].retirer = ORPHAN;
	__atomic_add_fetch(&p->serial, 1, __ATOMIC_SEQ_CST);
}

/* Finish the work of dead processes. One may have died after it changed the state
 * and before it entered itself as the retirer. */
static void adopt(void)
{
	static int nobody[SLOTS];
	int i;

	for (i = 0; i < SLOTS; i++) {
		struct guarded *g = &c->guarded[i];

		if (g->state != OPEN && !g->retirer && ++nobody[i] > 1000)
			g->retirer = ORPHAN;
		if (g->state == OPEN || g->retirer)
			nobody[i] = 0;
		if (g->state == OPEN || g->retirer != ORPHAN || !unused(i, -1))
			continue;
		if (g->state == CLOSING)
			drain(i);
		init_slot(i);
	}
}

static unsigned long operations(void)
{
	unsigned long n = 0;
	int p, t;

	for (p = 0; p < PROCESSES; p++)
		for (t = 0; t < THREADS; t++)
			n += c->process[p].thread[t].operations;
	return n;
}

/* Each thread must have done something since the last call. */
static void look_for_sleepers(void)
{
	static unsigned seen[PROCESSES][THREADS], serial[PROCESSES];
	static int quiet[PROCESSES][THREADS];
	int p, t;

	for (p = 0; p < PROCESSES; p++)
		for (t = 0; t < THREADS; t++) {
			struct thread *th = &c->process[p].thread[t];

			if (seen[p][t] != th->operations ||
			    serial[p] != c->process[p].serial) {
				seen[p][t] = th->operations;
				quiet[p][t] = 0;
			} else if (++quiet[p][t] > PATIENCE_MS / 1000) {
				lose("thread %d sleeps forever, slot %d (%s)",
				     th->id, th->uses - 1, th->uses ?
				     varieties[(th->uses - 1) % nr_shared].name : "none");
			}
			if (t == THREADS - 1)
				serial[p] = c->process[p].serial;
		}
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 10, p, i, status;
	unsigned state, kills = 0, deaths = 0;
	time_t start, shown, second;
	pid_t pid;

	old_kernel = argc > 3 && !strcmp(argv[3], "old-kernel");
	if (seconds <= 0 || argc > 3 + old_kernel) {
		fprintf(stderr, "usage: torture [SECONDS [SEED [old-kernel]]]\n");
		return 2;
	}
	if (argc > 2)
		seed = strtoul(argv[2], NULL, 0);
	state = seed;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for_each_variety(collect);
	snprintf(doing, sizeof(doing), "seed %u", seed);
	c = shared(sizeof(*c));
	area_fd = fileno(tmpfile());
	other_fd = fileno(tmpfile());
	CHECK(!ftruncate(area_fd, SLOTS * PAGE) && !ftruncate(other_fd, PROCESSES * SLOTS * PAGE));
	area = mmap(NULL, SLOTS * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, area_fd, 0);
	CHECK(area != MAP_FAILED);
	me = -1;
	for (i = 0; i < SLOTS; i++)
		init_slot(i);
	printf("# seed %u, %d seconds, %d processes with %d threads, %d mutexes\n",
	       seed, seconds, PROCESSES, THREADS, SLOTS);
	for (p = 0; p < PROCESSES; p++)
		c->process[p].pid = spawn(run_process, (void *)(size_t)p);

	start = shown = second = time(NULL);
	while (!c->stop) {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			for (p = 0; p < PROCESSES && c->process[p].pid != pid; p++)
				;
			if (p == PROCESSES)
				continue;
			if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
				lose("a process ended with status %#x", status);
			deaths++;
			bury(p);
			if (!c->stop)
				c->process[p].pid = spawn(run_process, (void *)(size_t)p);
		}
		adopt();
		sleep_ms(1 + next(&state) % 8);
		if (next(&state) % 3 == 0) {
			kill(c->process[next(&state) % PROCESSES].pid, SIGKILL);
			kills++;
		}
		if (time(NULL) != second) {
			second = time(NULL);
			look_for_sleepers();
		}
		if (second - shown >= 10) {
			shown = second;
			printf("# %ld s: %u deaths, %lu operations\n",
			       (long)(second - start), deaths, operations());
		}
		if (second - start >= seconds)
			break;
	}
	c->stop = 1;
	for (p = 0; p < PROCESSES; p++) {
		/* They may wait for a dead process. */
		for (i = 0; i < 3000 && !waitpid(c->process[p].pid, &status, WNOHANG); i++)
			sleep_ms(1);
		kill(c->process[p].pid, SIGKILL);
		waitpid(c->process[p].pid, NULL, 0);
	}
	printf("# %u deaths (%u at random), %lu operations, %ld owners dead, "
	       "%ld unrecoverable, memory reused %ld times and remapped %ld, "
	       "futex hash resized %ld times\n", deaths, kills, operations(),
	       c->died, c->unrecoverable, c->reused, c->remapped, c->resized);
	if (c->lost)
		printf("# LOSS: %s\n", c->what);
	if (deaths < (unsigned)seconds)
		fail(__FILE__, __LINE__, "too few deaths to tell");
	return c->lost;
}
