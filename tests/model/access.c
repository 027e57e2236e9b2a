// SPDX-License-Identifier: MIT
/* With -fsanitize=thread, gcc makes the code under test call these functions before
 * each access to memory that may be shared, and for each atomic access. So no
 * access can go unnoticed, however the source looks. An access to unknown memory,
 * or to a field that only the owner may use, is a violation. */
#include "model.h"

extern char __start_under_test[] __attribute__((weak));	/* static data */
extern char __stop_under_test[] __attribute__((weak));

static int within(const volatile void *p, const volatile void *start, size_t size)
{
	return (uintptr_t)p - (uintptr_t)start < size;
}

/* A step in user space: the thread stops, and a signal may come first. */
static void user_step(int kind, const void *pc, const char *what)
{
	for (;;) {
		current->pc = pc;
		current->file = NULL;
		current->line = 0;
		thread_step(kind, what);
		current->pc = NULL;
		if (!current->signalled)
			return;
		current->signalled = 0;
		application_signal();
	}
}

enum how { READ, WRITE, CHANGE };	/* CHANGE: atomically reads and writes */

static void access_mutex(struct mutex *m, const volatile void *p, enum how how, const void *pc)
{
	enum field field = field_of(&m->m, p);
	static const char *const names[FIELDS][3] = {
		[FIELD_WORD] = { "reads the word", "writes the word", "changes the word" },
		[FIELD_SHARED] = { "reads " SHARED_NAME, "writes " SHARED_NAME,
				   "changes " SHARED_NAME },
		[FIELD_LIST] = { "reads its list entry", "writes its list entry", "" },
		[FIELD_CONSTANT] = { "reads the type", "writes the type", "" },
	};
	int owned = (WORD(&m->m) & WORD_TID) == (unsigned)current->tls.tid;

	/* The type never changes, and nobody destroys the mutex while this thread owns it
	 * or will use it again: it makes no difference when the thread reads the type. */
	if (names[field][how] && !(field == FIELD_CONSTANT && (owned || !current->dropped)))
		user_step(field == FIELD_LIST ? STEP_UNSEEN : STEP_SEEN, pc, names[field][how]);
	property_touch(m, pc);
	if (field == FIELD_LIST || field == FIELD_OWNED) {
		if ((WORD(&m->m) & WORD_TID) != (unsigned)current->tls.tid)
			mc_fail("P0-unowned-access", "T%d at %p accesses a field that only the owner may use",
				running, pc);
	} else if (field == FIELD_CONSTANT && how != READ) {
		mc_fail("P0-unknown-access", "T%d at %p writes the type", running, pc);
	}
}

static void access(const volatile void *p, enum how how, const void *pc)
{
	int i;

	if (within(p, stacks[running], STACK) ||
	    within(p, __start_under_test, __stop_under_test - __start_under_test))
		return;
	if (p == (void *)&SLOT(current)) {
		user_step(STEP_UNSEEN, pc, how ? "writes list_op_pending" : "reads list_op_pending");
		return;
	}
	if (p == (void *)&HEAD(current)) {
		user_step(STEP_UNSEEN, pc, how ? "writes the list's head" : "reads the list's head");
		return;
	}
	if (within(p, &current->tls, sizeof(current->tls)))
		return;
	for (i = 0; i < MUTEXES; i++)
		if (within(p, &world.mutexes[i].m, sizeof(world.mutexes[i].m))) {
			access_mutex(&world.mutexes[i], p, how, pc);
			return;
		}
	mc_fail("P0-unknown-access", "T%d at %p accesses %p", running, pc, p);
}

#define PC __builtin_return_address(0)
#define PLAIN(size) \
	void __tsan_read##size(void *p) { access(p, READ, PC); } \
	void __tsan_write##size(void *p) { access(p, WRITE, PC); }
PLAIN(1) PLAIN(2) PLAIN(4) PLAIN(8)

typedef volatile int atomic32;
int __tsan_atomic32_load(const atomic32 *p, int order) { access(p, READ, PC); return *p; }
void __tsan_atomic32_store(atomic32 *p, int v, int order) { access(p, WRITE, PC); *p = v; }
#define FETCH(name, op) \
	int __tsan_atomic32_##name(atomic32 *p, int v, int order) \
	{ \
		int old; \
		access(p, CHANGE, PC); \
		old = *p; \
		*p = op; \
		return old; \
	}
FETCH(exchange, v)
FETCH(fetch_add, old + v)
FETCH(fetch_sub, old - v)
FETCH(fetch_or, old | v)
FETCH(fetch_and, old & v)
int __tsan_atomic32_compare_exchange_strong(atomic32 *p, int *expected, int v, int order, int failed)
{
	int old;

	access(p, CHANGE, PC);
	old = *p;
	if (old == *expected) {
		*p = v;
		return 1;
	}
	*expected = old;
	return 0;
}
int __tsan_atomic32_compare_exchange_val(atomic32 *p, int expected, int v, int order, int failed)
{
	int old;

	access(p, CHANGE, PC);
	old = *p;
	if (old == expected)
		*p = v;
	return old;
}
void __tsan_init(void) { }
void __tsan_func_entry(void *caller) { }
void __tsan_func_exit(void) { }
