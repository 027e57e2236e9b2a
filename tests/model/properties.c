// SPDX-License-Identifier: MIT
/* The properties that must hold. */
#include <stdarg.h>
#include "model.h"

const char *failed;
char failure[400];

void mc_fail(const char *property, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(failure, sizeof(failure), format, ap);
	va_end(ap);
	failed = property;
	thread_stop();
	abort();
}

void property_touch(struct mutex *m, const void *pc)
{
	if (m->reused)
		mc_fail("P1b-libc-use-after-destroy",
			"T%d accesses the memory of the destroyed mutex at %p", running, pc);
}

void property_slot(const char *call)
{
	if (SLOT(current))
		mc_fail("P6-slot-set", "T%d: the slot is set after %s", running, call);
}

void property_call(void)
{
	int i;

	current->saw_another = 0;
	for (i = 0; i < options.threads; i++)
		if (i != running && world.threads[i].busy) {
			current->saw_another = 1;
			world.threads[i].saw_another = 1;
		}
	current->busy = 1;
}

void property_acquired(struct mutex *m, int e)
{
	if (m->reused)
		mc_fail("P2-exclusion", "T%d got a destroyed mutex", running);
	if (m->holder >= 0)
		mc_fail("P2-exclusion", "T%d got the mutex that T%d holds", running, m->holder);
	if (m->notrec)
		mc_fail("P5-acquired-unrecoverable", "T%d: %s of an unrecoverable mutex",
			running, e ? "EOWNERDEAD" : "success");
	if (!e && m->death_due)
		mc_fail("P4-missing-EOWNERDEAD", "T%d: success although the owner died", running);
	if (e && !m->death_due)
		mc_fail("P4-false-EOWNERDEAD", "T%d: EOWNERDEAD after a clean release", running);
	m->death_due = 0;
	m->holder = running;
	m->inconsistent = e != 0;
}

/* glibc acquires an unrecoverable mutex to find out that it is one, so it is busy
 * meanwhile, as any other. */
void property_not_acquired(struct mutex *m, char op, int e)
{
	if (e == ENOTRECOVERABLE) {
		if (!m->notrec_begun)
			mc_fail("P5-false-ENOTRECOVERABLE", "T%d", running);
		m->notrec = 1;
	} else if ((e == EBUSY && op == 'T') || (e == ETIMEDOUT && op == 'D')) {
		if (!current->saw_another)
			mc_fail("P7-busy-but-free",
				"T%d: %s although nobody used the mutex meanwhile", running,
				e == EBUSY ? "EBUSY" : "ETIMEDOUT");
	} else {
		mc_fail("P0-result", "T%d: %c returned %d", running, op, e);
	}
	current->busy = 0;
}
