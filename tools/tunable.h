/* SPDX-License-Identifier: MIT */
/*
 * The tunable that decides whether a patched glibc uses the kernel's help, read from
 * GLIBC_TUNABLES as glibc does. This calls no function that gets another symbol version
 * from newer headers.
 */
#ifndef TUNABLE_H
#define TUNABLE_H

#include <string.h>

/* The name is not in one piece: a program with it must not be taken for a libc that has it. */
static const char *tunable_name(void)
{
	static char name[] = "?libc.pthread.robust_unlock";
	volatile char *first = name;

	*first = 'g';
	return name;
}

/* The value in ENV; -1 if there is none, or one that glibc ignores. */
static inline int get_tunable(const char *env)
{
	size_t len = strlen(tunable_name());
	const char *p, *start;
	unsigned base, digit, n;
	int value = -1;

	for (p = env; p && *p; p = strchr(p, ':') ? strchr(p, ':') + 1 : NULL) {
		if (strncmp(p, tunable_name(), len) || p[len] != '=')
			continue;
		p += len + 1;
		base = *p != '0' ? 10 : (p[1] | 32) == 'x' ? 16 : 8;
		start = p += base == 16 ? 2 : 0;
		for (n = 0; n <= 2; p++) {
			digit = *p >= '0' && *p <= '9' ? *p - '0' :
				(*p | 32) >= 'a' && (*p | 32) <= 'f' ? (*p | 32) - 'a' + 10 : 16;
			if (digit >= base)
				break;
			n = n * base + digit;
		}
		if (p != start && (!*p || *p == ':') && n <= 2)
			value = n;
	}
	return value;
}

#endif
