// SPDX-License-Identifier: MIT
/* kernel/futex/pi.c, in few steps. A pi_state exists as long as there are waiters. */
#include "model.h"

static int is_waiter(const struct mutex *m, int i)
{
	return world.threads[i].status == SLEEP && world.threads[i].pi_waiter &&
	       world.threads[i].futex == m - world.mutexes;
}

int pi_waiters(const struct mutex *m)
{
	int i, n = 0;

	for (i = 0; i < options.threads; i++)
		n += is_waiter(m, i);
	return n;
}

/* The top waiter, by its priority, of which nothing is known here. */
static int top_waiter(const struct mutex *m)
{
	int waiters[THREADS], i, n = 0;

	for (i = 0; i < options.threads; i++)
		if (is_waiter(m, i))
			waiters[n++] = i;
	return waiters[mc_choose(n, "top waiter")];
}

static void wake_waiter(int i)
{
	struct thread *t = &world.threads[i];

	t->status = RUN;
	t->step = STEP_UNSEEN;
	t->result = 0;
	t->pi_waiter = 0;
}

/* pi.c: futex_lock_pi */
long futex_lock_pi(struct mutex *m, int trylock, int timed)
{
	struct thread *t = current;
	unsigned uval, tid = t->tls.tid;
	int owner;
	long result;

	STEP(trylock ? "futex_trylock_pi" : "futex_lock_pi");
retry:					/* futex_lock_pi_atomic */
	uval = WORD(&m->m);
	if ((uval & WORD_TID) == tid)
		return -EDEADLK;
	if (pi_waiters(m) || m->pi_fixup >= 0) {	/* attach_to_pi_state */
		if ((uval & WORD_TID) &&
		    (m->pi_owner < 0 ||
		     (uval & WORD_TID) != (unsigned)world.threads[m->pi_owner].tls.tid))
			return -EINVAL;
		if (!(uval & WORD_TID) && !(uval & WORD_DIED))
			return -EINVAL;
		if (trylock)
			return -EWOULDBLOCK;
	} else if (!(uval & WORD_TID)) {
		kernel_store(m, (uval & WORD_DIED) | tid, "lock_pi_update_atomic");
		return 0;
	} else {			/* attach_to_pi_owner */
		kernel_store(m, uval | WORD_WAITERS, "lock_pi_update_atomic");
		owner = kernel_find(uval & WORD_TID);
		if (owner < 0)
			return -ESRCH;
		if (world.threads[owner].dying) {	/* handle_exit_race */
			while (kernel_find(uval & WORD_TID) >= 0)
				STEP("wait_for_owner_exiting");
			goto retry;
		}
		if (trylock)
			return -EWOULDBLOCK;
		m->pi_owner = owner;
	}
	t->status = SLEEP;
	t->futex = m - world.mutexes;
	t->timed = timed;
	t->pi_waiter = 1;
	thread_stop();
	t->timed = 0;
	t->pi_waiter = 0;
	result = t->result;
	t->result = 0;
	if (m->pi_fixup == running) {
		STEP("fixup_pi_state_owner");
		kernel_store(m, (WORD(&m->m) & WORD_DIED) | tid | WORD_WAITERS,
			     "fixup_pi_state_owner");
		m->pi_fixup = -1;
		t->unkillable = 0;
	}
	if (!pi_waiters(m))
		m->pi_owner = -1;
	return result;
}

/* pi.c: futex_unlock_pi; ROBUST: then kernel/futex/core.c: futex_robust_list_clear_pending */
long futex_unlock_pi(struct mutex *m, int robust, void *pop)
{
	struct thread *t = current;
	unsigned uval, tid = t->tls.tid;
	int i;

	STEP(robust ? "futex_unlock_pi|ROBUST_UNLOCK" : "futex_unlock_pi");
	if (robust && !kernel.flag)
		return -ENOSYS;
	if (robust && kernel.refuse)
		return -EPERM;
	uval = WORD(&m->m);
	if ((uval & WORD_TID) != tid)
		return -EPERM;
	t->unkillable = 1;
	STEP("futex_unlock_pi: the bucket's lock");
	if (pi_waiters(m)) {
		i = top_waiter(m);
		kernel_store(m, WORD_WAITERS | world.threads[i].tls.tid, "wake_futex_pi");
		wake_waiter(i);
		m->pi_owner = pi_waiters(m) ? i : -1;
	} else {
		if (WORD(&m->m) != uval) {
			t->unkillable = 0;
			return -EAGAIN;
		}
		kernel_store(m, 0, "futex_unlock_pi");
	}
	if (robust)
		*(void **)pop = NULL;
	t->unkillable = 0;
	return 0;
}

/* kernel/futex/core.c: exit_pi_state_list */
void exit_pi_state_list(void)
{
	struct mutex *m;
	int i;

	for (m = world.mutexes; m < world.mutexes + MUTEXES; m++) {
		if (m->pi_owner != running || !pi_waiters(m))
			continue;
		STEP("exit_pi_state_list");
		if (!pi_waiters(m)) {
			m->pi_owner = -1;
			continue;
		}
		i = top_waiter(m);
		m->pi_fixup = m->pi_owner = i;
		world.threads[i].unkillable = 1;
		wake_waiter(i);
	}
}
