// SPDX-License-Identifier: MIT
/* PI futexes: kernel/futex/pi.c, and the parts of kernel/locking/rtmutex.c and
 * rtmutex_api.c that it needs. The model has no priorities: it tries each outcome
 * that could depend on them.
 *
 * The kernel's locks are locks here. Work under a lock that does not touch user
 * memory is one step. */
#include "model.h"

static void lock(signed char *lock, const char *what)
{
	current->waits_for = lock;
	STEP(what);
	current->waits_for = NULL;
	*lock = running;
}
static void unlock(signed char *lock) { *lock = -1; }
#define LOCK_BUCKET() lock(&m->bucket, "futex_hash_bucket::lock")
#define LOCK_WAIT() lock(&s->wait_lock, "rt_mutex::wait_lock")

/* ---- rtmutex.c ---- */

static int has_waiters(const struct pi_state *s)
{
	int i;

	for (i = 0; i < options.threads; i++)
		if (world.threads[i].rt_waiter && &world.pi_states[world.threads[i].pi_state] == s)
			return 1;
	return 0;
}

static int rt_mutex_top_waiter(const struct pi_state *s)
{
	int waiters[THREADS], i, n = 0;

	for (i = 0; i < options.threads; i++)
		if (world.threads[i].rt_waiter && &world.pi_states[world.threads[i].pi_state] == s)
			waiters[n++] = i;
	return n ? waiters[mc_choose(n, "is the top waiter number")] : -1;
}

/* With wait_lock. A waiter must be the top one or the only one. Another thread
 * needs a higher priority than the waiters. */
static int try_to_take_rt_mutex(struct pi_state *s)
{
	int waits = current->rt_waiter, others;

	if (s->rt_owner >= 0)
		return 0;
	current->rt_waiter = 0;
	others = has_waiters(s);
	current->rt_waiter = waits;
	if (others && !current->rt_top &&
	    (waits || !mc_choose(2, "has a higher priority than the waiters?")))
		return 0;
	s->rt_owner = running;
	current->rt_waiter = current->rt_top = 0;
	return 1;
}

/* __rt_mutex_futex_unlock, mark_wakeup_next_waiter: with wait_lock. */
static void rt_mutex_futex_unlock(struct pi_state *s, int top)
{
	int i;

	s->rt_owner = -1;
	if (top < 0)
		return;
	for (i = 0; i < options.threads; i++)
		if (world.threads[i].pi_state == s - world.pi_states)
			world.threads[i].rt_top = i == top;
	if (world.threads[top].status == SLEEP) {
		world.threads[top].status = RUN;
		world.threads[top].step = STEP_UNSEEN;
		world.threads[top].result = 0;
	}
}

/* rt_mutex_wait_proxy_lock with rt_mutex_slowlock_block; if that fails,
 * rt_mutex_cleanup_proxy_lock. With wait_lock, for a thread that is a waiter. */
static long wait_proxy_lock(struct pi_state *s, int timed)
{
	long result;

	do {
		unlock(&s->wait_lock);
		current->unkillable = 0;
		result = sleep_on(current->futex, timed);
		current->unkillable = 1;
		LOCK_WAIT();
		if (try_to_take_rt_mutex(s)) {
			unlock(&s->wait_lock);
			return 0;
		}
	} while (!result);
	unlock(&s->wait_lock);
	LOCK_WAIT();
	if (try_to_take_rt_mutex(s))
		result = 0;
	else
		current->rt_waiter = current->rt_top = 0;
	unlock(&s->wait_lock);
	return result;
}

/* ---- pi.c ---- */

static struct pi_state *alloc_pi_state(struct mutex *m, int owner)
{
	struct pi_state *s = world.pi_states;

	while (s->refs)
		if (++s == world.pi_states + PI_STATES)
			abort();
	*s = (struct pi_state){ .refs = 1, .mutex = m - world.mutexes, .owner = owner,
				  .rt_owner = owner, .wait_lock = -1 };
	return s;
}

static void put_pi_state(struct pi_state *s)
{
	if (!--s->refs)
		memset(s, 0, sizeof(*s));
}

/* core.c: futex_top_waiter */
static struct thread *futex_top_waiter(const struct mutex *m)
{
	int i;

	for (i = 0; i < options.threads; i++)
		if (world.threads[i].queued && world.threads[i].futex == m - world.mutexes)
			return &world.threads[i];
	return NULL;
}

/* With the bucket's lock. The numbers are those of pi.c. */
static long attach_to_pi_state(struct mutex *m, unsigned uval, struct pi_state *s)
{
	unsigned tid = uval & WORD_TID;
	long result = 0;

	LOCK_WAIT();
	STEP("attach_to_pi_state: futex_get_value_locked");
	if (WORD(&m->m) != uval)
		result = -EAGAIN;
	else if ((uval & WORD_DIED) && s->owner < 0)
		result = tid ? -EINVAL : 0;			/* [5], [4] */
	else if ((uval & WORD_DIED) && !tid)
		;						/* [6] */
	else if (s->owner < 0)
		result = -EINVAL;				/* [7] */
	else if (tid != (unsigned)world.threads[s->owner].tls.tid)
		result = -EINVAL;				/* [9], [10] */
	if (!result)
		s->refs++;
	unlock(&s->wait_lock);
	return result;
}

/* With the bucket's lock. EBUSY: *EXITING is about to finish its exit. */
static long attach_to_pi_owner(struct mutex *m, unsigned uval, struct pi_state **s,
			       struct thread **exiting)
{
	int owner = kernel_find(uval & WORD_TID);

	if (owner >= 0 && world.threads[owner].exiting < 0) {
		*s = alloc_pi_state(m, owner);
		return 0;
	}
	if (owner >= 0) {
		*exiting = &world.threads[owner];
		return -EBUSY;
	}
	STEP("handle_exit_race: futex_get_value_locked");
	return WORD(&m->m) != uval ? -EAGAIN : -ESRCH;
}

static int lock_pi_update_atomic(struct mutex *m, unsigned uval, unsigned newval)
{
	STEP("lock_pi_update_atomic: cmpxchg");
	if (WORD(&m->m) != uval)
		return 0;
	kernel_store(m, newval, "lock_pi_update_atomic");
	return 1;
}

/* With the bucket's lock. 1: acquired; 0: the thread must wait. */
static long futex_lock_pi_atomic(struct mutex *m, struct pi_state **s, struct thread **exiting)
{
	unsigned uval, tid = current->tls.tid;
	struct thread *top;

	STEP("futex_lock_pi_atomic: futex_get_value_locked");
	uval = WORD(&m->m);
	if ((uval & WORD_TID) == tid)
		return -EDEADLK;
	top = futex_top_waiter(m);
	if (top) {
		*s = &world.pi_states[top->pi_state];
		return attach_to_pi_state(m, uval, *s);
	}
	if (!(uval & WORD_TID))
		return lock_pi_update_atomic(m, uval, (uval & WORD_DIED) | tid) ? 1 : -EAGAIN;
	if (!lock_pi_update_atomic(m, uval, uval | WORD_WAITERS))
		return -EAGAIN;
	return attach_to_pi_owner(m, uval | WORD_WAITERS, s, exiting);
}

/* With the bucket's lock. STOLE: the thread took the rt_mutex before the designated
 * next owner; otherwise another thread took it before this one. Returns whether
 * this thread has it. */
static int fixup_pi_state_owner(struct mutex *m, struct pi_state *s, int stole)
{
	int old, new;
	unsigned uval, newval;

	for (;;) {
		LOCK_WAIT();
		old = s->owner;
		if (stole) {
			new = running;
			if (old == running)
				break;
		} else {
			if (old != running) {
				unlock(&s->wait_lock);
				return 0;
			}
			if (try_to_take_rt_mutex(s)) {
				unlock(&s->wait_lock);
				return 1;
			}
			new = s->rt_owner;
			if (new < 0) {			/* EAGAIN: not taken yet */
				unlock(&s->wait_lock);
				unlock(&m->bucket);
				LOCK_BUCKET();
				continue;
			}
		}
		STEP("fixup_pi_state_owner: futex_get_value_locked");
		for (;;) {
			uval = WORD(&m->m);
			newval = (uval & WORD_DIED) | world.threads[new].tls.tid | WORD_WAITERS |
				 (old < 0 ? WORD_DIED : 0);
			STEP("fixup_pi_state_owner: cmpxchg");
			if (WORD(&m->m) == uval)
				break;
		}
		kernel_store(m, newval, "fixup_pi_state_owner");
		s->owner = new;
		break;
	}
	unlock(&s->wait_lock);
	return stole;
}

/* With the bucket's lock. Returns whether the thread owns the futex. */
static int fixup_pi_owner(struct mutex *m, struct pi_state *s, int locked)
{
	if (locked)
		return s->owner == running || fixup_pi_state_owner(m, s, 1);
	return s->owner == running && fixup_pi_state_owner(m, s, 0);
}

static long lock_pi(struct mutex *m, int trylock, int timed)
{
	struct pi_state *s;
	struct thread *exiting;
	long result;

	for (;;) {
		LOCK_BUCKET();
		current->unkillable = 1;
		result = futex_lock_pi_atomic(m, &s, &exiting);
		if (!result)
			break;
		unlock(&m->bucket);
		if (result == -EBUSY) {
			current->waits_for = &exiting->exiting;
			STEP("wait_for_owner_exiting");
			current->waits_for = NULL;
		} else if (result != -EAGAIN) {
			return result < 0 ? result : 0;
		}
	}
	current->queued = 1;
	current->futex = m - world.mutexes;
	current->pi_state = s - world.pi_states;
	if (trylock) {
		LOCK_WAIT();
		result = try_to_take_rt_mutex(s) ? 0 : -EWOULDBLOCK;
		unlock(&s->wait_lock);
	} else {
		LOCK_WAIT();
		unlock(&m->bucket);
		if (try_to_take_rt_mutex(s)) {	/* __rt_mutex_start_proxy_lock */
			unlock(&s->wait_lock);
			result = 0;
		} else {
			current->rt_waiter = 1;
			result = wait_proxy_lock(s, timed);
		}
		LOCK_BUCKET();
	}
	if (fixup_pi_owner(m, s, !result))
		result = 0;
	current->queued = 0;			/* core.c: futex_unqueue_pi */
	current->futex = -1;
	current->pi_state = -1;
	put_pi_state(s);
	unlock(&m->bucket);
	return result;
}

long futex_lock_pi(struct mutex *m, int trylock, int timed)
{
	long result = lock_pi(m, trylock, timed);

	current->unkillable = 0;
	return result;
}

/* With wait_lock, without the bucket's. */
static long wake_futex_pi(struct mutex *m, unsigned uval, struct pi_state *s, int top)
{
	unsigned word;

	STEP("wake_futex_pi: cmpxchg");
	word = WORD(&m->m);
	if (word != uval)
		return (word & WORD_TID) == uval ? -EAGAIN : -EINVAL;
	kernel_store(m, WORD_WAITERS | world.threads[top].tls.tid, "wake_futex_pi");
	s->owner = top;
	rt_mutex_futex_unlock(s, top);
	return 0;
}

static long unlock_pi(struct mutex *m)
{
	struct thread *waiter;
	struct pi_state *s;
	unsigned uval;
	long result;
	int top;

	for (;;) {
		uval = WORD(&m->m);		/* get_user */
		if ((uval & WORD_TID) != (unsigned)current->tls.tid)
			return -EPERM;
		current->unkillable = 1;
		LOCK_BUCKET();
		top = -1;
		while (top < 0 && (waiter = futex_top_waiter(m))) {
			s = &world.pi_states[waiter->pi_state];
			if (s->owner != running) {
				unlock(&m->bucket);
				return -EINVAL;
			}
			LOCK_WAIT();
			top = rt_mutex_top_waiter(s);
			if (top < 0) {		/* the waiter is leaving */
				waiter->queued = 0;
				unlock(&s->wait_lock);
			}
		}
		if (top < 0)
			break;
		s->refs++;
		unlock(&m->bucket);
		result = wake_futex_pi(m, uval, s, top);
		unlock(&s->wait_lock);
		put_pi_state(s);
		if (result != -EAGAIN)
			return result;
		STEP("futex_unlock_pi: get_user");
	}
	STEP("futex_unlock_pi: cmpxchg");
	result = WORD(&m->m) == uval ? 0 : -EAGAIN;
	if (!result)
		kernel_store(m, 0, "futex_unlock_pi");
	unlock(&m->bucket);
	return result;
}

long futex_unlock_pi(struct mutex *m)
{
	long result;

	STEP("futex_unlock_pi: get_user");
	result = unlock_pi(m);
	current->unkillable = 0;
	return result;
}

/* kernel/futex/core.c: exit_pi_state_list */
void exit_pi_state_list(void)
{
	struct pi_state *s;
	struct mutex *m;

	for (s = world.pi_states; s < world.pi_states + PI_STATES; s++) {
		if (!s->refs || s->owner != running)
			continue;
		m = &world.mutexes[s->mutex];
		s->refs++;
		LOCK_BUCKET();
		LOCK_WAIT();
		if (s->owner == running) {
			s->owner = -1;
			unlock(&m->bucket);
			unlock(&s->wait_lock);
			LOCK_WAIT();
			rt_mutex_futex_unlock(s, rt_mutex_top_waiter(s));
		} else {
			unlock(&m->bucket);
		}
		unlock(&s->wait_lock);
		put_pi_state(s);
	}
}
