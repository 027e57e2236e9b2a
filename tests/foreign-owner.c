// SPDX-License-Identifier: MIT
/*
 * A robust mutex shared by PID namespaces: the owner has the same id as a
 * process that waits for it. The waiter's death must not be taken for the
 * owner's, who still is in the critical section.
 *
 * One process plays both namespaces: it locks the mutex and puts the id of the
 * waiter in the place of its own. glibc does not get this right, patched or
 * not: it waits with list_op_pending set.
 *
 * Fails on a pthread_mutex_timedlock that sets the pending slot whoever the
 * owner is.
 */
#include "harness.h"

#define OWNER_DIED	0x40000000
#define TID_MASK	0x3fffffff

static pthread_mutex_t *m;
static volatile int *forged;

static void wait_for_it(void *arg)
{
	struct timespec ts = in_ms(patience(60000));

	(void)arg;
	while (!*forged)
		sleep_ms(1);
	pthread_mutex_timedlock(m, &ts);
}

static void test(const struct variety *v)
{
	unsigned *w = (unsigned *)m, tid = syscall(SYS_gettid);
	pid_t pid;

	/* Other types look at the id themselves. */
	if (v->pshared != PTHREAD_PROCESS_SHARED ||
	    v->type != PTHREAD_MUTEX_NORMAL ||
	    v->protocol == PTHREAD_PRIO_INHERIT)
		return;
	init(m, v);
	EXPECT(pthread_mutex_lock(m), 0);
	while (*w != tid)	/* the lock word is the first that has our id */
		CHECK(++w < (unsigned *)(m + 1));
	*forged = 0;
	pid = spawn(wait_for_it, NULL);
	__atomic_store_n(w, pid, __ATOMIC_SEQ_CST);
	*forged = 1;
	/* musl marks the word before it sleeps. */
	while (__atomic_load_n(w, __ATOMIC_SEQ_CST) == (unsigned)pid)
		sleep_ms(1);
	wait_until_asleep(pid);
	kill_and_reap(pid);
	if (__atomic_load_n(w, __ATOMIC_SEQ_CST) & OWNER_DIED)
		fail(__FILE__, __LINE__, "%s: the waiter's death was taken for the owner's", v->name);
	CHECK((__atomic_load_n(w, __ATOMIC_SEQ_CST) & TID_MASK) == (unsigned)pid);
	__atomic_store_n(w, tid, __ATOMIC_SEQ_CST);
	EXPECT(pthread_mutex_unlock(m), 0);
	EXPECT(pthread_mutex_destroy(m), 0);
}

int main(void)
{
#ifdef __GLIBC__
	skip("glibc sets list_op_pending while it waits, whoever the owner is");
#endif
	m = shared(sizeof(*m));
	forged = shared(sizeof(*forged));
	for_each_variety(test);
	return 0;
}
