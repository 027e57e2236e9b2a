// SPDX-License-Identifier: MIT
/*
 * An unlock with the kernel's help writes to the pending slot of the robust list,
 * which is as wide as a pointer, and to nothing next to it. During each unlock, the
 * word after the slot, which belongs to the libc, holds a pattern. The test covers
 * all kinds of robust mutexes, with and without a waiter.
 *
 * Fails with 4-byte pointers on a 64-bit kernel if the flags lack
 * FUTEX_ROBUST_LIST32 (contended), or if the libc calls the vDSO function for
 * 8-byte pointers (uncontended, x32). With 8-byte pointers there is nothing to
 * confuse.
 */
#include "futex-filter.h"

#define CANARY 0x5ca1ab1eUL

struct state {
	pthread_mutex_t mutex;
	volatile int taker, has_it;	/* the taker's TID */
};

static struct state *s;
static int helped, cleared_behind;

/* This thread's slot, in the list that the kernel knows. */
static unsigned long *slot(void)
{
	struct robust_list_head *head;
	size_t len;

	CHECK(!syscall(SYS_get_robust_list, 0, &head, &len));
	CHECK(len == 3 * sizeof(long));
	return (unsigned long *)&head->list_op_pending;
}

static void unlock_watched(void)
{
	unsigned long *p = slot(), behind = p[1];
	volatile unsigned long *watched = &p[1];
	unsigned long seen;

	*watched = CANARY;
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
	seen = *watched;
	*watched = behind;
	if (seen != CANARY)
		fail(__FILE__, __LINE__, "the word behind the pending slot became %#lx", seen);
	CHECK(!*p);
}

static void take_it(void *arg)
{
	(void)arg;
	s->taker = syscall(SYS_gettid);
	EXPECT(pthread_mutex_lock(&s->mutex), 0);
	s->has_it = 1;
	EXPECT(pthread_mutex_unlock(&s->mutex), 0);
}

static void one(const struct variety *v)
{
	char kind[sizeof(v->name)];
	int i;

	snprintf(kind, sizeof(kind), "%s", v->name);
	init(&s->mutex, v);
	snprintf(doing, sizeof(doing), "%s, nobody waits", kind);
	for (i = 0; i < 3; i++) {
		EXPECT(pthread_mutex_lock(&s->mutex), 0);
		unlock_watched();
	}
	snprintf(doing, sizeof(doing), "%s, somebody waits", kind);
	for (i = 0; i < 3; i++) {
		struct partner taker;

		s->taker = s->has_it = 0;
		EXPECT(pthread_mutex_lock(&s->mutex), 0);
		start_partner(&taker, v, take_it, NULL);
		await(&s->taker, taker.pid);
		wait_until_asleep(s->taker);
		CHECK(!s->has_it);
		unlock_watched();
		end_partner_in_time(&taker);
	}
	EXPECT(pthread_mutex_destroy(&s->mutex), 0);
}

/* Ask the kernel for the wrong width too. This shows that the pattern would not
 * survive it. */
static void ask_the_kernel(void)
{
	unsigned word = 1;
	unsigned long fields[4] = { CANARY, CANARY, CANARY, CANARY };

	doing[0] = 0;
	helped = !syscall(SYS_futex, &word, FUTEX_WAKE | ROBUST_UNLOCK_FLAGS, 1,
			  NULL, &fields[0], 0);
	if (!helped)
		return;
	CHECK(!word && !fields[0] && fields[1] == CANARY);
	CHECK(!syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_ROBUST_UNLOCK, 1,
		       NULL, &fields[2], 0));
	cleared_behind = fields[3] != CANARY;
}

int main(void)
{
	need_robust_lists();
	s = shared(sizeof(*s));
	ask_the_kernel();
	for_each_variety(one);
	printf("pointers of %zu bytes, the kernel %s%s\n", sizeof(void *),
	       helped ? "helps" : "does not help",
	       !cleared_behind ? "" :
	       ", and without FUTEX_ROBUST_LIST32 clears the word behind the slot too");
	return 0;
}
