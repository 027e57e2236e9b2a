// SPDX-License-Identifier: MIT
/*
 * A thread acquires a mutex from a dead owner and waits for a condition without
 * making the mutex consistent. The wait releases the mutex as any unlock does, so
 * it becomes unrecoverable for the waiter and for all others. If the thread first
 * makes the mutex consistent, it stays usable.
 *
 * The cleanup handler of a cancelled thread owns the mutex unless the mutex is
 * unrecoverable. The mutex is inconsistent if it was so at a wait that found the
 * request pending, or if another owner has died meanwhile. The libcs differ in one
 * case: if a thread is cancelled after the release, musl's wait returns the error
 * and leaves the request pending, while glibc's wait ends the thread.
 *
 * Fails on stock musl: the wait returns EPERM, and the mutex stays locked. Fails on
 * stock glibc: if the request was pending at the start of the wait, the handler
 * does not own the mutex.
 */
#include "harness.h"

struct state {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	volatile int locked, go;
};

static struct state *s;

/* Signal only after the wait has released the mutex. */
static void expect_unrecoverable(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), ENOTRECOVERABLE);
	EXPECT(pthread_cond_signal(&s->cond), 0);
}

static void unrepaired(const struct variety *v, const struct timespec *until)
{
	struct partner partner;
	enum taker how;

	init(&s->mutex, v);
	init_cond(&s->cond, v);
	lose_owner(&s->mutex, v);
	start_partner(&partner, v, expect_unrecoverable, NULL);
	if (partner.pid)
		wait_until_asleep(partner.pid);
	if (until)
		EXPECT(pthread_cond_timedwait(&s->cond, &s->mutex, until), ENOTRECOVERABLE);
	else
		EXPECT(pthread_cond_wait(&s->cond, &s->mutex), ENOTRECOVERABLE);
	/* The other thread's lock holds the mutex for a moment. */
	end_partner(&partner);
	EXPECT(pthread_mutex_unlock(&s->mutex), EPERM);
	for (how = 0; how < NR_TAKERS; how++)
		EXPECT(take(how, &s->mutex), ENOTRECOVERABLE);
	EXPECT(pthread_mutex_destroy(&s->mutex), 0);
}

static void repaired(const struct variety *v)
{
	static const struct timespec past;

	init(&s->mutex, v);
	init_cond(&s->cond, v);
	lose_owner(&s->mutex, v);
	EXPECT(pthread_mutex_consistent(&s->mutex), 0);
	EXPECT(pthread_cond_timedwait(&s->cond, &s->mutex, &past), ETIMEDOUT);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	EXPECT(pthread_mutex_destroy(&s->mutex), 0);
}

static void has_it_inconsistent(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_consistent(&s->mutex), 0);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
}

static void has_it_not(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_unlock(&s->mutex), EPERM);
	EXPECT(pthread_mutex_trylock(&s->mutex), ENOTRECOVERABLE);
}

/* A cancelled thread: the results of its lock and its wait. */
struct cancelled {
	int lock, pending, wait;
	void (*handler)(void *);
};

static void *be_cancelled(void *arg)
{
	const struct cancelled *c = arg;

	EXPECT(pthread_mutex_lock(&s->mutex), c->lock);
	pthread_cleanup_push(c->handler, NULL);
	if (c->pending)
		EXPECT(pthread_cancel(pthread_self()), 0);
	s->locked = 1;
	EXPECT(pthread_cond_wait(&s->cond, &s->mutex), c->wait);
	pthread_testcancel();
	fail(__FILE__, __LINE__, "the thread is not cancelled");
	pthread_cleanup_pop(0);
	return NULL;
}

static void start_to_be_cancelled(const struct variety *v, pthread_t *t,
				  const struct cancelled *c)
{
	init(&s->mutex, v);
	init_cond(&s->cond, v);
	if (c->lock == EOWNERDEAD)
		owner_dies(&s->mutex, v);
	s->locked = s->go = 0;
	EXPECT(pthread_create(t, NULL, be_cancelled, (void *)c), 0);
	await(&s->locked, 0);
}

static void end_cancelled(pthread_t t, int lock)
{
	void *result;

	EXPECT(pthread_join(t, &result), 0);
	CHECK(result == PTHREAD_CANCELED);
	EXPECT(pthread_mutex_lock(&s->mutex), lock);
	if (!lock)
		EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	EXPECT(pthread_mutex_destroy(&s->mutex), 0);
}

static void lock_and_die(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	s->locked = 2;
	while (!s->go)
		sleep_ms(1);
}

static void all(void *arg)
{
	static const struct cancelled
		at_entry = { EOWNERDEAD, 1, -1, has_it_inconsistent },
		released = { EOWNERDEAD, 0, ENOTRECOVERABLE, has_it_not },
		meanwhile = { 0, 0, EOWNERDEAD, has_it_inconsistent };
	static const struct timespec past;
	const struct variety *v = arg;
	struct timespec later = in_ms(patience(60000));
	struct partner owner;
	pthread_t t;

	snprintf(doing, sizeof(doing), "%s: wait", v->name);
	unrepaired(v, NULL);
	snprintf(doing, sizeof(doing), "%s: timedwait", v->name);
	unrepaired(v, &later);
	snprintf(doing, sizeof(doing), "%s: timedwait, time over", v->name);
	unrepaired(v, &past);
	snprintf(doing, sizeof(doing), "%s: consistent", v->name);
	repaired(v);

	snprintf(doing, sizeof(doing), "%s: cancelled at the entry", v->name);
	start_to_be_cancelled(v, &t, &at_entry);
	end_cancelled(t, 0);

	snprintf(doing, sizeof(doing), "%s: cancelled after the release", v->name);
	start_to_be_cancelled(v, &t, &released);
	EXPECT(pthread_mutex_lock(&s->mutex), ENOTRECOVERABLE);
	EXPECT(pthread_cancel(t), 0);
	end_cancelled(t, ENOTRECOVERABLE);

	snprintf(doing, sizeof(doing), "%s: cancelled, and an owner died", v->name);
	start_to_be_cancelled(v, &t, &meanwhile);
	start_partner(&owner, v, lock_and_die, NULL);
	while (s->locked != 2)
		sleep_ms(1);
	EXPECT(pthread_cancel(t), 0);
	s->go = 1;
	end_partner(&owner);
	end_cancelled(t, 0);
}

static void one(const struct variety *v)
{
	reap_in_time(spawn(all, (void *)v));
}

int main(void)
{
	need_robust_lists();
	s = shared(sizeof(*s));
	for_each_variety(one);
	return 0;
}
