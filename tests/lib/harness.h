/* SPDX-License-Identifier: MIT */
/*
 * What the tests share: varieties of robust mutexes, processes and threads
 * that die, checks. A test is a program that exits with 0 (passed), 1 (failed,
 * it said where) or 77 (skipped, it said why). POSIX only, so that the same
 * source runs on every libc, patched or not.
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

/* What is being tested, for the message of a check that fails. */
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

/* Ends the test as skipped. */
__attribute__((noreturn)) void skip(const char *reason);

/* Ends the test as skipped where nobody notices the death of an owner. */
void need_robust_lists(void);

/* Where the kernel looks for one more mutex if this thread dies. */
void *list_op_pending(void);

/* Memory that forked processes share, zeroed. */
void *shared(size_t size);

void sleep_ms(int ms);

struct timespec in_ms(int ms);

/* Calls f for every variety: all types, inheriting priority or not, shared by
 * processes or private. */
void for_each_variety(void (*f)(const struct variety *));

/* Of the mutexes to come. */
extern int robustness;

void init(pthread_mutex_t *m, const struct variety *v);

/* The lock word of a mutex that the caller owns is the first int with its id. */
volatile unsigned *lock_word(pthread_mutex_t *m);

void init_cond(pthread_cond_t *c, const struct variety *v);

/* The ways to take a mutex, which must agree. Those before TRYLOCK wait. */
enum taker {
	LOCK, TIMEDLOCK,
#ifdef __GLIBC__
	CLOCKLOCK,
#endif
	TRYLOCK, NR_TAKERS
};

extern const char *const taker_names[NR_TAKERS];

/* A minute stands for ever: it is long enough for an emulated CPU, and the
 * test says what hung instead of just running into its time-out. */
int take(enum taker how, pthread_mutex_t *m);

/* Runs f(arg) in a new process, which does not outlive a test that failed. */
pid_t spawn(void (*f)(void *), void *arg);

/* The process must have ended by itself, with success. */
void reap(pid_t pid);

/* The status of a process that has to end in time: it may sleep for good on a
 * mutex that is free, or loop. */
int status_in_time(pid_t pid);

/* Like reap, and in time. */
void reap_in_time(pid_t pid);

/* The process is killed. */
void kill_and_reap(pid_t pid);

/* Wait for the flag, which the process sets (0: a thread does). */
void await(volatile int *flag, pid_t pid);

/* Runs f(arg) in a new thread and waits for its end. */
void in_thread(void *(*f)(void *), void *arg);

void *lock_in_thread(void *m);

void lock_in_process(void *m);

void owner_dies(pthread_mutex_t *m, const struct variety *v);

/* An owner of the mutex dies, and the caller has it now, inconsistent. */
void lose_owner(pthread_mutex_t *m, const struct variety *v);

/* Is the process (or thread, by its id) asleep? -1: /proc does not say. */
int asleep(pid_t pid);

/* Wait until all of them sleep. There is no portable way to know; where /proc
 * does not say, wait long enough. */
void wait_until_all_asleep(const pid_t *pid, int n);

void wait_until_asleep(pid_t pid);

#endif
