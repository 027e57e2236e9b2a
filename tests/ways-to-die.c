// SPDX-License-Identifier: MIT
/*
 * The owner of a robust mutex goes in less usual ways: a thread is cancelled,
 * calls pthread_exit, is detached; a process forked by an owner dies, or
 * executes another program. The next one gets EOWNERDEAD, once; what the
 * others hold stays theirs.
 *
 * Fails if a thread's or a forked child's robust list or pending slot is not
 * its own, or not valid to the end.
 * Fails on stock musl: a process that had to wait for its first robust mutex,
 * a PI one, has no robust list.
 */
#include "harness.h"

#define ROUNDS 200

struct state {
	pthread_mutex_t mutex, other;
	volatile int locked;
};

static struct state *s;
static const char *self;

static void recover(void)
{
	struct timespec ts = in_ms(20000);

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

/* The child has an empty list of its own, whatever its parent holds. */
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

static void one(const struct variety *v)
{
	pthread_t t;
	pid_t pid;

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
		recover();
		EXPECT(pthread_mutex_unlock(&s->other), 0);

		snprintf(doing, sizeof(doing), "%s: forked twice", v->name);
		reap(spawn(child_with_child, NULL));
		recover();

		/* The kernel hands it the first robust mutex of its life. */
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
	s = shared(sizeof(*s));
	for_each_variety(one);
	return 0;
}
