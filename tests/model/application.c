// SPDX-License-Identifier: MIT
/* What the processes do with the mutex. The last one that uses it destroys it, and its
 * memory becomes something else, which may hold the TID of another one. */
#include "model.h"

static void destroy(void)
{
	unsigned tids[MC_N], owner;
	int i, n = 0;

	STEP("destroy and reuse");
	/* Whoever did not hold it last looks whether it is free, as by a trylock. */
	owner = WORD(&world.mutex) & WORD_TID;
	for (i = 0; i < options.threads; i++)
		if (owner == (unsigned)world.threads[i].tls.tid)
			return;
	for (i = 0; i < options.threads; i++)
		if (i != running && world.threads[i].status != GONE &&
		    world.threads[i].status != FINISHED)
			tids[n++] = world.threads[i].tls.tid & WORD_TID;
	world.reused = 1;
	memset((void *)&world.mutex, 0xee, sizeof(world.mutex));
	if (n)
		WORD(&world.mutex) = tids[mc_choose(n, "whose TID is in the reused memory")];
}

static void drop_ref(struct thread *t)
{
	if (!t->dropped)
		t->dropped = --world.refs ? 1 : 2;
}

/* The owner locks it again. */
static void lock_again(void)
{
	int trylock = mc_choose(2, "again by trylock?"), expected, e;

	e = trylock ? TRYLOCK(&world.mutex) : LOCK(&world.mutex);
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
	e = UNLOCK(&world.mutex);
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
	int last, inconsistent, e;

	STEP("has the mutex");
	if (died && mc_choose(2, "consistent?")) {
		if (CONSISTENT(&world.mutex))
			mc_fail("P0-consistent", "pthread_mutex_consistent failed");
		current->inconsistent = 0;
	}
	if (options.nest && options.type)
		lock_again();
	last = mc_choose(2, "last use of the mutex by this one?");
	if (last)
		drop_ref(current);
	world.holder = -1;
	inconsistent = current->inconsistent;
	if (inconsistent)
		world.notrec_begun = 1;
	e = UNLOCK(&world.mutex);
	if (e)
		mc_fail("P0-unlock", "unlock returned %d", e);
	property_slot("unlock");
	current->busy = 0;
	if (inconsistent)
		world.notrec = 1;
	current->inconsistent = 0;
	return !last;
}

static void body(void)
{
	static const struct timespec later = { 1, 0 };
	const char *ops = options.ops[running];
	int round, n = strlen(ops), choice, notrec, e;

	for (round = 0; round < options.rounds; round++) {
		choice = mc_choose(n + 1, "operation (last: none more)");
		if (choice == n)
			break;
		STEP("operation begins");
		property_call();
		notrec = world.notrec;
		switch (ops[choice]) {
		case 'L': e = LOCK(&world.mutex); break;
		case 'T': e = TRYLOCK(&world.mutex); break;
		default: e = TIMEDLOCK(&world.mutex, &later);
		}
		property_slot("lock");
		if (e == 0 || e == EOWNERDEAD) {
			property_acquired(e);
			if (!hold(e))
				break;
		} else {
			property_not_acquired(ops[choice], e, notrec);
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
	kernel_exit();
	if (world.holder == running)
		mc_fail("P4-dead-holder-not-marked",
			"T%d died with the mutex, which was not marked", running);
	current->busy = 0;
	current->tls.tid = -current->tls.tid;	/* no longer a TID */
	if (options.reap) {		/* somebody has waited for the process */
		drop_ref(current);
		if (current->dropped == 2)
			destroy();
	}
	current->status = GONE;
	thread_stop();
	abort();
}

void application_init(void)
{
	int i;

	memset(&world, 0, sizeof(world));
	world.holder = world.pi_owner = world.pi_fixup = -1;
	world.kills = options.kills;
	world.spurious = options.spurious;
	world.refs = options.threads;
#ifdef MC_GLIBC
	KIND(&world.mutex) = PTHREAD_MUTEX_ROBUST_NORMAL_NP | options.type | 128 |
		(options.pi ? PTHREAD_MUTEX_PRIO_INHERIT_NP : 0);
#else
	KIND(&world.mutex) = options.type | 4 | 128 | (options.pi ? 8 : 0);
#endif
	if (!strcmp(options.initial, "died")) {	/* somebody died with it, who is gone */
		WORD(&world.mutex) = WORD_DIED;
		world.death_due = 1;
#ifdef MC_GLIBC
		OWNER(&world.mutex) = 99;
#endif
	} else if (!strcmp(options.initial, "notrec")) {
		world.notrec = world.notrec_begun = 1;
#ifdef MC_GLIBC
		OWNER(&world.mutex) = PTHREAD_MUTEX_NOTRECOVERABLE;
#else
		WORD(&world.mutex) = 0x7fffffff;
#endif
	}
	for (i = 0; i < options.threads; i++) {
		struct thread *t = &world.threads[i];

		t->tls.tid = 101 + i;
		HEAD(t) = &HEAD(t);
#ifdef MC_GLIBC
		t->tls.robust_prev = &t->tls.robust_head;
		t->registered = 1;
#endif
		t->status = RUN;
		t->kind = MC_LOCAL;
		t->file = t->what = "start";
		thread_start(i, body);
	}
}
