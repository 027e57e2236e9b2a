/* SPDX-License-Identifier: MIT */
/*
 * The auxiliary vector of a traced process that has just executed a program and has
 * stopped before its first instruction.
 */
#ifndef AUXV_H
#define AUXV_H

#include <errno.h>

#include "registers.h"

/* Returns the address of the entry of this type, or if there is none, of AT_NULL,
 * which ends the vector; *found says which. Returns 0, with errno, if it cannot
 * read the vector. */
static inline unsigned long auxv_entry(pid_t pid, unsigned long type, int *found)
{
	struct registers r;
	unsigned long at, v = 0;
	int nulls = 0;

	if (get_registers(pid, &r))
		return 0;
	/* From the stack pointer on: argc, argv, 0, environ, 0, auxv. */
	errno = 0;
	at = r.r[R_SP];
	at += sizeof(long) * (ptrace(PTRACE_PEEKDATA, pid, (void *)at, 0) + 1);
	for (; !errno && nulls < 2; at += sizeof(long))
		nulls += !ptrace(PTRACE_PEEKDATA, pid, (void *)at, 0) && !errno;
	for (; !errno; at += 2 * sizeof(long)) {
		v = ptrace(PTRACE_PEEKDATA, pid, (void *)at, 0);
		if (!errno && (v == type || v == AT_NULL))
			break;
	}
	*found = v == type;
	return errno ? 0 : at;
}

#endif
