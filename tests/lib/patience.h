/* SPDX-License-Identifier: MIT */
/*
 * How long a test waits before it takes something for a hang.
 *
 * The limits in the tests are those of a machine with nothing else to do. On a
 * slower one all of them grow by the same factor, which tests/run/timeout-factor
 * measures and tests/run/run-suite hands over in the environment: TIMEOUTFACTOR, as
 * glibc's own tests know it.
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
