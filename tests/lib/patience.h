/* SPDX-License-Identifier: MIT */
/*
 * How long a test waits before it reports a hang.
 *
 * The limits in the tests suit an otherwise idle machine. On a slower one they all
 * grow by one factor. tests/run/timeout-factor measures it, and tests/run/run-suite
 * passes it on in TIMEOUTFACTOR, the variable that glibc's own tests use.
 */
#ifndef PATIENCE_H
#define PATIENCE_H

#include <limits.h>
#include <stdlib.h>

/* @ms milliseconds (or seconds, or rounds), on this machine. */
static inline int patience(int ms)
{
	static int factor;

	if (!factor) {
		const char *set = getenv("TIMEOUTFACTOR");

		factor = set ? atoi(set) : 1;
		if (factor < 1)
			factor = 1;
	}
	return ms > INT_MAX / factor ? INT_MAX : ms * factor;
}

#endif
