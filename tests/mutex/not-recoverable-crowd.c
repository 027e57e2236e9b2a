// SPDX-License-Identifier: MIT
/*
 * Many processes and threads lock an unrecoverable mutex at the same time. Each
 * call must return ENOTRECOVERABLE in time. glibc acquires such a mutex before it
 * sees its state, so owners, waiters and unlocks come and go, and no wake may be
 * lost. musl does so only with a PI mutex for which a thread waited when it became
 * unrecoverable, which this test does not have.
 *
 * Fails on stock glibc. With priority inheritance, its unlock ignores EAGAIN, with
 * which FUTEX_UNLOCK_PI asks for another call when a waiter arrives meanwhile;
 * without, it wakes nobody. On glibc, some threads die while they own the mutex for
 * a moment: the next owner must release it nevertheless.
 * Fails if musl lets the kernel release each PI mutex that becomes unrecoverable.
 */
#include "harness.h"

#define CROWD	4
#define ROUNDS	3000

static struct state {
	pthread_mutex_t mutex;
	volatile int go;
} *s;

#ifdef __GLIBC__
#define OWNED_AT_TIMES 1
#else
#define OWNED_AT_TIMES 0
#endif

/* The kernel leaves this lock word if a thread acquires the free mutex and dies at
 * once. The lock word is the first word. */
static void die_there(void)
{
	if (OWNED_AT_TIMES)
		__sync_bool_compare_and_swap((unsigned *)&s->mutex, 0, 0x40000000);
}

static void *try_often(void *arg)
{
	struct timespec past = { 1, 0 };
	int i, e;

	(void)arg;
	while (!s->go)
		;
	for (i = 0; i < ROUNDS; i++) {
		if (!(i % 3))
			die_there();
		e = take(i % NR_TAKERS, &s->mutex);
		/* trylock does not wait for an owner that is about to see the
		 * state. */
		if (!OWNED_AT_TIMES || i % NR_TAKERS != TRYLOCK || e != EBUSY)
			EXPECT(e, ENOTRECOVERABLE);
		e = pthread_mutex_timedlock(&s->mutex, &past);
		if (!OWNED_AT_TIMES || e != ETIMEDOUT)
			EXPECT(e, ENOTRECOVERABLE);
	}
	return NULL;
}

static void process(void *arg)
{
	try_often(arg);
}

static void threads(void *arg)
{
	pthread_t t[CROWD];
	int i;

	for (i = 0; i < CROWD; i++)
		EXPECT(pthread_create(&t[i], NULL, try_often, arg), 0);
	s->go = 1;
	for (i = 0; i < CROWD; i++)
		EXPECT(pthread_join(t[i], NULL), 0);
}

static void one(const struct variety *v)
{
	pid_t pid[CROWD];
	int i;

	init(&s->mutex, v);
	s->go = 0;
	lose_owner(&s->mutex, v);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	if (v->pshared == PTHREAD_PROCESS_SHARED) {
		for (i = 0; i < CROWD; i++)
			pid[i] = spawn(process, NULL);
		s->go = 1;
		for (i = 0; i < CROWD; i++)
			reap_in_time(pid[i]);
	} else {
		reap_in_time(spawn(threads, NULL));
	}
	EXPECT(pthread_mutex_destroy(&s->mutex), 0);
}

int main(void)
{
	need_robust_lists();
	s = shared(sizeof(*s));
	for_each_variety(one);
	return 0;
}
