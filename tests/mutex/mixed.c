// SPDX-License-Identifier: MIT
/*
 * Processes of two libcs share robust mutexes: this program, and PARTNER, the same
 * program built with another libc of the same layout (patched and stock, or the
 * system's). They lock, trylock, timedlock and unlock at random, and the test kills
 * one after the other at an arbitrary point.
 *
 * Usage: mixed PARTNER|- [SECONDS [SEED]]	(default: 10 seconds, seed 1)
 * "-" stands for this program, to test one libc alone.
 *
 * Each of these is a loss, and ends the run with exit status 1:
 *   - a mutex has two owners at a time, or a lock succeeds where EOWNERDEAD was
 *     due;
 *   - a function returns an error that the state of the mutex does not explain;
 *   - no process completes an operation for 20 seconds.
 *
 * The mutexes have all types and, with glibc, priority inheritance too. (On stock
 * musl alone, a PI mutex has two owners after an owner's death.) Exit status 77
 * means that the test is not possible here.
 *
 * Fails if the two libcs disagree about the meaning of a word in a mutex.
 */
#include "harness.h"
#include <sys/prctl.h>
#include <sys/syscall.h>

#define MUTEXES		8
#define PROCESSES	6
#define STALL_MS	patience(20000)

static struct common {
	pthread_mutex_t mutex[MUTEXES];
	/* Unequal while an owner is in between, or after one died there. */
	volatile unsigned before[MUTEXES], after[MUTEXES];
	volatile unsigned long operations[2], deaths[2];
	volatile int lost;
} *c;
static int nr_mutexes;

static void lose(int slot, const char *what, int result)
{
	printf("mutex %d (words %x %x): %s %d\n", slot, ((unsigned *)&c->mutex[slot])[0],
	       ((unsigned *)&c->mutex[slot])[1], what, result);
	fflush(stdout);
	c->lost = 1;
	_exit(1);
}

static void map(int fd)
{
	c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(c != MAP_FAILED);
}

static int take_one(pthread_mutex_t *m, unsigned how)
{
	struct timespec soon;
	int r;

	switch (how % 4) {
	case 0:
		while ((r = pthread_mutex_trylock(m)) == EBUSY)
			sched_yield();
		return r;
	case 1:
		do {
			soon = in_ms(2);
			r = pthread_mutex_timedlock(m, &soon);
		} while (r == ETIMEDOUT);
		return r;
	default:
		return pthread_mutex_lock(m);
	}
}

static void work(int kind, unsigned seed)
{
	for (;;) {
		int slot = rand_r(&seed) % nr_mutexes, r;
		volatile int pause;

		r = take_one(&c->mutex[slot], rand_r(&seed) >> 4);
		if (r == EOWNERDEAD) {
			__atomic_add_fetch(&c->deaths[kind], 1, __ATOMIC_RELAXED);
			c->after[slot] = c->before[slot];
			r = pthread_mutex_consistent(&c->mutex[slot]);
		}
		if (r)
			lose(slot, "a lock or consistent gave", r);
		if (c->before[slot] != c->after[slot])
			lose(slot, "two owners, or an unnoticed death;", r);
		c->before[slot]++;
		for (pause = rand_r(&seed) % 300; pause > 0; pause--)
			;
		if (!(rand_r(&seed) % 64))
			sched_yield();	/* so that there are waiters */
		c->after[slot]++;
		r = pthread_mutex_unlock(&c->mutex[slot]);
		if (r)
			lose(slot, "unlock gave", r);
		__atomic_add_fetch(&c->operations[kind], 1, __ATOMIC_RELAXED);
	}
}

static long now_ms(void)
{
	struct timespec ts;

	CHECK(!clock_gettime(CLOCK_MONOTONIC, &ts));
	return ts.tv_sec * 1000L + ts.tv_nsec / 1000000;
}

static void add_mutex(const struct variety *v)
{
#ifndef __GLIBC__
	if (v->protocol == PTHREAD_PRIO_INHERIT)
		return;
#endif
	if (v->pshared == PTHREAD_PROCESS_SHARED && nr_mutexes < MUTEXES)
		init(&c->mutex[nr_mutexes++], v);
}

int main(int argc, char **argv)
{
	unsigned long before = 0;
	long end, moved;
	pid_t pids[PROCESSES] = { 0 };
	unsigned kills = 0, seed;
	char fd_text[12], count[12];
	int fd, i, status;

	if (argc == 6 && !strcmp(argv[1], "--work")) {
		nr_mutexes = atoi(argv[5]);
		map(atoi(argv[2]));
		work(atoi(argv[3]), atoi(argv[4]));
	}
	if (argc < 2) {
		fprintf(stderr, "usage: mixed PARTNER|- [SECONDS [SEED]]\n");
		return 2;
	}
	need_robust_lists();
	seed = argc > 3 ? atoi(argv[3]) : 1;
	fd = syscall(SYS_memfd_create, "mixed", 0);
	CHECK(fd >= 0 && !ftruncate(fd, sizeof(*c)));
	map(fd);
	for_each_variety(add_mutex);
	snprintf(fd_text, sizeof(fd_text), "%d", fd);
	snprintf(count, sizeof(count), "%d", nr_mutexes);

	moved = now_ms();
	end = moved + (argc > 2 ? atoi(argv[2]) : 10) * 1000L;
	/* Detect a stall even if the time is short. */
	while ((now_ms() < end || now_ms() - moved > 1000) && !c->lost) {
		for (i = 0; i < PROCESSES; i++) {
			char kind[2] = { '0' + i % 2 }, number[12];

			if (pids[i])
				continue;
			snprintf(number, sizeof(number), "%d", rand_r(&seed));
			fflush(stdout);
			pids[i] = fork();
			if (!pids[i]) {
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				if (!(i % 2) || !strcmp(argv[1], "-"))
					work(i % 2, atoi(number));
				execl(argv[1], argv[1], "--work", fd_text, kind, number,
				      count, (char *)NULL);
				perror(argv[1]);
				c->lost = 1;
				_exit(1);
			}
			CHECK(pids[i] > 0);
		}
		sleep_ms(1 + rand_r(&seed) % 4);
		i = rand_r(&seed) % PROCESSES;
		kill(pids[i], SIGKILL);
		CHECK(waitpid(pids[i], &status, 0) == pids[i]);
		pids[i] = 0;
		kills++;
		if (c->operations[0] + c->operations[1] != before) {
			before = c->operations[0] + c->operations[1];
			moved = now_ms();
		}
		if (now_ms() - moved > STALL_MS)
			lose(0, "no operation for so many milliseconds:", STALL_MS);
	}
	for (i = 0; i < PROCESSES; i++)
		if (pids[i]) {
			kill(pids[i], SIGKILL);
			waitpid(pids[i], &status, 0);
		}
	printf("# %u kills, operations %lu and %lu, deaths noticed %lu and %lu\n", kills,
	       c->operations[0], c->operations[1], c->deaths[0], c->deaths[1]);
	CHECK(!c->lost);
	/* Otherwise the run tested nothing. */
	CHECK(c->operations[0] && c->operations[1] && c->deaths[0] + c->deaths[1]);
	return 0;
}
