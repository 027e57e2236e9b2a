// SPDX-License-Identifier: MIT
/*
 * The owner of a robust mutex dies. The next thread to lock the mutex gets
 * EOWNERDEAD, whichever function it calls, and can make the mutex consistent. The
 * mutex then works as before.
 *
 * Fails if an unlock leaves a lock word that the kernel or the next owner misreads,
 * or wakes no waiter.
 */
#include "harness.h"

struct state {
	pthread_mutex_t mutex;
	volatile int locked;
	enum taker how;
};

static struct state *s;

static void *lock_and_end(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	s->locked = 1;
	return NULL;
}

static void lock_and_exit(void *arg)
{
	lock_and_end(arg);
}

static void lock_and_hang(void *arg)
{
	lock_and_end(arg);
	for (;;)
		pause();
}

/* Lock and unlock first: an owner need not die in its first use of the mutex. */
static void busy_lock_and_hang(void *arg)
{
	int i;

	for (i = 0; i < 10; i++) {
		EXPECT(pthread_mutex_lock(&s->mutex), 0);
		EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	}
	lock_and_hang(arg);
}

static void recover(enum taker how)
{
	int i;

	EXPECT(take(how, &s->mutex), EOWNERDEAD);
	EXPECT(pthread_mutex_consistent(&s->mutex), 0);
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	for (i = 0; i < NR_TAKERS; i++) {
		EXPECT(take(i, &s->mutex), 0);
		EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	}
}

static void recover_and_exit(void *arg)
{
	(void)arg;
	recover(s->how);
}

static void one(const struct variety *v)
{
	pid_t owner, waiter;
	enum taker how;
	int way;

	for (how = 0; how < NR_TAKERS; how++) {
		for (way = 0; way < 4; way++) {
			static const char *const ways[] = {
				"a thread ends", "a process exits",
				"a process is killed",
				"a busy process is killed"
			};

			if (way && v->pshared == PTHREAD_PROCESS_PRIVATE)
				continue;
			snprintf(doing, sizeof(doing), "%s: %s, %s", v->name,
				 ways[way], taker_names[how]);
			s->locked = 0;
			init(&s->mutex, v);
			switch (way) {
			case 0:
				in_thread(lock_and_end, NULL);
				break;
			case 1:
				reap(spawn(lock_and_exit, NULL));
				break;
			default:
				owner = spawn(way == 2 ? lock_and_hang :
					      busy_lock_and_hang, NULL);
				await(&s->locked, owner);
				kill_and_reap(owner);
			}
			recover(how);
			EXPECT(pthread_mutex_destroy(&s->mutex), 0);
		}
		if (how == TRYLOCK || v->pshared == PTHREAD_PROCESS_PRIVATE)
			continue;
		snprintf(doing, sizeof(doing), "%s: killed, a waiter in %s",
			 v->name, taker_names[how]);
		s->locked = 0;
		s->how = how;
		init(&s->mutex, v);
		owner = spawn(lock_and_hang, NULL);
		await(&s->locked, owner);
		waiter = spawn(recover_and_exit, NULL);
		wait_until_asleep(waiter);
		kill_and_reap(owner);
		reap(waiter);
		EXPECT(pthread_mutex_destroy(&s->mutex), 0);
	}
}

int main(void)
{
	need_robust_lists();
	s = shared(sizeof(*s));
	for_each_variety(one);
	return 0;
}
