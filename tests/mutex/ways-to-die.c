// SPDX-License-Identifier: MIT
/*
 * The owner of a robust mutex dies in less usual ways than in owner-death.c: a thread
 * is cancelled, calls pthread_exit or is detached; a process that an owner forked
 * dies, or executes another program. Exactly one later lock gets EOWNERDEAD, and the
 * other threads keep the mutexes that they hold. The kernel makes the first waiter
 * for a PI mutex its next owner, so nobody else can acquire the mutex before.
 *
 * Fails if a thread or a forked child shares its robust list or pending slot, or
 * loses it before its end. Fails on stock musl: a process that had to wait for its
 * first robust mutex, a PI one, has no robust list; a forked child links its first
 * mutex to those of its parent; and trylock acquires a PI mutex ahead of the
 * waiter.
 */
#include "harness.h"
#include <sched.h>
#include <sys/syscall.h>

#define ROUNDS 200

struct state {
	pthread_mutex_t mutex, other;
	volatile int locked, end, got, release;
	volatile unsigned *word;
};

static struct state *s;
static const char *self;

static void recover(void)
{
	struct timespec ts = in_ms(patience(20000));

	EXPECT(pthread_mutex_timedlock(&s->mutex, &ts), EOWNERDEAD);
	EXPECT(pthread_mutex_consistent(&s->mutex), 0);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
}

static void *lock_and_wait(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	s->locked = 1;
	for (;;)
		pause();	/* a cancellation point */
	return NULL;
}

static void *lock_and_pthread_exit(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	s->locked = 1;
	pthread_exit(NULL);
}

/* The child has its own, empty list, whatever its parent holds. */
static void child_of_owner(void *arg)
{
	int i;

	(void)arg;
	EXPECT(pthread_mutex_trylock(&s->other), EBUSY);
	for (i = 0; i < ROUNDS; i++) {
		EXPECT(pthread_mutex_lock(&s->mutex), 0);
		EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	}
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
}

/* The grandchild outlives its parent. */
static void child_with_child(void *arg)
{
	EXPECT(pthread_mutex_lock(&s->other), 0);
	reap(spawn(child_of_owner, arg));
	recover();
	EXPECT(pthread_mutex_unlock(&s->other), 0);
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
}

static void lock_and_exit(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
}

static void lock_and_exec(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	s->locked = 1;
	execl(self, self, "executed", (char *)NULL);
	fail(__FILE__, __LINE__, "execl: %s", strerror(errno));
}

static void *lock_and_end_when_told(void *arg)
{
	unsigned *w = (unsigned *)&s->mutex;
	unsigned tid = syscall(SYS_gettid);

	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	while (*w != tid)	/* the lock word is the first that has our id */
		CHECK(++w < (unsigned *)(&s->mutex + 1));
	s->word = w;
	s->locked = 1;
	while (!s->end)
		sleep_ms(1);
	return arg;
}

static void lock_and_exit_when_told(void *arg)
{
	lock_and_end_when_told(arg);
	kill(getpid(), SIGKILL);
}

static void recover_slowly(void *arg)
{
	struct sched_param param = { .sched_priority = 0 };

	CHECK(!sched_setaffinity(0, sizeof(cpu_set_t), arg));
	CHECK(!syscall(SYS_sched_setscheduler, 0, SCHED_IDLE, &param));
	EXPECT(pthread_mutex_lock(&s->mutex), EOWNERDEAD);
	EXPECT(pthread_mutex_consistent(&s->mutex), 0);
	s->got = 1;
	while (!s->release)
		sleep_ms(1);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
}

/* The waiter is next, although it hardly runs: it shares our CPU. */
static void try_before_the_waiter(const struct variety *v, int thread)
{
	cpu_set_t all, ours;
	pid_t owner = 0, waiter;
	pthread_t t;
	int i, cpu = 0;

	snprintf(doing, sizeof(doing), "%s: a %s, trylock before the waiter",
		 v->name, thread ? "thread ends" : "process is killed");
	CHECK(!sched_getaffinity(0, sizeof(all), &all));
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&ours);
	CPU_SET(cpu, &ours);
	s->locked = s->end = s->got = s->release = 0;
	if (thread)
		EXPECT(pthread_create(&t, NULL, lock_and_end_when_told, NULL), 0);
	else
		owner = spawn(lock_and_exit_when_told, NULL);
	await(&s->locked, owner);
	waiter = spawn(recover_slowly, &ours);
	wait_until_asleep(waiter);
	CHECK(!sched_setaffinity(0, sizeof(ours), &ours));
	s->end = 1;
	for (i = 0; !s->got; i++) {
		CHECK(*s->word & FUTEX_WAITERS);
		EXPECT(pthread_mutex_trylock(&s->mutex), EBUSY);
		if (i > patience(30000))
			fail(__FILE__, __LINE__, "the waiter does not get it");
		if (i > 3000)
			sleep_ms(1);
	}
	CHECK(!sched_setaffinity(0, sizeof(all), &all));
	s->release = 1;
	reap_in_time(waiter);
	if (thread)
		EXPECT(pthread_join(t, NULL), 0);
	else
		CHECK(waitpid(owner, NULL, 0) == owner);
}

static void one(const struct variety *v)
{
	struct robust_list_head *head;
	pthread_t t;
	size_t len;
	pid_t pid;
	int i;

	init(&s->mutex, v);
	init(&s->other, v);

	snprintf(doing, sizeof(doing), "%s: cancelled", v->name);
	s->locked = 0;
	EXPECT(pthread_create(&t, NULL, lock_and_wait, NULL), 0);
	await(&s->locked, 0);
	EXPECT(pthread_cancel(t), 0);
	EXPECT(pthread_join(t, NULL), 0);
	recover();

	snprintf(doing, sizeof(doing), "%s: pthread_exit", v->name);
	in_thread(lock_and_pthread_exit, NULL);
	recover();

	snprintf(doing, sizeof(doing), "%s: detached", v->name);
	s->locked = 0;
	EXPECT(pthread_create(&t, NULL, lock_and_pthread_exit, NULL), 0);
	EXPECT(pthread_detach(t), 0);
	await(&s->locked, 0);
	recover();

	if (v->pshared == PTHREAD_PROCESS_SHARED) {
		snprintf(doing, sizeof(doing), "%s: forked by an owner", v->name);
		EXPECT(pthread_mutex_lock(&s->other), 0);
		reap(spawn(child_of_owner, NULL));
		EXPECT(pthread_mutex_unlock(&s->other), 0);
		/* The child has not linked its mutex to ours. */
		CHECK(!syscall(SYS_get_robust_list, 0, &head, &len));
		CHECK(head->list.next == &head->list);
		recover();

		snprintf(doing, sizeof(doing), "%s: forked twice", v->name);
		reap(spawn(child_with_child, NULL));
		recover();

		/* The kernel hands the process its first robust mutex. */
		snprintf(doing, sizeof(doing), "%s: had to wait", v->name);
		EXPECT(pthread_mutex_lock(&s->mutex), 0);
		pid = spawn(lock_and_exit, NULL);
		wait_until_asleep(pid);
		EXPECT(pthread_mutex_unlock(&s->mutex), 0);
		reap(pid);
		recover();

		snprintf(doing, sizeof(doing), "%s: exec", v->name);
		s->locked = 0;
		pid = spawn(lock_and_exec, NULL);
		await(&s->locked, pid);
		recover();
		reap(pid);

		for (i = 0; v->protocol == PTHREAD_PRIO_INHERIT && i < 6; i++)
			try_before_the_waiter(v, i % 2);
	}
	EXPECT(pthread_mutex_destroy(&s->mutex), 0);
	EXPECT(pthread_mutex_destroy(&s->other), 0);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "executed")) {
		sleep_ms(50);
		return 0;
	}
	self = argv[0];
	need_robust_lists();
	s = shared(sizeof(*s));
	for_each_variety(one);
	return 0;
}
