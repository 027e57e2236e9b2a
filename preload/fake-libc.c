// SPDX-License-Identifier: MIT
/*
 * For the tests of librobust-unlock.so, preloaded before or after it: a libc or a
 * kernel that the library does not know, and unusual ways to start it. FAKE_LIBC is
 *   2.33    glibc of this version
 *   layout  a libc that keeps something else in __nusers
 *   list    a libc that keeps a thread's id elsewhere
 *   pi      a filter that refuses FUTEX_ROBUST_UNLOCK for FUTEX_UNLOCK_PI
 *   waiters a kernel that leaves FUTEX_WAITERS in the word of a mutex with waiters
 *   clone   a filter that refuses the clone(2) that the library's test for "waiters"
 *           needs
 *   dlopen  dlopen(3) loads FAKE_DLOPEN, the library
 *   early   threads of a constructor use a robust mutex while the library starts
 *           (preload this one after it)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include "../tests/lib/futex-filter.h"
#include "../tests/lib/registers.h"

/* The code that it shares with the tests stays hidden (-fvisibility=hidden). */
#define EXPORTED __attribute__((visibility("default")))

static int is(const char *what)
{
	const char *s = getenv("FAKE_LIBC");

	return s && !strcmp(s, what);
}

/* The id that libc keeps, while it is wrong. */
static int *wrong_id;

static void fake_kernel(int sig, siginfo_t *info, void *context)
{
	unsigned *word = (unsigned *)CONTEXT_ARG(context, 0);

	(void)sig;
	(void)info;
	__atomic_fetch_and(word, FUTEX_WAITERS, __ATOMIC_RELEASE);
	*(void **)CONTEXT_ARG(context, 4) = NULL;
	CONTEXT_RESULT(context) = syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* The library asks for this first. */
EXPORTED const char *gnu_get_libc_version(void)
{
	struct robust_list_head *head;
	size_t len;

	if (is("2.33"))
		return "2.33";
	if (is("pi"))
		filter_futex(~0u, FUTEX_UNLOCK_PI | FUTEX_ROBUST_UNLOCK,
			     SECCOMP_RET_ERRNO | EPERM);
	if (is("waiters")) {
		struct sigaction sa = { .sa_sigaction = fake_kernel,
					.sa_flags = SA_SIGINFO };

		CHECK(!sigaction(SIGSYS, &sa, NULL));
		filter_robust_unlock(SECCOMP_RET_TRAP);
	}
	if (is("clone"))
		filter_call(SYS_clone, 0, ~0u, CLONE_VM | CLONE_FS | CLONE_FILES |
			    CLONE_SIGHAND | CLONE_UNTRACED, SECCOMP_RET_ERRNO | EPERM);
	if (is("list") && !wrong_id) {
		CHECK(!syscall(SYS_get_robust_list, 0, &head, &len));
		wrong_id = (int *)((char *)head - 16);
		CHECK(*wrong_id == gettid());
		++*wrong_id;
	}
	return "2.99";
}

EXPORTED int pthread_mutex_lock(pthread_mutex_t *m)
{
	static int (*real)(pthread_mutex_t *);
	int r;

	if (wrong_id)
		*wrong_id = gettid();
	wrong_id = NULL;
	if (!real)
		real = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_lock");
	r = real(m);
	if (!r && is("layout") && m->__data.__kind & 16)
		m->__data.__nusers += 2;
	return r;
}

#define TURNS 20000

static pthread_mutex_t early;
static pthread_t threads[2];
static int turns;

static void *take_turns(void *arg)
{
	int i;

	for (i = 0; i < TURNS; i++) {
		EXPECT(pthread_mutex_lock(&early), 0);
		turns++;
		EXPECT(pthread_mutex_unlock(&early), 0);
	}
	return arg;
}

__attribute__((constructor)) static void start(void)
{
	static const struct variety v = { PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE,
					  PTHREAD_PROCESS_SHARED, "early" };
	struct robust_list_head *head;
	size_t len;
	int i;

	/* If preloaded before the library, this runs after the library's checks. */
	if (is("layout")) {
		CHECK(!syscall(SYS_get_robust_list, 0, &head, &len));
		CHECK(head->list.next == &head->list);
	}

	if (is("dlopen"))
		CHECK(dlopen(getenv("FAKE_DLOPEN"), RTLD_NOW));
	if (!is("early"))
		return;
	init(&early, &v);
	for (i = 0; i < 2; i++)
		EXPECT(pthread_create(&threads[i], NULL, take_turns, NULL), 0);
}

__attribute__((destructor)) static void end(void)
{
	int i;

	if (!turns)
		return;
	for (i = 0; i < 2; i++)
		EXPECT(pthread_join(threads[i], NULL), 0);
	CHECK(turns == 2 * TURNS);
}
