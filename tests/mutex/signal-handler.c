// SPDX-License-Identifier: MIT
/*
 * A signal handler interrupts the lock or the unlock of one robust mutex and uses
 * another one. POSIX promises nothing here, but it works, as it does on the stock
 * libcs, provided that both calls return: the two mutexes stay apart, neither
 * unlock counts as the other's, and the thread's robust list is empty afterwards.
 *
 * Two things are not promised. The handler leaves list_op_pending clear, so if the
 * thread is killed after the handler and before the end of the interrupted call,
 * the death may go unnoticed. And a filter may answer FUTEX_ROBUST_UNLOCK with
 * EINVAL, EFAULT or a false success; then only list_op_pending shows whether the
 * mutex was released.
 *
 * Fails if a refused system call counts as a release because the handler cleared
 * list_op_pending, or if the unlock of one mutex clears or frees something that
 * belongs to the other.
 */
#include "harness.h"
#include <sys/time.h>

#define SIGNALS 150

struct state {
	pthread_mutex_t mutex, nested;
	volatile int inside, stop, started;
};

static struct state *s;
static volatile int signals;

static void handler(int sig)
{
	int saved = errno;

	(void)sig;
	EXPECT(pthread_mutex_lock(&s->nested), 0);
	signals++;
	EXPECT(pthread_mutex_unlock(&s->nested), 0);
	errno = saved;
}

static void lock_and_unlock(void)
{
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	CHECK(!s->inside);
	s->inside = 1;
	__asm__ volatile ("" ::: "memory");
	s->inside = 0;
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
}

static void compete(void *arg)
{
	int i;

	(void)arg;
	s->started = 1;
	for (i = 0; !s->stop; i++) {
		lock_and_unlock();
		/* Sometimes contended, sometimes not. */
		if (i % 1000 > 500)
			sleep_ms(1);
	}
}

static void *compete_thread(void *arg)
{
	compete(arg);
	return NULL;
}

static void die_as_owner(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
}

static void one(const struct variety *v)
{
	static const struct itimerval soon = { { 0, 1000 }, { 0, 1000 } },
				      never;
	struct robust_list_head *head;
	sigset_t alarm;
	pthread_t t;
	pid_t pid = 0;
	size_t len;

	init(&s->mutex, v);
	init(&s->nested, v);
	s->stop = s->started = 0;
	signals = 0;
	/* Only this thread receives the signal. */
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	EXPECT(pthread_sigmask(SIG_BLOCK, &alarm, NULL), 0);
	if (v->pshared == PTHREAD_PROCESS_SHARED)
		pid = spawn(compete, NULL);
	else
		EXPECT(pthread_create(&t, NULL, compete_thread, NULL), 0);
	EXPECT(pthread_sigmask(SIG_UNBLOCK, &alarm, NULL), 0);
	await(&s->started, pid);

	CHECK(!setitimer(ITIMER_REAL, &soon, NULL));
	while (signals < SIGNALS)
		lock_and_unlock();
	CHECK(!setitimer(ITIMER_REAL, &never, NULL));

	s->stop = 1;
	if (pid)
		reap_in_time(pid);
	else
		EXPECT(pthread_join(t, NULL), 0);
	CHECK(!syscall(SYS_get_robust_list, 0, &head, &len));
	CHECK(head->list.next == &head->list);
	CHECK(!head->list_op_pending);
	EXPECT(pthread_mutex_trylock(&s->nested), 0);
	EXPECT(pthread_mutex_unlock(&s->nested), 0);
	if (pid) {
		reap(spawn(die_as_owner, NULL));
		EXPECT(pthread_mutex_trylock(&s->mutex), EOWNERDEAD);
		EXPECT(pthread_mutex_consistent(&s->mutex), 0);
	} else {
		EXPECT(pthread_mutex_trylock(&s->mutex), 0);
	}
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	EXPECT(pthread_mutex_destroy(&s->mutex), 0);
	EXPECT(pthread_mutex_destroy(&s->nested), 0);
}

int main(void)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };

	need_robust_lists();
	s = shared(sizeof(*s));
	CHECK(!sigaction(SIGALRM, &sa, NULL));
	for_each_variety(one);
	return 0;
}
