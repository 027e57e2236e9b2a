// SPDX-License-Identifier: MIT
/* Which libc there is in a file, and whether it is patched. */
#include "robust-check.h"

#include "../tunable.h"

#define LISTED_GLIBC	34	/* from 2.34 on, each thread registers a list at its start */

/* Like contains(), with the NUL at the end: WHAT must not be the start of a longer text. */
static int contains_whole(const struct blob *b, const char *what)
{
	return memmem(b->data, b->size, what, strlen(what) + 1) != NULL;
}

/* "2.36" out of "... stable release version 2.36."; musl's is a string of its
 * own, 1.N.N with nothing or "-git-..." after it. */
char *version_in(const struct blob *b)
{
	static const char glibc[] = " release version ", digits[] = "0123456789";
	const char *at, *p, *end = (const char *)b->data + b->size;
	size_t len;

	at = memmem(b->data, b->size, glibc, strlen(glibc));
	if (at) {
		at += strlen(glibc);
		for (len = strspn(at, ".0123456789"); len && at[len - 1] == '.'; len--)
			;
		return len ? strndup(at, len) : NULL;
	}
	at = contains(b, "musl libc (") ? (const char *)b->data : NULL;
	while (at && (at = memmem(at, end - at, "\0001.", 3))) {
		p = ++at + 2;
		len = strspn(p, digits);
		if (!len || p[len] != '.')
			continue;
		p += len + 1;
		len = strspn(p, digits);
		p += len;
		if (len && p < end && (!*p || (*p == '-' && memchr(p, 0, end - p))))
			return strdup(at);
	}
	return NULL;
}

int glibc_minor(const struct target *t, int unknown)
{
	int n;

	return t->version && sscanf(t->version, "2.%d", &n) == 1 ? n : unknown;
}

int lists_at_start(const struct target *t)
{
	return glibc_minor(t, 0) >= LISTED_GLIBC;
}

const char *kind_of(const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	if (!strncmp(base, "ld-musl-", 8) || !strncmp(base, "libc.musl-", 10))
		return "musl";
	/* Not ld.so.cache, which may be mapped as well. */
	if (!strncmp(base, "ld-linux", 8) || !strncmp(base, "ld64.so.", 8) ||
	    !strcmp(base, "ld.so") || !strcmp(base, "ld.so.1") ||
	    !strncmp(base, "libc.so.6", 9) ||
	    (!strncmp(base, "ld-2.", 5) && strstr(base, ".so")) ||
	    (!strncmp(base, "libc-2.", 7) && strstr(base, ".so")))
		return "glibc";
	return NULL;
}

/* glibc looks the function up in its dynamic linker, which in musl is the same file. If
 * there is no function to look up, glibc still has the tunable, and musl the name of a
 * symbol unless it was stripped. */
int is_patched(const struct blob *b)
{
	return contains(b, PREFIX) || contains_whole(b, tunable_name()) ||
	       contains_whole(b, "__pthread_mutex_robust_unlock");
}

/* The program itself may name the function; a static glibc has the names of its tunables. */
void examine_static(struct target *t, const struct blob *b)
{
	t->libc = "static";
	t->version = version_in(b);
	if (contains(b, "glibc.malloc.") || contains(b, "GNU C Library")) {
		t->patched = contains_whole(b, tunable_name());
		return;
	}
	if (contains(b, "Go buildinf:") && !contains(b, PREFIX))
		t->states |= 1 << NO_LIBC;
	t->patched = is_patched(b);
}
