// SPDX-License-Identifier: MIT
/*
 * Usage: robust-bench [--cpus A,B] [--ms N] WORKLOAD [PROGRAM]
 *        robust-bench --marks WORKLOAD
 *
 * Measure one workload of bench/workloads.h with this program's libc, for about N
 * ms (default 20), and print one line:
 *   WORKLOAD NANOSECONDS rounds=N unit=pair|recovery|handover|start vdso=yes|no
 * vdso: whether this process finds the function that releases robust mutexes. A
 * START workload starts PROGRAM. Threads are pinned to CPU A, the second thread or
 * process to B; default: the last two permitted CPUs.
 *
 * NANOSECONDS are for one pair, recovery, hand-over or start. If one thread works
 * alone, they are those of the fastest of many short rounds: a disturbance (an
 * interrupt, another process, a slow clock at first) only adds time, and many
 * rounds of half a millisecond have none. If two work together, chance matters, and
 * in the fastest round they met least often, so the result is the median of the
 * rounds.
 *
 * Before it measures a mutex, the program tests it: whether the next owner learns
 * of a death, what a second lock does, and with which futex operation a waiter
 * sleeps. The process has then had a second thread, so no libc takes it for
 * single-threaded.
 *
 * --marks: do not measure. Execute two (or three) calls of an empty function, and
 * then those of the workload, each group between two breakpoint instructions; for
 * with-vdso --count.
 *
 * Exit status: 0, 1 if something failed (it prints what), 2 usage, 77 if the
 * machine cannot run this workload (it prints why).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
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

#include "../tools/vdso-symbol.h"

#if !defined(__x86_64__) || defined(__ILP32__)
# error "the measurements are for x86-64 only"
#endif

enum kind { FLOOR, PAIR, OWN, ONE, PROCESSES, DEATH, HANDOVER, START };

static const struct workload {
	const char *name;
	enum kind kind;
	int robust, shared, pi, type;
} workloads[] = {
#define WORKLOAD(name, kind, robust, shared, pi, type, text) \
	{ name, kind, robust, shared, pi, type },
#include "workloads.h"
};

#define NR_WORKLOADS (sizeof(workloads) / sizeof(workloads[0]))
#define ROUNDS		40	/* of one thread alone */
#define ROUNDS_OF_TWO	8
#define DEATHS		20
#define HELD		256	/* mutexes that the dying process holds */
#define HANDOVERS	100
#define STARTS		20
#define LINE		128	/* two of them: CPUs fetch them in pairs */

static const struct workload *w;
static int cpu[2] = { -1, -1 };

__attribute__((format(printf, 1, 2), noreturn))
static void die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "robust-bench: %s: ", w ? w->name : "");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	_exit(1);
}

/* The call must return this error number. */
#define EXPECT(call, want) do {						\
	int got_ = (call), want_ = (want);				\
	if (got_ != want_)						\
		die("%s gave \"%s\", expected \"%s\"", #call,		\
		    got_ ? strerror(got_) : "success",			\
		    want_ ? strerror(want_) : "success");		\
} while (0)

/* The condition sets errno. */
#define CHECK(cond) do {						\
	if (!(cond))							\
		die("not so: %s (%s)", #cond, strerror(errno));		\
} while (0)

static double now(void)
{
	struct timespec ts;

	CHECK(!clock_gettime(CLOCK_MONOTONIC, &ts));
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static void sleep_us(long us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&ts, NULL);
}

static void pin(int i)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu[i], &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("cannot pin to CPU %d: %s", cpu[i], strerror(errno));
}

static void choose_cpus(void)
{
	cpu_set_t set;
	int i;

	if (cpu[0] >= 0)
		return;
	CHECK(!sched_getaffinity(0, sizeof(set), &set));
	for (i = 0; i < CPU_SETSIZE; i++) {
		if (CPU_ISSET(i, &set)) {
			cpu[1] = cpu[0];
			cpu[0] = i;
		}
	}
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, n, sizeof(*v), by_size);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static void *shared_memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void init_mutex(pthread_mutex_t *m)
{
	pthread_mutexattr_t a;

	EXPECT(pthread_mutexattr_init(&a), 0);
	EXPECT(pthread_mutexattr_settype(&a, w->type), 0);
	EXPECT(pthread_mutexattr_setrobust(&a, w->robust), 0);
	EXPECT(pthread_mutexattr_setpshared(&a, w->shared), 0);
	EXPECT(pthread_mutexattr_setprotocol(&a, w->pi ? PTHREAD_PRIO_INHERIT :
					     PTHREAD_PRIO_NONE), 0);
	EXPECT(pthread_mutex_init(m, &a), 0);
	EXPECT(pthread_mutexattr_destroy(&a), 0);
}

/* The futex operation with which a thread of this process sleeps on the mutex; -1
 * if it does not sleep. */
static int sleeps_on(pid_t tid, const pthread_mutex_t *m)
{
	unsigned long nr, addr, op;
	char name[64], buf[256];
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "/proc/self/task/%d/syscall", (int)tid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", name, strerror(errno));
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		die("%s cannot be read", name);
	buf[n] = 0;
	if (sscanf(buf, "%lu %lx %lx", &nr, &addr, &op) != 3 || nr != SYS_futex ||
	    addr < (unsigned long)m || addr >= (unsigned long)(m + 1))
		return -1;
	return op & 127;	/* no flags */
}

/* ---- Whether the mutex has the requested kind */

static void *die_with(void *m)
{
	EXPECT(pthread_mutex_lock(m), 0);
	return NULL;
}

static volatile pid_t waiter_tid;

static void *wait_for(void *m)
{
	waiter_tid = syscall(SYS_gettid);
	EXPECT(pthread_mutex_lock(m), 0);
	EXPECT(pthread_mutex_unlock(m), 0);
	return NULL;
}

static void verify(pthread_mutex_t *m)
{
	pthread_t t;
	int i, op = -1;

	init_mutex(m);
	EXPECT(pthread_create(&t, NULL, die_with, m), 0);
	EXPECT(pthread_join(t, NULL), 0);
	if (w->robust) {
		EXPECT(pthread_mutex_lock(m), EOWNERDEAD);
		EXPECT(pthread_mutex_consistent(m), 0);
		if (w->type == RECURSIVE) {
			EXPECT(pthread_mutex_lock(m), 0);
			EXPECT(pthread_mutex_unlock(m), 0);
		} else if (w->type == ERRORCHECK) {
			EXPECT(pthread_mutex_lock(m), EDEADLK);
		} else {
			EXPECT(pthread_mutex_trylock(m), EBUSY);
		}
	} else {
		EXPECT(pthread_mutex_trylock(m), EBUSY);
		init_mutex(m);
		EXPECT(pthread_mutex_lock(m), 0);
	}

	waiter_tid = 0;
	EXPECT(pthread_create(&t, NULL, wait_for, m), 0);
	for (i = 0; i < 10000 && op < 0; i++) {
		if (waiter_tid)
			op = sleeps_on(waiter_tid, m);
		sleep_us(20);
	}
	/* FUTEX_WAIT, FUTEX_WAIT_BITSET; FUTEX_LOCK_PI, FUTEX_LOCK_PI2 */
	if (w->pi ? op != 6 && op != 13 : op != 0 && op != 9)
		die("a waiter sleeps with futex operation %d: this is %s PI mutex",
		    op, w->pi ? "not a" : "a");
	EXPECT(pthread_mutex_unlock(m), 0);
	EXPECT(pthread_join(t, NULL), 0);
	init_mutex(m);
}

/* ---- Alone */

static void floor_pairs(unsigned *word, long n)
{
	unsigned tid = 1234, none = 0, bad = 0;

	while (n--) {
		bad |= !__atomic_compare_exchange_n(word, &none, tid, 0,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
		bad |= !__atomic_compare_exchange_n(word, &tid, 0, 0,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	}
	CHECK(!bad);
}

static void mutex_pairs(pthread_mutex_t *m, long n)
{
	int bad = 0;

	while (n--) {
		bad |= pthread_mutex_lock(m);
		bad |= pthread_mutex_unlock(m);
	}
	EXPECT(bad, 0);
}

static double some_pairs(void *at, long n)
{
	double t0 = now();

	if (w->kind == FLOOR)
		floor_pairs(at, n);
	else
		mutex_pairs(at, n);
	return now() - t0;
}

static double pairs(void *at, int ms, int *rounds)
{
	double best = 0, t, length = ms * 1e6 / ROUNDS;
	long n = 1000;
	int i;

	/* Warm up until a round is long enough. */
	do {
		t = some_pairs(at, n);
		if (t < length)
			n = n * 1.2 * length / (t + length / 20) + 1;
	} while (t < length);
	n = n * length / t + 1;
	for (i = 0; i < ROUNDS; i++) {
		t = some_pairs(at, n) / n;
		if (!i || t < best)
			best = t;
	}
	*rounds = ROUNDS;
	return best;
}

/* ---- Two at a time, threads or processes */

static struct both {
	volatile int round, ready, stop, done;
	struct {
		volatile long pairs;
		volatile double ns;
	} by[2] __attribute__((aligned(LINE)));
	union {
		pthread_mutex_t mutex;
		char line[LINE];
	} mutex[2] __attribute__((aligned(LINE)));
} *both;

static void *one_of_two(void *arg)
{
	int i = arg != NULL, round = 0;
	pthread_mutex_t *m = &both->mutex[w->kind == OWN ? i : 0].mutex;

	pin(i);
	for (;;) {
		double t0;
		long n;
		int bad = 0;

		while (both->round == round)
			sleep_us(20);
		if (both->round < 0)
			return NULL;
		round++;
		__atomic_add_fetch(&both->ready, 1, __ATOMIC_SEQ_CST);
		while (both->ready < 2 * round)
			__asm__ volatile ("pause");
		t0 = now();
		for (n = 0; !both->stop; n++) {
			bad |= pthread_mutex_lock(m);
			bad |= pthread_mutex_unlock(m);
		}
		both->by[i].ns = now() - t0;
		both->by[i].pairs = n;
		EXPECT(bad, 0);
		__atomic_add_fetch(&both->done, 1, __ATOMIC_SEQ_CST);
	}
}

static double two(int ms, int *rounds)
{
	double v[ROUNDS_OF_TWO];
	pthread_t t[2];
	pid_t pid[2];
	int i, status;

	for (i = 0; i < 2; i++) {
		if (w->kind != PROCESSES) {
			EXPECT(pthread_create(&t[i], NULL, one_of_two, i ? both : NULL), 0);
			continue;
		}
		pid[i] = fork();
		CHECK(pid[i] >= 0);
		if (!pid[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			one_of_two(i ? both : NULL);
			_exit(0);
		}
	}
	/* The first round warms up. */
	for (i = -1; i < ROUNDS_OF_TWO; i++) {
		both->stop = both->done = 0;
		both->round++;
		while (both->ready < 2 * both->round)
			sleep_us(20);
		sleep_us(ms * 1000 / ROUNDS_OF_TWO);
		both->stop = 1;
		while (both->done < 2)
			sleep_us(20);
		if (!both->by[0].pairs && !both->by[1].pairs)
			die("neither of the two did anything in a round");
		if (i < 0)
			continue;
		v[i] = (both->by[0].ns + both->by[1].ns) / 2 /
		       (both->by[0].pairs + both->by[1].pairs);
		if (w->kind == OWN)
			v[i] *= 2;	/* the time of a thread, not of a mutex */
	}
	both->round = -1;
	for (i = 0; i < 2; i++) {
		if (w->kind != PROCESSES)
			EXPECT(pthread_join(t[i], NULL), 0);
		else
			CHECK(waitpid(pid[i], &status, 0) == pid[i] && !status);
	}
	*rounds = ROUNDS_OF_TWO;
	return median(v, ROUNDS_OF_TWO);
}

/* ---- The owner's death */

static void die_holding(pthread_mutex_t *m, int n)
{
	int i, status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		for (i = 0; i < n; i++)
			EXPECT(pthread_mutex_lock(&m[i]), 0);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status);
}

static double deaths(int *rounds)
{
	pthread_mutex_t *m = shared_memory(HELD * sizeof(*m));
	double best = 0, t;
	int i, j, dead, bad;

	for (j = 0; j < HELD; j++)
		init_mutex(&m[j]);
	/* The first round warms up. */
	for (i = -1; i < DEATHS; i++) {
		die_holding(m, HELD);
		t = now();
		for (j = dead = bad = 0; j < HELD; j++) {
			dead += pthread_mutex_lock(&m[j]) == EOWNERDEAD;
			bad |= pthread_mutex_consistent(&m[j]);
			bad |= pthread_mutex_unlock(&m[j]);
		}
		t = (now() - t) / HELD;
		EXPECT(bad, 0);
		CHECK(dead == HELD);
		if (i <= 0 || t < best)
			best = t;
	}
	*rounds = DEATHS;
	return best;
}

/* ---- Hand-over */

static struct {
	volatile int turn, got;
	volatile double at;
} handed;

static void *waiter(void *m)
{
	int i;

	pin(1);
	waiter_tid = syscall(SYS_gettid);
	for (i = 1;; i++) {
		/* No sleep here: the thread sleeps only on the mutex. */
		while (handed.turn < i && handed.turn >= 0)
			__asm__ volatile ("pause");
		if (handed.turn < 0)
			return NULL;
		EXPECT(pthread_mutex_lock(m), 0);
		handed.at = now();
		EXPECT(pthread_mutex_unlock(m), 0);
		handed.got = i;
	}
}

static double handovers(pthread_mutex_t *m, int *rounds)
{
	double v[HANDOVERS], t0;
	pthread_t t;
	int i, n;

	waiter_tid = 0;
	EXPECT(pthread_create(&t, NULL, waiter, m), 0);
	while (!waiter_tid)
		sleep_us(20);
	/* The first few warm up. */
	for (i = -5; i < HANDOVERS; i++) {
		EXPECT(pthread_mutex_lock(m), 0);
		handed.turn++;
		for (n = 0; sleeps_on(waiter_tid, m) < 0; n++)
			if (n > 1000000)
				die("the waiter does not sleep");
		/* Let its CPU go idle too, or the result includes the time for
		 * that. */
		for (t0 = now(); now() - t0 < 20e3; )
			;
		t0 = now();
		EXPECT(pthread_mutex_unlock(m), 0);
		while (handed.got < handed.turn)
			__asm__ volatile ("pause");
		if (i >= 0)
			v[i] = handed.at - t0;
	}
	handed.turn = -1;
	EXPECT(pthread_join(t, NULL), 0);
	*rounds = HANDOVERS;
	return median(v, HANDOVERS);
}

/* ---- Start-up */

static double starts(char *program, int *rounds)
{
	char *argv[] = { program, NULL }, *env[] = { NULL };
	double best = 0, t;
	int i, e, status;
	pid_t pid;

	for (i = -2; i < STARTS; i++) {
		t = now();
		e = posix_spawn(&pid, program, NULL, NULL, argv, env);
		if (e)
			die("%s: %s", program, strerror(e));
		CHECK(waitpid(pid, &status, 0) == pid);
		t = now() - t;
		if (status)
			die("%s ended with status %#x", program, status);
		if (i <= 0 || t < best)
			best = t;
	}
	*rounds = STARTS;
	return best;
}

/* ---- Marks for with-vdso --count */

#define MARK() __asm__ volatile ("int3" ::: "memory")

static int nothing(pthread_mutex_t *m)
{
	(void)m;
	return 0;
}

static int marks(pthread_mutex_t *m)
{
	/* The same code calls both, so its cost can be subtracted. */
	int (*volatile call[2][3])(pthread_mutex_t *) = {
		{ nothing, nothing, nothing },
		{ pthread_mutex_lock, pthread_mutex_unlock, NULL },
	};
	int i, n = 2, r[3] = { 0, 0, 0 };

	switch (w->kind) {
	case PAIR:
		mutex_pairs(m, 2);
		break;
	case DEATH:
		n = 3;
		call[1][1] = pthread_mutex_consistent;
		call[1][2] = pthread_mutex_unlock;
		for (i = 0; i < 3; i++) {
			die_holding(m, 1);
			if (i == 2)
				break;
			EXPECT(pthread_mutex_lock(m), EOWNERDEAD);
			EXPECT(pthread_mutex_consistent(m), 0);
			EXPECT(pthread_mutex_unlock(m), 0);
		}
		break;
	default:
		fprintf(stderr, "robust-bench: %s cannot be counted\n", w->name);
		return 77;
	}
	for (i = 0; i < 2; i++) {
		MARK();
		r[0] = call[i][0](m);
		r[1] = call[i][1](m);
		if (n == 3)
			r[2] = call[i][2](m);
	}
	MARK();
	EXPECT(r[0], n == 3 ? EOWNERDEAD : 0);
	EXPECT(r[1], 0);
	EXPECT(r[2], 0);
	return 0;
}

static int usage(void)
{
	size_t i;

	fprintf(stderr, "usage: robust-bench [--cpus A,B] [--ms N] WORKLOAD [PROGRAM]\n"
		"       robust-bench --marks WORKLOAD\nworkloads:");
	for (i = 0; i < NR_WORKLOADS; i++)
		fprintf(stderr, " %s", workloads[i].name);
	fprintf(stderr, "\n");
	return 2;
}

int main(int argc, char **argv)
{
	int i, ms = 20, rounds = 0, with_marks = 0;
	pthread_mutex_t *m;
	const char *unit = "pair";
	double ns = 0;
	size_t j;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--marks"))
			with_marks = 1;
		else if (i + 1 == argc)
			return usage();
		else if (!strcmp(argv[i], "--cpus") &&
			 sscanf(argv[i + 1], "%d,%d", &cpu[0], &cpu[1]) >= 1)
			i++;
		else if (!strcmp(argv[i], "--ms") &&
			 sscanf(argv[i + 1], "%d", &ms) == 1 && ms > 0)
			i++;
		else
			return usage();
	}
	for (j = 0; i < argc && j < NR_WORKLOADS; j++)
		if (!strcmp(argv[i], workloads[j].name))
			w = &workloads[j];
	if (!w || (w->kind == START) != (argc - i == 2) || argc - i > 2)
		return usage();

	choose_cpus();
	switch (w->kind) {
	case OWN: case ONE: case PROCESSES: case HANDOVER:
		if (cpu[1] < 0) {
			printf("SKIP: %s needs two CPUs\n", w->name);
			return 77;
		}
		break;
	default:
		break;
	}
	/* With a bug in a libc, something may wait forever. */
	alarm(120);
	pin(0);
	both = shared_memory(sizeof(*both));
	m = &both->mutex[0].mutex;
	if (w->kind != FLOOR && w->kind != START) {
		verify(&both->mutex[1].mutex);
		verify(m);
	}
	if (with_marks)
		return marks(m);

	switch (w->kind) {
	case FLOOR:
	case PAIR:
		ns = pairs(m, ms, &rounds);
		break;
	case OWN:
	case ONE:
	case PROCESSES:
		ns = two(ms, &rounds);
		break;
	case DEATH:
		unit = "recovery";
		ns = deaths(&rounds);
		break;
	case HANDOVER:
		unit = "handover";
		ns = handovers(m, &rounds);
		break;
	case START:
		unit = "start";
		ns = starts(argv[i + 1], &rounds);
		break;
	}
	printf("%s %.3f rounds=%d unit=%s vdso=%s\n", w->name, ns, rounds, unit,
	       vdso_symbol(TRY_UNLOCK_SYMBOL) ? "yes" : "no");
	return 0;
}
