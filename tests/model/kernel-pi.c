// SPDX-License-Identifier: MIT
/* kernel/futex/pi.c, in few steps. A pi_state exists as long as there are waiters. */
#include "model.h"

int pi_waiters(void)
{
	int i, n = 0;

	for (i = 0; i < options.threads; i++)
		n += world.threads[i].status == SLEEP && world.threads[i].pi_waiter;
	return n;
}

/* The top waiter, by its priority, of which nothing is known here. */
static int top_waiter(void)
{
	int waiters[MC_N], i, n = 0;

	for (i = 0; i < options.threads; i++)
		if (world.threads[i].status == SLEEP && world.threads[i].pi_waiter)
			waiters[n++] = i;
	return waiters[mc_choose(n, "top waiter")];
}

static void wake_waiter(int i)
{
	struct thread *t = &world.threads[i];

	t->status = RUN;
	t->kind = MC_LOCAL;
	t->result = 0;
	t->pi_waiter = 0;
}

/* pi.c: futex_lock_pi */
long futex_lock_pi(int trylock, int timed)
{
	struct thread *t = current;
	unsigned uval, tid = t->tls.tid;
	int owner;
	long result;

	STEP(trylock ? "futex_trylock_pi" : "futex_lock_pi");
retry:					/* futex_lock_pi_atomic */
	uval = WORD(&world.mutex);
	if ((uval & WORD_TID) == tid)
		return -EDEADLK;
	if (pi_waiters() || world.pi_fixup >= 0) {	/* attach_to_pi_state */
		if ((uval & WORD_TID) &&
		    (world.pi_owner < 0 ||
		     (uval & WORD_TID) != (unsigned)world.threads[world.pi_owner].tls.tid))
			return -EINVAL;
		if (!(uval & WORD_TID) && !(uval & WORD_DIED))
			return -EINVAL;
		if (trylock)
			return -EWOULDBLOCK;
	} else if (!(uval & WORD_TID)) {
		kernel_store((uval & WORD_DIED) | tid, "lock_pi_update_atomic");
		return 0;
	} else {			/* attach_to_pi_owner */
		kernel_store(uval | WORD_WAITERS, "lock_pi_update_atomic");
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
		world.pi_owner = owner;
	}
	t->status = SLEEP;
	t->timed = timed;
	t->pi_waiter = 1;
	thread_stop();
	t->timed = 0;
	t->pi_waiter = 0;
	result = t->result;
	t->result = 0;
	if (world.pi_fixup == running) {
		STEP("fixup_pi_state_owner");
		kernel_store((WORD(&world.mutex) & WORD_DIED) | tid | WORD_WAITERS,
			     "fixup_pi_state_owner");
		world.pi_fixup = -1;
		t->unkillable = 0;
	}
	if (!pi_waiters())
		world.pi_owner = -1;
	return result;
}

/* pi.c: futex_unlock_pi; ROBUST: then kernel/futex/core.c: futex_robust_list_clear_pending */
long futex_unlock_pi(int robust, void *pop)
{
	struct thread *t = current;
	unsigned uval, tid = t->tls.tid;
	int i;

	STEP(robust ? "futex_unlock_pi|ROBUST_UNLOCK" : "futex_unlock_pi");
	if (robust && !kernel.flag)
		return -ENOSYS;
	if (robust && kernel.refuse)
		return -EPERM;
	uval = WORD(&world.mutex);
	if ((uval & WORD_TID) != tid)
		return -EPERM;
	t->unkillable = 1;
	STEP("futex_unlock_pi: the bucket's lock");
	if (pi_waiters()) {
		i = top_waiter();
		kernel_store(WORD_WAITERS | world.threads[i].tls.tid, "wake_futex_pi");
		wake_waiter(i);
		world.pi_owner = pi_waiters() ? i : -1;
	} else {
		if (WORD(&world.mutex) != uval) {
			t->unkillable = 0;
			return -EAGAIN;
		}
		kernel_store(0, "futex_unlock_pi");
	}
	if (robust)
		*(void **)pop = NULL;
	t->unkillable = 0;
	return 0;
}

/* kernel/futex/core.c: exit_pi_state_list */
void exit_pi_state_list(void)
{
	int i;

	if (world.pi_owner != running || !pi_waiters())
		return;
	STEP("exit_pi_state_list");
	if (!pi_waiters()) {
		world.pi_owner = -1;
		return;
	}
	i = top_waiter();
	world.pi_fixup = world.pi_owner = i;
	world.threads[i].unkillable = 1;
	wake_waiter(i);
}
