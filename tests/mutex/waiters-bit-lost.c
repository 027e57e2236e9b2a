// SPDX-License-Identifier: MIT
/*
 * A thread waits for a robust mutex, and the lock word does not say so: another
 * waiter got the wake and was killed before it set FUTEX_WAITERS again, and a third
 * thread has acquired the mutex since. From Linux 7.2 on, the kernel passes that
 * wake on. On an older kernel, a thread that finds the mutex unrecoverable has to
 * wake the waiters even without FUTEX_WAITERS, as stock glibc does.
 *
 * The other waiter is a bare futex(2) call that ends with the wake.
 *
 * Fails on: lock, timedlock and trylock that release an unrecoverable mutex and
 * wake only if FUTEX_WAITERS is set. On 7.2 such a libc fails too, because the
 * kernel does not pass on the wake of a bare futex(2) call.
 */
#include "harness.h"


struct state {
	pthread_mutex_t mutex;
	unsigned *word;
	volatile int started, ended;
};

static struct state *s;

static void take_the_wake(void *arg)
{
	unsigned value = __atomic_or_fetch(s->word, FUTEX_WAITERS, __ATOMIC_SEQ_CST);

	(void)arg;
	s->started = 1;
	syscall(SYS_futex, s->word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void wait_in_vain(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), ENOTRECOVERABLE);
}

static void test(const struct variety *v)
{
	unsigned tid = syscall(SYS_gettid);
	pid_t first, second;
	enum taker how;

	if (v->pshared != PTHREAD_PROCESS_SHARED ||
	    v->protocol == PTHREAD_PRIO_INHERIT)
		return;
	for (how = 0; how <= TRYLOCK; how++) {
		snprintf(doing, sizeof(doing), "%s: %s", v->name, taker_names[how]);
		init(&s->mutex, v);
		lose_owner(&s->mutex, v);
		s->word = (unsigned *)&s->mutex;
		while ((*s->word & FUTEX_TID_MASK) != tid)
			CHECK(++s->word < (unsigned *)(&s->mutex + 1));
		s->started = 0;
		first = spawn(take_the_wake, NULL);
		await(&s->started, first);
		wait_until_asleep(first);
		second = spawn(wait_in_vain, NULL);
		wait_until_asleep(second);
		EXPECT(pthread_mutex_unlock(&s->mutex), 0);
		reap_in_time(first);
		EXPECT(take(how, &s->mutex), ENOTRECOVERABLE);
		reap_in_time(second);
		EXPECT(pthread_mutex_destroy(&s->mutex), 0);
	}
}

int main(void)
{
	s = shared(sizeof(*s));
	for_each_variety(test);
	return 0;
}
