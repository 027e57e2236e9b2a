// SPDX-License-Identifier: MIT
/*
 * Misuse and hostile states: an unlock must return the error, or die by the signal,
 * that POSIX or the stock libc specifies, and must do so in bounded time. The
 * kernel's walk of a damaged robust list must end.
 *
 * Fails if an unlock loops (on a word that never has the value it expects),
 * accesses memory that it should not, or survives a fatal error.
 */
#include "harness.h"
#include <sys/syscall.h>

#define MANY 3000	/* more than the 2048 entries that the kernel walks */

struct state {
	pthread_mutex_t m[MANY];
};

static struct state *s;
static unsigned char *page;
static unsigned garbage;

static void unlock_with_garbage(void *arg)
{
	pthread_mutex_t *m = arg;
	int e;

	EXPECT(pthread_mutex_lock(m), 0);
	*lock_word(m) = garbage == FUTEX_WAITERS || garbage == FUTEX_OWNER_DIED ?
			garbage | syscall(SYS_gettid) : garbage;
	/* The unlock either releases the mutex or says that the caller does not own
	 * it. */
	e = pthread_mutex_unlock(m);
	CHECK(e == 0 || e == EPERM || e == ENOTRECOVERABLE);
}

static void use_destroyed(void *arg)
{
	pthread_mutex_t *m = arg;
	int e;

	EXPECT(pthread_mutex_destroy(m), 0);
	e = pthread_mutex_unlock(m);
	CHECK(e == EINVAL || e == EPERM);
}

static void unlock_read_only(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock((pthread_mutex_t *)page), 0);
	CHECK(!mprotect(page, PAGE, PROT_READ));
	pthread_mutex_unlock((pthread_mutex_t *)page);
}

static void unlock_vanished(void *arg)
{
	(void)arg;
	EXPECT(pthread_mutex_lock((pthread_mutex_t *)page), 0);
	CHECK(!munmap(page, PAGE));
	pthread_mutex_unlock((pthread_mutex_t *)page);
}

/* Leave a robust list whose entry points to itself. */
static void circular_list(void *arg)
{
	struct robust_list_head *head;
	size_t len;

	(void)arg;
	EXPECT(pthread_mutex_lock(&s->m[0]), 0);
	CHECK(!syscall(SYS_get_robust_list, 0, &head, &len));
	head->list.next->next = head->list.next;
	syscall(SYS_exit_group, 0);
}

static void lock_many(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < MANY; i++)
		EXPECT(pthread_mutex_lock(&s->m[i]), 0);
	syscall(SYS_exit_group, 0);
}

static void one(const struct variety *v)
{
	static const unsigned garbages[] = {
		0, 1, FUTEX_WAITERS, FUTEX_OWNER_DIED, 0x7fffffff, 0xffffffff,
		0x3ffffffe, FUTEX_WAITERS | 1, 0x12345678,
	};
	int status, i, died, busy;
	size_t j;

	if (v->pshared != PTHREAD_PROCESS_SHARED)
		return;
	for (j = 0; j < sizeof(garbages) / sizeof(garbages[0]); j++) {
		garbage = garbages[j];
		snprintf(doing, sizeof(doing), "%s: lock word %#x", v->name,
			 garbage);
		init(&s->m[0], v);
		status = status_in_time(spawn(unlock_with_garbage, &s->m[0]));
		CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	}

	snprintf(doing, sizeof(doing), "%s: destroyed", v->name);
	init(&s->m[0], v);
	status = status_in_time(spawn(use_destroyed, &s->m[0]));
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));

	snprintf(doing, sizeof(doing), "%s: read-only page", v->name);
	init((pthread_mutex_t *)page, v);
	status = status_in_time(spawn(unlock_read_only, NULL));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);

	snprintf(doing, sizeof(doing), "%s: vanished page", v->name);
	init((pthread_mutex_t *)page, v);
	status = status_in_time(spawn(unlock_vanished, NULL));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);

	snprintf(doing, sizeof(doing), "%s: circular list", v->name);
	init(&s->m[0], v);
	status = status_in_time(spawn(circular_list, NULL));
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	EXPECT(pthread_mutex_trylock(&s->m[0]), EOWNERDEAD);
	EXPECT(pthread_mutex_consistent(&s->m[0]), 0);
	EXPECT(pthread_mutex_unlock(&s->m[0]), 0);

	/* The kernel walks 2048 entries. The other mutexes stay locked, and nothing
	 * else is lost. With PI, the kernel finds the rest only through its own
	 * list of waiters. */
	snprintf(doing, sizeof(doing), "%s: %d mutexes held", v->name, MANY);
	for (i = 0; i < MANY; i++)
		init(&s->m[i], v);
	status = status_in_time(spawn(lock_many, NULL));
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	for (i = died = busy = 0; i < MANY; i++) {
		int e = pthread_mutex_trylock(&s->m[i]);

		died += e == EOWNERDEAD;
		busy += e == EBUSY;
		if (e == EOWNERDEAD) {
			EXPECT(pthread_mutex_consistent(&s->m[i]), 0);
			EXPECT(pthread_mutex_unlock(&s->m[i]), 0);
		}
	}
	CHECK(died == 2048);
	CHECK(busy == MANY - 2048);
}

int main(void)
{
	need_robust_lists();
	s = shared(sizeof(*s));
	page = shared(PAGE);
	for_each_variety(one);
	return 0;
}
