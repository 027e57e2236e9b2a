// SPDX-License-Identifier: MIT
/* What the processes do with the mutex. The last one that uses it destroys it and
 * reuses its memory, which may then hold the TID of another process. */
#include "model.h"

static void destroy(void)
{
	struct mutex *m = world.mutexes;
	unsigned tids[THREADS], owner;
	int i, n = 0;

	STEP("destroy and reuse");
	/* First check that nobody owns it, as a trylock would. */
	owner = WORD(&m->m) & WORD_TID;
	for (i = 0; i < options.threads; i++)
		if (owner == (unsigned)world.threads[i].tls.tid)
			return;
	for (i = 0; i < options.threads; i++)
		if (i != running && world.threads[i].status != GONE &&
		    world.threads[i].status != FINISHED)
			tids[n++] = world.threads[i].tls.tid & WORD_TID;
	m->reused = 1;
	memset((void *)&m->m, 0xee, sizeof(m->m));
	if (n)
		WORD(&m->m) = tids[mc_choose(n, "puts there the TID number")];
}

static void drop_ref(struct thread *t)
{
	if (!t->dropped)
		t->dropped = --world.mutexes->refs ? 1 : 2;
}

static __attribute__((noreturn)) void leave(int status)
{
	drop_ref(current);
	if (current->dropped == 2)
		destroy();
	current->status = status;
	thread_stop();
	abort();
}

/* The owner locks it again. */
static void lock_again(struct mutex *m)
{
	int trylock = mc_choose(2, "locks again, by trylock?"), expected, e;

	e = trylock ? TRYLOCK(&m->m) : LOCK(&m->m);
	property_slot("relock");
	expected = options.type == 1 ? 0 : EDEADLK;
	if (options.type == 2 && trylock)
		expected = EBUSY;
	if (e != expected)
		mc_fail("P0-relock", "T%d: second lock: %d, want %d", running, e, expected);
	if (e)
		return;
	e = UNLOCK(&m->m);
	if (e)
		mc_fail("P0-unlock", "T%d: inner unlock returned %d", running, e);
	property_slot("inner unlock");
}

static void acquired(struct mutex *m, int e)
{
	property_acquired(m, e);
	STEP("has the mutex");
}

/* Calls UNLOCK or, to wait for a condition, its inner part. */
static void release(struct mutex *m, int inner)
{
	int inconsistent = m->inconsistent, e;

	m->holder = -1;
	m->inconsistent = 0;
	if (inconsistent)
		m->notrec_begun = 1;
	e = inner ? INNER_UNLOCK(&m->m) : UNLOCK(&m->m);
	if (e)
		mc_fail("P0-unlock", "unlock returned %d", e);
	property_slot("unlock");
	if (inconsistent)
		m->notrec = 1;
}

static void make_consistent(struct mutex *m)
{
	if (CONSISTENT(&m->m))
		mc_fail("P0-consistent", "pthread_mutex_consistent failed");
	m->inconsistent = 0;
}

/* Returns whether the thread owns the mutex again. */
static int wait_for_condition(struct mutex *m)
{
	int e;

	release(m, 1);
	current->busy = 0;
	STEP("waits for the condition");
	property_call();
	e = RELOCK(&m->m);
	property_slot("the lock of a condition");
	if (e && e != EOWNERDEAD) {
		property_not_acquired(m, 'L', e);
		return 0;
	}
	acquired(m, e);
	return 1;
}

static void lock_second(struct mutex *second)
{
	int e = LOCK(&second->m);

	property_slot("lock of the second mutex");
	if (e && e != EOWNERDEAD)
		mc_fail("P0-result", "T%d: lock of the second mutex: %d", running, e);
	acquired(second, e);
	if (e)
		make_consistent(second);
}

static void exit_with(struct mutex *m)
{
	m->holder = -1;
	m->death_due = 1;
	EXIT_LIST();
	application_die();
}

/* Returns whether the thread will use the mutex again. */
static int hold(struct mutex *m)
{
	int last, second_first;

	if (m->inconsistent && mc_choose(2, "makes it consistent?"))
		make_consistent(m);
	if (options.cond && mc_choose(2, "waits for a condition?") && !wait_for_condition(m))
		return 1;
	if (options.exit && mc_choose(2, "ends with it?"))
		exit_with(m);
	if (options.nest && options.type)
		lock_again(m);
	if (options.two)
		lock_second(m + 1);
	second_first = options.two && mc_choose(2, "unlocks the second mutex first?");
	if (second_first)
		release(m + 1, 0);
	last = mc_choose(2, "has used the mutex for the last time?");
	if (last)
		drop_ref(current);
	release(m, 0);
	current->busy = 0;
	if (options.two && !second_first)
		release(m + 1, 0);
	return !last;
}

/* Not inline: leftovers in registers would make equal states differ. Returns
 * whether the thread acquired the mutex, or -1 if no operation is to follow. */
static __attribute__((noinline)) int operation(struct mutex *m)
{
	struct timespec later = { 1, 0 };
	const char *ops = options.ops[running];
	int n = strlen(ops), choice, e;

	choice = mc_choose(n + 1, "chooses the operation number");
	if (choice == n)
		return -1;
	STEP("operation begins");
	property_call();
	switch (ops[choice]) {
	case 'L': e = LOCK(&m->m); break;
	case 'T': e = TRYLOCK(&m->m); break;
	default: e = TIMEDLOCK(&m->m, &later);
	}
	property_slot("lock");
	if (e && e != EOWNERDEAD) {
		property_not_acquired(m, ops[choice], e);
		return 0;
	}
	acquired(m, e);
	return 1;
}

static void body(void)
{
	struct mutex *m = world.mutexes;
	int round, has;

	for (round = 0; round < options.rounds; round++) {
		has = operation(m);
		if (has < 0 || (has && !hold(m)))
			break;
	}
	leave(FINISHED);
}

void application_die(void)
{
	struct mutex *m;

	current->unkillable = 1;
	current->killed = 0;
	kernel_exit();
	for (m = world.mutexes; m < world.mutexes + MUTEXES; m++)
		if (!m->reused && (WORD(&m->m) & WORD_TID) == (unsigned)current->tls.tid)
			mc_fail("P4-dead-holder-not-marked",
				"T%d died with the mutex, which was not marked", running);
	current->busy = 0;
	current->tls.tid = -current->tls.tid;	/* no longer a TID */
	leave(GONE);				/* its parent has waited for the process */
}

void application_signal(void)
{
	struct mutex *second = &world.mutexes[1];

	lock_second(second);
	release(second, 0);
}

void application_start(int i)
{
	struct thread *t = &world.threads[i];

	memset(t, 0, sizeof(*t));
	t->tls.tid = 101 + i;
	t->futex = t->pi_state = t->exiting = -1;
	HEAD(t) = &HEAD(t);
#ifdef MC_GLIBC
	t->tls.robust_prev = &t->tls.robust_head;
	t->registered = 1;
#endif
	thread_statics(t);
	t->status = RUN;
	t->step = STEP_UNSEEN;
	t->file = t->what = "start";
	thread_start(i, body);
}

static void mutex_init(struct mutex *m)
{
	m->holder = m->bucket = -1;
	m->refs = options.threads;
#ifdef MC_GLIBC
	KIND(&m->m) = PTHREAD_MUTEX_ROBUST_NORMAL_NP | options.type | 128 |
		(options.pi ? PTHREAD_MUTEX_PRIO_INHERIT_NP : 0);
#else
	KIND(&m->m) = options.type | 4 | 128 | (options.pi ? 8 : 0);
#endif
}

void application_init(void)
{
	struct mutex *m;
	int i;

	memset(&world, 0, sizeof(world));
	world.kills = options.kills;
	world.spurious = options.spurious;
	world.signals = options.signals;
	world.reuses = options.reuses;
	for (m = world.mutexes; m < world.mutexes + MUTEXES; m++)
		mutex_init(m);
	m = world.mutexes;
	if (!strcmp(options.initial, "died")) {	/* an owner died and is gone */
		WORD(&m->m) = WORD_DIED;
		m->death_due = 1;
#ifdef MC_GLIBC
		OWNER(&m->m) = 99;
#endif
	} else if (!strcmp(options.initial, "notrec")) {
		m->notrec = m->notrec_begun = 1;
#ifdef MC_GLIBC
		OWNER(&m->m) = PTHREAD_MUTEX_NOTRECOVERABLE;
#else
		WORD(&m->m) = 0x7fffffff;
#endif
	}
	for (i = 0; i < options.threads; i++)
		application_start(i);
}
