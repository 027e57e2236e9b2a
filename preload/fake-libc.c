// SPDX-License-Identifier: MIT
/*
 * For the tests of librobust-unlock.so, preloaded before it: a libc that it does
 * not know. FAKE_LIBC=2.33: glibc of this version; FAKE_LIBC=layout: one that keeps
 * something else in __nusers.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char *fake(void)
{
	const char *s = getenv("FAKE_LIBC");

	return s ? s : "";
}

const char *gnu_get_libc_version(void)
{
	return strcmp(fake(), "layout") ? fake() : "2.99";
}

int pthread_mutex_lock(pthread_mutex_t *m)
{
	static int (*real)(pthread_mutex_t *);
	int r;

	if (!real)
		real = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_lock");
	r = real(m);
	if (!r && !strcmp(fake(), "layout") && m->__data.__kind & 16)
		m->__data.__nusers += 2;
	return r;
}
