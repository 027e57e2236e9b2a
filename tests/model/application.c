// SPDX-License-Identifier: MIT
/* What the processes do with the mutex. The last one that uses it destroys it, and its
 * memory becomes something else, which may hold the TID of another one. */
#include "model.h"

static void destroy(void)
{
	struct mutex *m = world.mutexes;
	unsigned tids[THREADS], owner;
	int i, n = 0;

	STEP("destroy and reuse");
	/* Whoever did not hold it last looks whether it is free, as by a trylock. */
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
		WORD(&m->m) = tids[mc_choose(n, "whose TID is in the reused memory")];
}

static void drop_ref(struct thread *t)
{
	if (!t->dropped)
		t->dropped = --world.mutexes->refs ? 1 : 2;
}

/* The owner locks it again. */
static void lock_again(void)
{
	struct mutex *m = world.mutexes;
	int trylock = mc_choose(2, "again by trylock?"), expected, e;

	e = trylock ? TRYLOCK(&m->m) : LOCK(&m->m);
	property_slot("relock");
	expected = options.type == 1 ? 0 : EDEADLK;
#ifndef MC_GLIBC
	if (options.type == 2 && trylock)
		expected = EBUSY;
#endif
	if (e != expected)
		mc_fail("P0-relock", "T%d: second lock: %d, want %d", running, e, expected);
	if (e)
		return;
	e = UNLOCK(&m->m);
#ifdef MC_GLIBC
	if (e == ENOTRECOVERABLE && current->inconsistent)
		e = 0;
#endif
	if (e)
		mc_fail("P0-unlock", "T%d: inner unlock returned %d", running, e);
	property_slot("inner unlock");
}

/* Returns whether it goes on with the mutex. */
static int hold(int died)
{
	struct mutex *m = world.mutexes;
	int last, inconsistent, e;

	STEP("has the mutex");
	if (died && mc_choose(2, "consistent?")) {
		if (CONSISTENT(&m->m))
			mc_fail("P0-consistent", "pthread_mutex_consistent failed");
		current->inconsistent = 0;
	}
	if (options.nest && options.type)
		lock_again();
	last = mc_choose(2, "last use of the mutex by this one?");
	if (last)
		drop_ref(current);
	m->holder = -1;
	inconsistent = current->inconsistent;
	if (inconsistent)
		m->notrec_begun = 1;
	e = UNLOCK(&m->m);
	if (e)
		mc_fail("P0-unlock", "unlock returned %d", e);
	property_slot("unlock");
	current->busy = 0;
	if (inconsistent)
		m->notrec = 1;
	current->inconsistent = 0;
	return !last;
}

static void body(void)
{
	struct timespec later = { 1, 0 };
	const char *ops = options.ops[running];
	struct mutex *m = world.mutexes;
	int round, n = strlen(ops), choice, notrec, e;

	for (round = 0; round < options.rounds; round++) {
		choice = mc_choose(n + 1, "operation (last: none more)");
		if (choice == n)
			break;
		STEP("operation begins");
		property_call();
		notrec = m->notrec;
		switch (ops[choice]) {
		case 'L': e = LOCK(&m->m); break;
		case 'T': e = TRYLOCK(&m->m); break;
		default: e = TIMEDLOCK(&m->m, &later);
		}
		property_slot("lock");
		if (e == 0 || e == EOWNERDEAD) {
			property_acquired(m, e);
			if (!hold(e))
				break;
		} else {
			property_not_acquired(m, ops[choice], e, notrec);
		}
	}
	drop_ref(current);
	if (current->dropped == 2)
		destroy();
	current->status = FINISHED;
	thread_stop();
	abort();
}

void application_die(void)
{
	struct mutex *m;

	kernel_exit();
	for (m = world.mutexes; m < world.mutexes + MUTEXES; m++)
		if (m->holder == running)
			mc_fail("P4-dead-holder-not-marked",
				"T%d died with the mutex, which was not marked", running);
	current->busy = 0;
	current->tls.tid = -current->tls.tid;	/* no longer a TID */
	drop_ref(current);		/* somebody has waited for the process */
	if (current->dropped == 2)
		destroy();
	current->status = GONE;
	thread_stop();
	abort();
}

static void mutex_init(struct mutex *m)
{
	m->holder = m->pi_owner = m->pi_fixup = -1;
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
	for (m = world.mutexes; m < world.mutexes + MUTEXES; m++)
		mutex_init(m);
	m = world.mutexes;
	if (!strcmp(options.initial, "died")) {	/* somebody died with it, who is gone */
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
	for (i = 0; i < options.threads; i++) {
		struct thread *t = &world.threads[i];

		t->tls.tid = 101 + i;
		t->futex = -1;
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
}
