// SPDX-License-Identifier: MIT
/*
 * Many processes and threads go for a mutex that is not recoverable, all at
 * the same time: each gets ENOTRECOVERABLE, in time, every time. glibc
 * takes such a mutex before it sees what it is, so that there are owners,
 * waiters and releases all the time, of which none may be lost. musl does so only
 * with a PI mutex for which a thread waited when it became so, which is not the case here.
 *
 * Fails on stock glibc: with priority inheritance its release ignores that
 * FUTEX_UNLOCK_PI asks to be called again (EAGAIN) when a waiter comes
 * meanwhile; without, it wakes nobody. Some of those who own it for a moment die
 * there (glibc): the next to get it must release it all the same.
 * Fails if musl has the kernel release each PI mutex that becomes unrecoverable.
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

/* What the kernel leaves of a free mutex if its next owner dies at once: the lock
 * word is the first. */
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
		/* Those who do not wait for one that is about to see. */
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
