/* SPDX-License-Identifier: MIT */
/*
 * What the tests share: varieties of robust mutexes, processes and threads that
 * die, checks. A test exits with 0 (passed), 1 (failed, and it printed where) or 77
 * (skipped, and it printed why). It uses POSIX only, so the same source runs on
 * every libc, patched or not.
 */
#ifndef HARNESS_H
#define HARNESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "futex.h"
#include "patience.h"

/* One variety of robust mutex. */
struct variety {
	int type, protocol, pshared;
	char name[80];
};

/* What the test is doing, for the message of a failed check. */
extern char doing[200];

__attribute__((format(printf, 3, 4), noreturn))
void fail(const char *file, int line, const char *fmt, ...);

/* The call must return the error (0: success). */
#define EXPECT(call, want) do {						\
	int got_ = (call), want_ = (want);				\
	if (got_ != want_)						\
		fail(__FILE__, __LINE__, "%s gave \"%s\", expected \"%s\"", \
		     #call, got_ ? strerror(got_) : "success",		\
		     want_ ? strerror(want_) : "success");		\
} while (0)

#define CHECK(cond) do {						\
	if (!(cond))							\
		fail(__FILE__, __LINE__, "not so: %s", #cond);		\
} while (0)

/* Skips the test. */
__attribute__((noreturn)) void skip(const char *reason);

/* Skips the test where the kernel has no robust lists. */
void need_robust_lists(void);

/* This thread's list_op_pending. */
void *list_op_pending(void);

/* Zeroed memory that forked processes share. */
void *shared(size_t size);

void sleep_ms(int ms);

struct timespec in_ms(int ms);

/* Calls f for every variety: each type, with and without priority inheritance,
 * process-shared and private. */
void for_each_variety(void (*f)(const struct variety *));

/* The robustness of the mutexes that init() makes. */
extern int robustness;

void init(pthread_mutex_t *m, const struct variety *v);

/* The lock word of a mutex that the caller owns is the first int with its id. */
volatile unsigned *lock_word(pthread_mutex_t *m);

void init_cond(pthread_cond_t *c, const struct variety *v);

/* The functions that lock a mutex. Those before TRYLOCK wait. */
enum taker {
	LOCK, TIMEDLOCK,
#ifdef __GLIBC__
	CLOCKLOCK,
#endif
	TRYLOCK, NR_TAKERS
};

extern const char *const taker_names[NR_TAKERS];

/* Timed functions wait a minute. An emulated CPU needs no more, and the test says
 * what hung instead of running into its own time limit. */
int take(enum taker how, pthread_mutex_t *m);

/* Runs f(arg) in a new process, which does not outlive a test that failed. */
pid_t spawn(void (*f)(void *), void *arg);

/* Waits for the process, which must exit with 0. */
void reap(pid_t pid);

/* A process or, for a private mutex, a thread. */
struct partner {
	pid_t pid;		/* 0: a thread */
	pthread_t thread;
	void (*f)(void *);
	void *arg;
};

/* Runs f(arg) in it. */
void start_partner(struct partner *p, const struct variety *v, void (*f)(void *), void *arg);

/* Waits for its end. A process must exit with 0. */
void end_partner(struct partner *p);

/* Like end_partner, but a process has to end in time. */
void end_partner_in_time(struct partner *p);

/* The status of a process that has to end in time: it may sleep forever on a free
 * mutex, or loop. */
int status_in_time(pid_t pid);

/* Like reap, but the process has to end in time. */
void reap_in_time(pid_t pid);

/* Kills the process. */
void kill_and_reap(pid_t pid);

/* Waits until the process sets the flag (pid 0: until a thread does). */
void await(volatile int *flag, pid_t pid);

/* Runs f(arg) in a new thread and waits for its end. */
void in_thread(void *(*f)(void *), void *arg);

void *lock_in_thread(void *m);

void lock_in_process(void *m);

void owner_dies(pthread_mutex_t *m, const struct variety *v);

/* An owner of the mutex dies, and the caller acquires it, inconsistent. */
void lose_owner(pthread_mutex_t *m, const struct variety *v);

/* Returns whether the process or thread with this id sleeps, or -1 without /proc. */
int asleep(pid_t pid);

/* Waits until all of them sleep. Without /proc, no portable way shows that, so it
 * waits long enough. */
void wait_until_all_asleep(const pid_t *pid, int n);

void wait_until_asleep(pid_t pid);

#endif
