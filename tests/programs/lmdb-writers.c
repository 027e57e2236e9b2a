// SPDX-License-Identifier: MIT
/*
 * SIGKILL ends processes that write to one LMDB database, hundreds of times. LMDB's
 * lock for writers is a robust, process-shared mutex, so the next writer has to
 * acquire it, and must find a database without the unfinished transaction.
 *
 * Usage: lmdb-writers [KILLS [SEED]]		(default: 300 kills, seed 1)
 * The database is in the current directory, in data.mdb and lock.mdb.
 *
 * Every other victim kills itself at a chosen point of a transaction, while it
 * holds the lock. The test kills the others at a random moment, which may be in the
 * lock or unlock itself. Seed and number determine the victims and the points. Each
 * of these is a loss, and ends the run with exit status 1:
 *   - a writer does not reach its next transaction within a minute;
 *   - money is missing, or there is too much: a transaction moves some between
 *     accounts, in steps;
 *   - a committed transaction is gone, or an uncommitted one is there;
 *   - LMDB returns an error.
 *
 * Fails if LMDB's mutexes are not robust, or if an unlock leaves a waiter asleep.
 *
 *        lmdb-writers make | write PLACE | read PLACE | go-on | check
 * The same as daemons that are started one by one, and that nobody kills. What they
 * say that they did is in the file "writers". "write" and "read" run until SIGTERM
 * ends them, after a transaction. "go-on" waits until each of the places has done
 * one more transaction. "check", when none runs, compares the database with "writers".
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "lmdb.h"

#define WRITERS		4
#define ACCOUNTS	32
#define START		1000	/* initial money in each account */
#define STEPS		8	/* puts in a transaction */
#define PATIENCE_MS	60000

struct writer {
	pid_t pid;
	volatile unsigned turns;	/* transactions that this process completed */
	volatile unsigned long begun, committed; /* by all processes in this place */
	volatile int die_at;		/* kills itself at this step, or -1 */
	volatile int holds;		/* it knows that it has the lock */
};

static struct {
	struct writer writer[WRITERS];
	volatile int stop;
} *shared;

static MDB_env *env;
static MDB_dbi dbi;
static unsigned longest_pause_us = 300;
static volatile sig_atomic_t ended;	/* by SIGTERM */

static void lose(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static void check(int rc, const char *what)
{
	if (rc)
		lose("%s: %s", what, mdb_strerror(rc));
}

static unsigned next_random(unsigned *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 16;
}

static void pause_us(unsigned us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000L };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static unsigned long get(MDB_txn *txn, const char *kind, int i)
{
	char name[32];
	MDB_val key = { snprintf(name, sizeof(name), "%s%d", kind, i), name };
	MDB_val data;
	unsigned long value;

	check(mdb_get(txn, dbi, &key, &data), name);
	memcpy(&value, data.mv_data, sizeof(value));
	return value;
}

/* The value is part of a larger record, so that pages fill and split. */
static void put(MDB_txn *txn, const char *kind, int i, unsigned long value)
{
	char name[32], record[400] = "";
	MDB_val key = { snprintf(name, sizeof(name), "%s%d", kind, i), name };
	MDB_val data = { 100 + value % 300, record };

	memcpy(record, &value, sizeof(value));
	check(mdb_put(txn, dbi, &key, &data, 0), name);
}

/* Checks what is true before and after each transaction. */
static void check_books(MDB_txn *txn)
{
	unsigned long money = 0, turns = 0;

	for (int i = 0; i < ACCOUNTS; i++)
		money += get(txn, "account", i);
	if (money != ACCOUNTS * START)
		lose("the accounts have %lu, not %d: half a transaction was kept",
		     money, ACCOUNTS * START);
	for (int i = 0; i < WRITERS; i++)
		turns += get(txn, "writer", i);
	if (turns != get(txn, "all", 0))
		lose("%lu transactions in total, %lu as the sum of all writers: half a transaction was kept",
		     get(txn, "all", 0), turns);
}

/* The database must contain what the writer says it did. */
static void check_turns(MDB_txn *txn, int place)
{
	struct writer *w = &shared->writer[place];
	unsigned long there = get(txn, "writer", place);

	if (there != w->committed && there != w->begun)
		lose("writer %d: %lu transactions are there, %lu were committed, %lu begun",
		     place, there, w->committed, w->begun);
}

static void open_database(void)
{
	check(mdb_env_create(&env), "mdb_env_create");
	check(mdb_env_set_mapsize(env, 64 << 20), "mdb_env_set_mapsize");
	/* Only processes die, not the machine, so nothing needs a sync. */
	check(mdb_env_open(env, ".", MDB_NOSYNC, 0600), "mdb_env_open");
}

static void open_table(void)
{
	MDB_txn *txn;
	int dead;

	/* Clear the slots of dead readers, which would keep old pages in use. */
	check(mdb_reader_check(env, &dead), "mdb_reader_check");
	check(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "read-only mdb_txn_begin");
	check(mdb_dbi_open(txn, NULL, 0, &dbi), "mdb_dbi_open");
	check_books(txn);
	mdb_txn_abort(txn);
}

/* Step N of the transaction is done: a victim may end here. */
static void step(struct writer *w, int n)
{
	if (w->die_at == n)
		kill(getpid(), SIGKILL);
}

static void transaction(int place, unsigned *random)
{
	struct writer *w = &shared->writer[place];
	MDB_txn *txn;

	check(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
	w->holds = 1;
	check_books(txn);
	check_turns(txn, place);
	w->committed = get(txn, "writer", place);
	w->begun = w->committed + 1;
	step(w, 0);
	for (int i = 1; i <= STEPS; i += 2) {
		int from = next_random(random) % ACCOUNTS;
		int to = next_random(random) % ACCOUNTS;
		unsigned long amount = get(txn, "account", from) / 3;

		put(txn, "account", from, get(txn, "account", from) - amount);
		step(w, i);
		put(txn, "account", to, get(txn, "account", to) + amount);
		step(w, i + 1);
	}
	put(txn, "writer", place, w->begun);
	step(w, STEPS + 1);
	put(txn, "all", 0, get(txn, "all", 0) + 1);
	step(w, STEPS + 2);
	w->holds = 0;	/* at some point from here on */
	check(mdb_txn_commit(txn), "mdb_txn_commit");
	w->committed = w->begun;
}

static void write_until_stopped(int place, unsigned random)
{
	open_database();
	open_table();
	while (!shared->stop && !ended) {
		transaction(place, &random);
		shared->writer[place].turns++;
		pause_us(next_random(&random) % longest_pause_us);
	}
	mdb_env_close(env);
	exit(0);
}

/* The readers' table has a lock too, which open_table() takes each time. */
static void read_until_ended(int place)
{
	open_database();
	while (!ended) {
		open_table();
		shared->writer[place].turns++;
		pause_us(longest_pause_us);
	}
	mdb_env_close(env);
}

static void make_database(void)
{
	MDB_txn *txn;

	open_database();
	check(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
	check(mdb_dbi_open(txn, NULL, MDB_CREATE, &dbi), "mdb_dbi_open");
	for (int i = 0; i < ACCOUNTS; i++)
		put(txn, "account", i, START);
	for (int i = 0; i < WRITERS; i++)
		put(txn, "writer", i, 0);
	put(txn, "all", 0, 0);
	check(mdb_txn_commit(txn), "mdb_txn_commit");
	mdb_env_close(env);
}

static void start(int place, unsigned random)
{
	struct writer *w = &shared->writer[place];
	pid_t pid;

	w->turns = 0;
	w->die_at = -1;
	w->holds = 0;
	pid = fork();
	if (pid < 0)
		lose("fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		write_until_stopped(place, random);
	}
	w->pid = pid;	/* only in the parent: the memory is shared */
}

/* Wait until a writer ends. Returns its status. */
static int wait_for(int place)
{
	long deadline = now_ms() + PATIENCE_MS;
	int status;

	while (waitpid(shared->writer[place].pid, &status, WNOHANG) == 0) {
		if (now_ms() > deadline)
			lose("writer %d hangs: no end within %d s", place, PATIENCE_MS / 1000);
		pause_us(200);
	}
	return status;
}

/* Each writer except the dead one has to complete a new transaction. */
static void all_go_on(int dead)
{
	long deadline = now_ms() + PATIENCE_MS;

	for (int i = 0; i < WRITERS; i++) {
		unsigned before = shared->writer[i].turns;

		while (i != dead && shared->writer[i].turns == before) {
			int status;

			if (waitpid(shared->writer[i].pid, &status, WNOHANG) > 0)
				lose("writer %d ended with wait status %#x", i, status);
			if (now_ms() > deadline)
				lose("writer %d hangs: no transaction within %d s of the death of writer %d",
				     i, PATIENCE_MS / 1000, dead);
			pause_us(longest_pause_us / 3);
		}
	}
}

/* When no process writes: returns the number of transactions. */
static unsigned long check_database(void)
{
	unsigned long all;
	MDB_txn *txn;

	open_database();
	open_table();
	check(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "mdb_txn_begin");
	for (int i = 0; i < WRITERS; i++)
		check_turns(txn, i);
	all = get(txn, "all", 0);
	mdb_txn_abort(txn);
	mdb_env_close(env);
	return all;
}

static void share(const char *file)
{
	int fd = file ? open(file, O_RDWR | O_CREAT, 0600) : -1;

	if (file && (fd < 0 || ftruncate(fd, sizeof(*shared))))
		lose("%s: %s", file, strerror(errno));
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | (file ? 0 : MAP_ANONYMOUS), fd, 0);
	if (shared == MAP_FAILED)
		lose("mmap: %s", strerror(errno));
}

static void end(int sig)
{
	(void)sig;
	ended = 1;
}

static int daemons(const char *what, unsigned place)
{
	share("writers");
	longest_pause_us = 100000;
	signal(SIGTERM, end);
	if (place >= WRITERS)
		lose("there are %d places", WRITERS);
	shared->writer[place].die_at = -1;
	if (!strcmp(what, "make"))
		make_database();
	else if (!strcmp(what, "write"))
		write_until_stopped(place, place);
	else if (!strcmp(what, "read"))
		read_until_ended(place);
	else if (!strcmp(what, "go-on"))
		all_go_on(-1);
	else if (!strcmp(what, "check"))
		printf("# %lu transactions\n", check_database());
	else
		lose("%s: there is no such word", what);
	return 0;
}

int main(int argc, char **argv)
{
	int kills = argc > 1 ? atoi(argv[1]) : 300;
	unsigned seed = argc > 2 ? atoi(argv[2]) : 1;
	unsigned random = seed;
	int holding = 0;

	if (argc > 1 && isalpha(argv[1][0]))
		return daemons(argv[1], argc > 2 ? atoi(argv[2]) : 0);
	share(NULL);
	make_database();
	for (int i = 0; i < WRITERS; i++)
		start(i, seed + i);
	all_go_on(-1);

	for (int n = 0; n < kills; n++) {
		int victim = next_random(&random) % WRITERS;
		struct writer *w = &shared->writer[victim];
		unsigned choice = next_random(&random);
		int status;

		if (n % 2) {
			w->die_at = choice % (STEPS + 3);
		} else {
			pause_us(choice % 2000);
			kill(w->pid, SIGKILL);
		}
		status = wait_for(victim);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
			lose("writer %d ended with wait status %#x", victim, status);
		holding += w->holds;
		all_go_on(victim);
		start(victim, seed + n);
	}
	all_go_on(-1);

	shared->stop = 1;
	for (int i = 0; i < WRITERS; i++) {
		int status = wait_for(i);

		if (status)
			lose("writer %d ended with wait status %#x", i, status);
	}
	printf("# %d deaths, %d of them in mid-transaction; %lu transactions\n",
	       kills, holding, check_database());
	return 0;
}
