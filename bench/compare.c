// SPDX-License-Identifier: MIT
/*
 * Usage: compare [OPTIONS] DIR LIBC-VERSION...
 *        compare --self-test
 *
 * Compare patched and stock libcs by the programs that bench/run has put in DIR,
 * and judge them by a table of targets. Prints a table; raw data go to a file.
 *
 *   --pairs N        of runs, patched and stock (default 20; fewer: no verdict)
 *   --workloads "NAME..."  only these of bench/workloads.h
 *   --count-only     only what can be counted, no times
 *   --ms N           length of a run, see bench/robust-bench.c (default 20)
 *   --cpus A,B       to be pinned to (default: the last two permitted)
 *   --seed N         for the order of the runs (default: another each time)
 *   --targets FILE   as bench/targets; --json FILE, --commit TEXT
 *   --flag yes|no    whether the kernel knows FUTEX_ROBUST_UNLOCK
 *   --cpuinfo FILE   instead of /proc/cpuinfo (for tests)
 *
 * Method. In each round, all workloads of all libcs have their turn in a random
 * order. A turn is four runs, again in a random order: patched, stock, stock once
 * more, and the floor. Each run is a new process, pinned and warmed up. From a
 * turn come a ratio patched/stock, a control stock/stock, and a ratio
 * patched/floor: of what ran next to each other, so that a slow phase of the
 * machine is in both parts. The figure is the median of the ratios, with a
 * percentile bootstrap interval of 95 %: if one target's interval is wrong by
 * chance, so is one verdict.
 *
 * The controls are judged together, since one that excludes 1.00 spoils the run:
 * of 30 intervals of 95 %, four runs in five would have one by chance alone. So
 * theirs are of 1 - 5 %/(number of controls) (Bonferroni). So far out, the
 * bootstrap of 20 values is too narrow (--self-test, with it, refused 9 of 60
 * sound runs), so a control's interval lies between order statistics: that is
 * exact for any distribution. A sound machine is refused in one run of twenty at
 * most; with 20 pairs and 30 controls, one that is off in the same direction in
 * 18 of its pairs is found. A target that nothing has changed (rules includes,
 * not-above) is judged like a control, by an interval of that kind, or one in
 * twenty of them would be missed by chance. An interval that is blunt, so that it
 * would not show a change of 10 %, is not taken for "nothing has changed".
 *
 * Each run being a new process, the places of its code and stack are random and
 * part of the noise. Not so the place of a file in the page cache: the same library
 * in two files can differ by 8 % in the start-up. So before each turn of a start-up
 * its files are copied anew, all in the same way, and its control is a copy too.
 *
 * Instructions and system calls are counted by single steps of a static program, and
 * are exact; where they are of a pair, the caller's own are subtracted. That
 * the patched unlock calls the vDSO function and the stock one does not is
 * demanded before anything is measured. Where the kernel does not have the function,
 * a stand-in is mapped (bench/with-vdso), but not for the times of start-up.
 *
 * LIBC-VERSION may end in -static, -old-kernel or both: the uncontended workloads
 * once more, in a static program, or on this kernel as it is, which must lack the
 * function. Nothing is counted there.
 *
 * Exit status: 0 all targets of these workloads are met; 1 one is missed or not
 * shown; 2 usage, or it could not be measured; 3 a control excludes 1.00, or there
 * is none, so that nothing is known; 4 no verdict: too few pairs (only
 * what is counted is judged then), or no target is about these workloads.
 *
 * The raw data: an object with
 *   format (1), kernel, cpu, microcode, vdso ("kernel" or "stand-in"),
 *   futex_robust_unlock, load (at the start), commit, libcs, pairs, ms, cpus, seed,
 *   bootstrap { resamples, seed, level, control_level }, verdict, and arrays:
 *   figures: { libc, workload, unit, skipped (a reason or null),
 *     order (of each turn: p patched, s stock, a stock again, f floor),
 *     patched, stock, stock_again, floor (nanoseconds, one for each turn),
 *     ratio, ratio_at_control_level, control, times_floor { median, low, high }
 *     or null,
 *     instructions, syscalls, vdso_calls, relocations { stock, patched } or null }
 *   targets: { libc, workload, figure, rule, value, verdict }
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../tools/vdso-symbol.h"

#define RESAMPLES	10000
#define BOOTSTRAP_SEED	1
#define LEVEL		0.95
#define ENOUGH_PAIRS	20
#define MAX_PAIRS	1000
#define MAX_LIBCS	16
#define MAX_TARGETS	200
#define NR_FILES	3
#define BLUNT		0.10

enum kind { FLOOR, PAIR, OWN, ONE, PROCESSES, DEATH, HANDOVER, START };
enum run { PATCHED, STOCK, AGAIN, FLOOR_RUN, NR_RUNS };
enum { MET, NOT_SHOWN, MISSED };

static const struct workload {
	const char *name;
	enum kind kind;
	int robust, shared;
	const char *text;
} workloads[] = {
#define WORKLOAD(name, kind, robust, shared, pi, type, text) \
	{ name, kind, robust, shared, text },
#include "workloads.h"
};
#define NR_WORKLOADS ((int)(sizeof(workloads) / sizeof(workloads[0])))

struct interval {
	double median, low, high;
};

struct counts {
	int known;
	long instructions, syscalls, calls;
	long relocations[NR_FILES];
	int files;
};

struct figure {
	const char *libc;
	const struct workload *w;
	char *skipped;
	char unit[16];
	double ns[NR_RUNS][MAX_PAIRS];
	char order[MAX_PAIRS][NR_RUNS + 1];
	struct interval ratio, same, control, floor;
	struct counts counts[2];	/* by PATCHED, STOCK */
};

struct target {
	char libc[32], workload[32], figure[16], rule[16];
	double value;
};

static struct {
	const char *dir, *libcs[MAX_LIBCS];
	int nr_libcs, pairs, ms, count_only;
	const char *only, *cpus, *targets, *json, *commit, *flag, *cpuinfo;
	unsigned long seed;
} opt = {
	.pairs = ENOUGH_PAIRS, .ms = 20, .cpus = "", .commit = "unknown",
	.flag = "unknown", .cpuinfo = "/proc/cpuinfo",
};

static struct figure *figures;
static int nr_figures;
static struct target targets[MAX_TARGETS];
static int nr_targets;
static double control_level;
static char load_before[64];

__attribute__((format(printf, 1, 2), noreturn))
static void die(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "bench: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	exit(2);
}

/* ---- Chance */

static uint64_t chance;

/* SplitMix64 */
static uint64_t next(void)
{
	uint64_t z = chance += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static int below(int n)
{
	return (next() >> 32) * n >> 32;
}

static void shuffle(int *v, int n)
{
	int i, j, t;

	for (i = n - 1; i > 0; i--) {
		j = below(i + 1);
		t = v[i], v[i] = v[j], v[j] = t;
	}
}

/* ---- Statistics */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_of_sorted(const double *v, int n)
{
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* The median of n values, with a percentile bootstrap interval. */
static struct interval bootstrap(const double *values, int n, double level, int resamples)
{
	double *sorted = malloc(n * sizeof(*sorted));
	double *medians = malloc(resamples * sizeof(*medians));
	int *drawn = malloc(n * sizeof(*drawn));
	uint64_t saved = chance;
	struct interval r;
	int i, j, k, from;

	if (!sorted || !medians || !drawn)
		die("out of memory");
	memcpy(sorted, values, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_size);
	r.median = median_of_sorted(sorted, n);
	/* Its own, so that it does not depend on what was drawn before. */
	chance = BOOTSTRAP_SEED;
	for (i = 0; i < resamples; i++) {
		double at[2] = { 0, 0 };
		int m = 0;

		memset(drawn, 0, n * sizeof(*drawn));
		for (j = 0; j < n; j++)
			drawn[below(n)]++;
		/* The two in the middle (twice the same if n is odd). */
		for (j = k = 0; j < n && m < 2; j++) {
			k += drawn[j];
			from = m;
			if (from == 0 && k > (n - 1) / 2)
				at[m++] = sorted[j];
			if (m == 1 && k > n / 2)
				at[m++] = sorted[j];
		}
		medians[i] = (at[0] + at[1]) / 2;
	}
	qsort(medians, resamples, sizeof(*medians), by_size);
	i = (1 - level) / 2 * resamples;
	r.low = medians[i];
	r.high = medians[resamples - 1 - i];
	chance = saved;
	free(sorted);
	free(medians);
	free(drawn);
	return r;
}

/* The median of n values, with an interval between two of them that has it with
 * this probability at least: each value is above or below it by the toss of a coin.
 * Too few values give all they have. */
static struct interval order_statistics(double *v, int n, double level)
{
	double p = pow(0.5, n), sum = p;
	struct interval r;
	int k;

	qsort(v, n, sizeof(*v), by_size);
	for (k = 0; k + 1 < n / 2; k++) {
		p *= (double)(n - k) / (k + 1);
		if (sum + p > (1 - level) / 2)
			break;
		sum += p;
	}
	r.median = median_of_sorted(v, n);
	r.low = v[k];
	r.high = v[n - 1 - k];
	return r;
}

static void ratios(double *v, const double *a, const double *b)
{
	int i;

	for (i = 0; i < opt.pairs; i++)
		v[i] = a[i] / b[i];
}

static double level_of_controls(int n)
{
	return 1 - (1 - LEVEL) / (n > 0 ? n : 1);
}

static int excludes(const struct interval *i, double v)
{
	return !(i->low <= v && v <= i->high);
}

static int judge_interval(const char *rule, const struct interval *i, double v)
{
	if (!strcmp(rule, "below"))
		return i->high <= v ? MET : i->low <= v ? NOT_SHOWN : MISSED;
	if (!strcmp(rule, "not-above"))
		return i->low > v ? MISSED : i->high > v * (1 + BLUNT) ? NOT_SHOWN : MET;
	if (!strcmp(rule, "includes"))
		return excludes(i, v) ? MISSED :
		       i->low < v * (1 - BLUNT) || i->high > v * (1 + BLUNT) ?
		       NOT_SHOWN : MET;
	die("%s: the rule '%s' is not for an interval", opt.targets, rule);
}

/* ---- What is run */

/* Run a command. Returns its status; *out is all it said on standard output, or
 * on standard error if @err. */
static int run(char *const argv[], int err, char *out, size_t size)
{
	size_t n = 0;
	ssize_t got;
	int p[2], status;
	pid_t pid;
	char rest[256];

	if (pipe2(p, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid) {
		dup2(p[1], err ? 2 : 1);
		execvp(argv[0], argv);
		fprintf(stderr, "bench: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(p[1]);
	while ((got = n < size - 1 ? read(p[0], out + n, size - 1 - n) :
				     read(p[0], rest, sizeof(rest))) > 0)
		if (n < size - 1)
			n += got;
	out[n] = 0;
	close(p[0]);
	if (waitpid(pid, &status, 0) != pid)
		die("lost %s", argv[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

__attribute__((format(printf, 1, 2)))
static char *text(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		die("out of memory");
	va_end(ap);
	return s;
}

/* The directory of the programs of a run. */
static const char *variant(enum run r)
{
	return r == PATCHED ? "patched" : "stock";
}

/* Whether the label of a libc has this at its end, or before the end. */
static int is_variant(const char *libc, const char *suffix)
{
	const char *p = strstr(libc, suffix);

	return p && (!p[strlen(suffix)] || p[strlen(suffix)] == '-');
}

static int is_old_kernel(const char *libc) { return is_variant(libc, "-old-kernel"); }
static int is_base(const char *libc)
{
	return !is_old_kernel(libc) && !is_variant(libc, "-static");
}

/* One timed run. False if the machine cannot do it. */
static int measure(struct figure *f, enum run r, int pair)
{
	char out[512], name[32], unit[16], vdso[8], *argv[16];
	const char *workload = r == FLOOR_RUN ? "floor" : f->w->name;
	int i, n = 0, status, ms = r == FLOOR_RUN ? (opt.ms + 3) / 4 : opt.ms;
	char *owned[5];

	owned[0] = text("%s/with-vdso", opt.dir);
	owned[1] = text("%s/stand-in-vdso.so", opt.dir);
	owned[2] = text("%s/%s/%s/robust-bench", opt.dir, f->libc,
			variant(f->w->kind == START ? STOCK : r));
	owned[3] = text("%d", ms);
	owned[4] = text("%s/%s/%s/%s", opt.dir, f->libc,
			r == AGAIN ? "again" : variant(r), workload);
	if (f->w->kind != START && !is_old_kernel(f->libc)) {
		argv[n++] = owned[0];
		argv[n++] = owned[1];
	}
	argv[n++] = owned[2];
	argv[n++] = "--ms";
	argv[n++] = owned[3];
	argv[n++] = "--cpus";
	argv[n++] = (char *)opt.cpus;
	argv[n++] = (char *)workload;
	if (f->w->kind == START)
		argv[n++] = owned[4];
	argv[n] = NULL;
	status = run(argv, 0, out, sizeof(out));
	if (status == 77 && !strncmp(out, "SKIP: ", 6)) {
		out[strcspn(out, "\n")] = 0;
		f->skipped = text("%s", out + 6);
	} else if (status) {
		die("%s, %s: %s ended with status %d", f->libc, variant(r), workload, status);
	} else if (sscanf(out, "%31s %lf rounds=%*d unit=%15s vdso=%7s", name,
			  &f->ns[r][pair], unit, vdso) != 4 ||
		   strcmp(name, workload) || !(f->ns[r][pair] > 0)) {
		die("%s, %s: %s gave no result: %s", f->libc, variant(r), workload, out);
	} else if (f->w->kind != START &&
		   strcmp(vdso, is_old_kernel(f->libc) ? "no" : "yes")) {
		die("%s, %s: %s %s the vDSO function", f->libc, variant(r), workload,
		    is_old_kernel(f->libc) ? "saw" : "did not see");
	} else if (r != FLOOR_RUN) {
		strcpy(f->unit, unit);
	}
	for (i = 0; i < 5; i++)
		free(owned[i]);
	return !f->skipped;
}

/* Put a copy in the place of a regular file. */
static void renew(const char *name)
{
	char *new = text("%s.new", name), buf[65536];
	struct stat st;
	ssize_t n = 0;
	int in, out;

	if (lstat(name, &st) || !S_ISREG(st.st_mode)) {
		free(new);
		return;
	}
	in = open(name, O_RDONLY | O_CLOEXEC);
	out = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, st.st_mode & 0777);
	while (in >= 0 && out >= 0 && (n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, n) != n)
			break;
	if (in < 0 || out < 0 || n || close(out) || rename(new, name))
		die("cannot copy %s: %s", name, strerror(errno));
	close(in);
	free(new);
}

static void renew_all(const struct figure *f)
{
	static const char *const dirs[] = { "stock", "again", "patched" };
	const char *const names[] = { f->w->name, "libc.so", "libc.so.6", "ld.so" };
	int i, j;

	for (i = 0; i < 3; i++) {
		for (j = 0; j < 4; j++) {
			char *name = text("%s/%s/%s/%s", opt.dir, f->libc, dirs[i], names[j]);

			renew(name);
			free(name);
		}
	}
}

static void turn(struct figure *f, int pair)
{
	int order[NR_RUNS] = { PATCHED, STOCK, AGAIN, FLOOR_RUN };
	int i, n = f->w->kind == START ? FLOOR_RUN : NR_RUNS;

	if (f->skipped)
		return;
	if (f->w->kind == START)
		renew_all(f);
	shuffle(order, n);
	for (i = 0; i < n; i++) {
		f->order[pair][i] = "psaf"[order[i]];
		if (!measure(f, order[i], pair))
			return;
	}
}

static void measure_all(void)
{
	int *order = calloc(nr_figures, sizeof(*order));
	time_t start = time(NULL), said = start;
	int i, pair;

	if (!order)
		die("out of memory");
	chance = opt.seed;
	for (i = 0; i < nr_figures; i++)
		order[i] = i;
	for (pair = 0; pair < opt.pairs; pair++) {
		shuffle(order, nr_figures);
		for (i = 0; i < nr_figures; i++) {
			turn(&figures[order[i]], pair);
			if (time(NULL) - said >= 15) {
				said = time(NULL);
				fprintf(stderr, "    ... pair %d of %d, %ld s\n", pair + 1,
					opt.pairs, (long)(said - start));
			}
		}
	}
	free(order);
}

/* ---- What is counted */

static long relocations(const char *file)
{
	char *argv[] = { "readelf", "-rW", (char *)file, NULL };
	static char out[4 << 20];
	char *p = out;
	long n = 0;
	int status;

	if (access(file, R_OK))
		die("%s: %s", file, strerror(errno));
	status = run(argv, 0, out, sizeof(out));
	if (status || strlen(out) == sizeof(out) - 1)
		die("readelf -rW %s failed", file);
	while ((p = strstr(p, " R_X86_64_"))) {
		p++;
		n++;
	}
	return n;
}

static void count(struct figure *f, enum run r)
{
	static const char *const dynamic[] = { "start-dynamic", "libc.so", "ld.so" };
	struct counts *c = &f->counts[r];
	long v[2][3];
	int start = f->w->kind == START, i, n, at, lines = 0, status;
	char out[4096], *p, *file, *argv[] = {
		text("%s/with-vdso", opt.dir), start ? "--count-all" : "--count",
		text("%s/stand-in-vdso.so", opt.dir),
		text("%s/%s/%s/%s", opt.dir, f->libc, variant(r),
		     start ? f->w->name : "robust-bench-static"),
		start ? NULL : "--marks", (char *)f->w->name, NULL };

	if (!start && f->w->kind != PAIR && f->w->kind != DEATH)
		return;
	status = run(argv, 1, out, sizeof(out));
	for (p = out; lines < 2; p += at, lines++) {
		at = 0;
		n = sscanf(p, "count: %ld instructions, %ld syscalls, %ld calls of the vDSO function %n",
			   &v[lines][0], &v[lines][1], &v[lines][2], &at);
		if (n != 3)
			break;
	}
	if (status || *p || lines != (start ? 1 : 2))
		die("%s, %s: counting %s failed with status %d: %s", f->libc, variant(r),
		    f->w->name, status, out);
	c->known = 1;
	c->instructions = v[0][0];
	c->syscalls = v[0][1];
	c->calls = v[0][2];
	if (!start) {
		/* Without the caller's; but "nothing" is two instructions, and each
		 * of the functions has its return. */
		c->instructions = v[1][0] - v[0][0] + 2 * (f->w->kind == DEATH ? 3 : 2);
		c->syscalls = v[1][1] - v[0][1];
		c->calls = v[1][2] - v[0][2];
	}
	for (i = 0; start && i < (strcmp(f->w->name, "start-dynamic") ? 1 : NR_FILES); i++) {
		file = text("%s/%s/%s/%s", opt.dir, f->libc, variant(r),
			    i ? dynamic[i] : f->w->name);
		c->relocations[c->files++] = relocations(file);
		free(file);
	}
	free(argv[0]);
	free(argv[2]);
	free(argv[3]);
}

static void count_all(void)
{
	int i;

	for (i = 0; i < nr_figures; i++) {
		struct figure *f = &figures[i];

		if (!is_base(f->libc))
			continue;
		count(f, PATCHED);
		count(f, STOCK);
		if (f->w->kind != PAIR)
			continue;
		if (f->counts[STOCK].calls)
			die("%s: the stock libc calls the vDSO function: it is not stock", f->libc);
		if (f->w->robust && f->w->shared && f->counts[PATCHED].calls != 1)
			die("%s: an unlock of %s calls the vDSO function %ld times instead of once: this is not the path that is to be measured",
			    f->libc, f->w->name, f->counts[PATCHED].calls);
		if (!f->w->robust && f->counts[PATCHED].calls)
			die("%s: %s calls the vDSO function", f->libc, f->w->name);
	}
}

/* ---- Targets */

static const struct workload *workload(const char *name)
{
	int i;

	for (i = 0; i < NR_WORKLOADS; i++)
		if (!strcmp(workloads[i].name, name))
			return &workloads[i];
	return NULL;
}

static int one_of(const char *word, const char *list)
{
	size_t n = strlen(word);
	const char *p = list;

	while (n && (p = strstr(p, word))) {
		if ((p == list || isspace(p[-1])) && (!p[n] || isspace(p[n])))
			return 1;
		p++;
	}
	return 0;
}

/* Otherwise it takes enough pairs to judge it. */
static int is_counted(const struct target *t)
{
	return one_of(t->figure, "instructions syscalls relocations");
}

static void read_targets(void)
{
	char line[256], value[32], extra[2];
	FILE *f = fopen(opt.targets, "r");
	int n = 0;

	if (!f)
		die("%s: %s", opt.targets, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		struct target *t = &targets[nr_targets];
		int counted, end;
		char *rest;

		n++;
		line[strcspn(line, "#\n")] = 0;
		if (!line[strspn(line, " \t")])
			continue;
		if (nr_targets == MAX_TARGETS)
			die("%s: more than %d targets", opt.targets, MAX_TARGETS);
		end = sscanf(line, "%31s %31s %15s %15s %31s %1s", t->libc, t->workload,
			     t->figure, t->rule, value, extra);
		if (end != 5)
			die("%s:%d: not LIBC WORKLOAD FIGURE RULE VALUE", opt.targets, n);
		if (strchr(t->libc, '/') && strcmp(strchr(t->libc, '/'), "/old-kernel"))
			die("%s:%d: '%s' is neither LIBC nor LIBC/old-kernel", opt.targets, n, t->libc);
		if (!workload(t->workload))
			die("%s:%d: there is no workload '%s'", opt.targets, n, t->workload);
		counted = is_counted(t);
		if (!counted && !one_of(t->figure, "ratio floor"))
			die("%s:%d: there is no figure '%s'", opt.targets, n, t->figure);
		if (!one_of(t->rule, counted ? "not-more" : strcmp(t->figure, "ratio") ?
			    "below" : "below not-above includes"))
			die("%s:%d: there is no rule '%s' for %s", opt.targets, n, t->rule, t->figure);
		t->value = strtod(value, &rest);
		if (counted ? strcmp(value, "-") : *rest || rest == value || !(t->value > 0))
			die("%s:%d: '%s' is no value for this rule", opt.targets, n, value);
		nr_targets++;
	}
	fclose(f);
	if (!nr_targets)
		die("%s: no targets", opt.targets);
}

/* Whether the target is about this figure. */
static int concerns(const struct target *t, const struct figure *f)
{
	size_t n = strcspn(t->libc, "/");

	if (strcmp(t->workload, f->w->name) ||
	    (t->libc[n] != 0) != is_old_kernel(f->libc) ||
	    (is_counted(t) && !is_base(f->libc)))
		return 0;
	return !strncmp(t->libc, "*", n) || !strcmp(t->libc, f->libc) ||
	       (!strncmp(t->libc, f->libc, n) && f->libc[n] == '-');
}

static int judge(const struct target *t, const struct figure *f, char *why, size_t size)
{
	const struct counts *p = &f->counts[PATCHED], *s = &f->counts[STOCK];
	const struct interval *v;
	int i, worse;

	if (!strcmp(t->figure, "ratio") || !strcmp(t->figure, "floor")) {
		v = strcmp(t->figure, "ratio") ? &f->floor :
		    strcmp(t->rule, "below") ? &f->same : &f->ratio;
		if (f->skipped) {
			snprintf(why, size, "%s", f->skipped);
			return NOT_SHOWN;
		}
		snprintf(why, size, "%.3f (%.3f to %.3f), wanted: %s %.2f", v->median,
			 v->low, v->high, t->rule, t->value);
		return judge_interval(t->rule, v, t->value);
	}
	if (!p->known || !s->known) {
		snprintf(why, size, "not counted");
		return NOT_SHOWN;
	}
	if (!strcmp(t->figure, "relocations")) {
		int n = 0;

		if (!p->files || p->files != s->files) {
			snprintf(why, size, "not counted");
			return NOT_SHOWN;
		}
		for (i = worse = 0; i < p->files; i++) {
			worse |= p->relocations[i] > s->relocations[i];
			n += snprintf(why + n, size - n, "%s%ld (stock %ld)", i ? ", " : "",
				      p->relocations[i], s->relocations[i]);
		}
		return worse ? MISSED : MET;
	}
	i = !strcmp(t->figure, "syscalls");
	snprintf(why, size, "%ld (stock %ld)", i ? p->syscalls : p->instructions,
		 i ? s->syscalls : s->instructions);
	return (i ? p->syscalls > s->syscalls : p->instructions > s->instructions) ?
	       MISSED : MET;
}

static const char *const verdicts[] = { "met", "not shown", "MISSED" };

/* ---- Output */

static void interval_column(const struct interval *i)
{
	printf("  %6.3f (%5.3f to %5.3f)", i->median, i->low, i->high);
}

static void print_table(void)
{
	const char *libc = "";
	int i;

	for (i = 0; i < nr_figures; i++) {
		const struct figure *f = &figures[i];
		const struct counts *p = &f->counts[PATCHED], *s = &f->counts[STOCK];

		if (strcmp(libc, f->libc)) {
			libc = f->libc;
			printf("\n%-20s%s\n", libc, opt.count_only ? "  instructions (system calls), stock and patched" :
			       "  patched/stock, 95 %     A/A control             "
			       "  times the floor         instructions (system calls)");
		}
		if (opt.count_only && !p->known)
			continue;
		printf("%-20s", f->w->name);
		if (f->skipped) {
			printf("  skipped: %s\n", f->skipped);
			continue;
		}
		if (!opt.count_only) {
			interval_column(&f->ratio);
			interval_column(&f->control);
			putchar(opt.pairs >= ENOUGH_PAIRS && excludes(&f->control, 1) ? '!' : ' ');
			if (f->w->kind == START)
				printf(" %-24s", "");
			else
				printf(" %6.2f (%5.2f to %5.2f)", f->floor.median, f->floor.low,
				       f->floor.high);
		}
		if (p->known && s->known)
			printf("  %ld (%ld) -> %ld (%ld)", s->instructions, s->syscalls,
			       p->instructions, p->syscalls);
		printf("\n");
	}
	printf("\n");
}

static void json_string(FILE *o, const char *s)
{
	fputc('"', o);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(o, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			fprintf(o, "\\u%04x", (unsigned char)*s);
		else
			fputc(*s, o);
	}
	fputc('"', o);
}

static void json_member(FILE *o, const char *name, const char *value)
{
	fprintf(o, "  \"%s\": ", name);
	json_string(o, value);
	fprintf(o, ",\n");
}

static void json_interval(FILE *o, const char *name, const struct interval *i)
{
	if (i->median > 0)
		fprintf(o, ",\n      \"%s\": { \"median\": %.5f, \"low\": %.5f, \"high\": %.5f }",
			name, i->median, i->low, i->high);
	else
		fprintf(o, ",\n      \"%s\": null", name);
}

static void json_runs(FILE *o, const char *name, const double *v)
{
	int i, known = opt.pairs > 0 && v[0] > 0;

	fprintf(o, ",\n      \"%s\": [", name);
	for (i = 0; known && i < opt.pairs; i++)
		fprintf(o, "%s%.3f", i ? ", " : "", v[i]);
	fprintf(o, "]");
}

static void json_counts(FILE *o, const char *name, int known, const long *stock,
			const long *patched, int n)
{
	int i, j;

	fprintf(o, ",\n      \"%s\": ", name);
	if (!known) {
		fprintf(o, "null");
		return;
	}
	for (j = 0; j < 2; j++) {
		fprintf(o, "%s: ", j ? ", \"patched\"" : "{ \"stock\"");
		if (n == 1 && strcmp(name, "relocations")) {
			fprintf(o, "%ld", *(j ? patched : stock));
			continue;
		}
		for (i = 0; i < n; i++)
			fprintf(o, "%s%ld", i ? ", " : "[", (j ? patched : stock)[i]);
		fprintf(o, "]");
	}
	fprintf(o, " }");
}

/* The value of a line of cpuinfo, for the last CPU, or "unknown". */
static char *cpuinfo(const char *key)
{
	char line[512], *value = text("unknown"), *p;
	FILE *f = fopen(opt.cpuinfo, "r");
	size_t n = strlen(key);

	if (!f)
		die("%s: %s", opt.cpuinfo, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		p = strchr(line, ':');
		if (!p || strncmp(line, key, n) || (line[n] != ' ' && line[n] != '\t' && line[n] != ':'))
			continue;
		p += strspn(p, ": \t");
		p[strcspn(p, "\n")] = 0;
		free(value);
		value = text("%s", p);
	}
	fclose(f);
	return value;
}

static void write_json(const char *verdict)
{
	char *tmp = text("%s.new", opt.json), why[256];
	struct utsname u;
	FILE *o = fopen(tmp, "w");
	int i, j, first = 1;

	if (!o)
		die("%s: %s", tmp, strerror(errno));
	uname(&u);
	fprintf(o, "{\n  \"format\": 1,\n");
	snprintf(why, sizeof(why), "Linux %s %.150s", u.release, u.version);
	json_member(o, "kernel", why);
	json_member(o, "cpu", cpuinfo("model name"));
	json_member(o, "microcode", cpuinfo("microcode"));
	json_member(o, "vdso", vdso_symbol(TRY_UNLOCK_SYMBOL) ? "kernel" : "stand-in");
	json_member(o, "futex_robust_unlock", opt.flag);
	json_member(o, "load", load_before);
	json_member(o, "commit", opt.commit);
	fprintf(o, "  \"libcs\": [");
	for (i = 0; i < opt.nr_libcs; i++) {
		fprintf(o, "%s", i ? ", " : "");
		json_string(o, opt.libcs[i]);
	}
	fprintf(o, "],\n  \"pairs\": %d,\n  \"ms\": %d,\n", opt.pairs, opt.ms);
	json_member(o, "cpus", opt.cpus);
	fprintf(o, "  \"seed\": %lu,\n  \"bootstrap\": { \"resamples\": %d, \"seed\": %d, "
		"\"level\": %.2f, \"control_level\": %.6f },\n", opt.seed, RESAMPLES,
		BOOTSTRAP_SEED, LEVEL, control_level);
	json_member(o, "verdict", verdict);
	fprintf(o, "  \"figures\": [");
	for (i = 0; i < nr_figures; i++) {
		const struct figure *f = &figures[i];
		const struct counts *p = &f->counts[PATCHED], *s = &f->counts[STOCK];
		int known = p->known && s->known;

		fprintf(o, "%s\n    { \"libc\": \"%s\", \"workload\": \"%s\", \"unit\": \"%s\", \"skipped\": ",
			i ? "," : "", f->libc, f->w->name, f->unit);
		if (f->skipped)
			json_string(o, f->skipped);
		else
			fprintf(o, "null");
		fprintf(o, ",\n      \"order\": [");
		for (j = 0; !f->skipped && j < opt.pairs; j++)
			fprintf(o, "%s\"%s\"", j ? ", " : "", f->order[j]);
		fprintf(o, "]");
		json_runs(o, "patched", f->ns[PATCHED]);
		json_runs(o, "stock", f->ns[STOCK]);
		json_runs(o, "stock_again", f->ns[AGAIN]);
		json_runs(o, "floor", f->ns[FLOOR_RUN]);
		json_interval(o, "ratio", &f->ratio);
		json_interval(o, "ratio_at_control_level", &f->same);
		json_interval(o, "control", &f->control);
		json_interval(o, "times_floor", &f->floor);
		json_counts(o, "instructions", known, &s->instructions, &p->instructions, 1);
		json_counts(o, "syscalls", known, &s->syscalls, &p->syscalls, 1);
		json_counts(o, "vdso_calls", known, &s->calls, &p->calls, 1);
		json_counts(o, "relocations", known && p->files, s->relocations,
			    p->relocations, p->files);
		fprintf(o, " }");
	}
	fprintf(o, "\n  ],\n  \"targets\": [");
	for (i = 0; i < nr_targets; i++) {
		for (j = 0; j < nr_figures; j++) {
			const struct target *t = &targets[i];

			if (!concerns(t, &figures[j]) ||
			    (opt.pairs < ENOUGH_PAIRS && !is_counted(t)))
				continue;
			fprintf(o, "%s\n    { \"libc\": \"%s\", \"workload\": \"%s\", \"figure\": \"%s\", \"rule\": \"%s\", \"value\": ",
				first ? "" : ",", figures[j].libc, t->workload, t->figure, t->rule);
			first = 0;
			if (t->value > 0)
				fprintf(o, "%.3f", t->value);
			else
				fprintf(o, "null");
			fprintf(o, ", \"verdict\": \"%s\" }",
				verdicts[judge(t, &figures[j], why, sizeof(why))]);
		}
	}
	fprintf(o, "\n  ]\n}\n");
	if (ferror(o) || fclose(o) || rename(tmp, opt.json))
		die("%s: %s", opt.json, strerror(errno));
	free(tmp);
}

/* ---- Self-test: data of which the answer is known */

#define TEST(cond) do {							\
	if (!(cond)) {							\
		printf("compare.c:%d: not so: %s\n", __LINE__, #cond);	\
		return 1;						\
	}								\
} while (0)

/* Noise as of a machine: a few percent, and now and then a lot more. */
static double noisy(double v)
{
	double x = 0;
	int i;

	for (i = 0; i < 12; i++)
		x += (next() >> 11) / 9007199254740992.0 - 0.5;
	v *= exp(0.02 * x);
	return below(10) ? v : v * (1 + below(100) / 100.0);
}

static int self_test(void)
{
	double a[60], odd[] = { 9, 1, 2 }, even[] = { 4, 1, 2, 9 };
	struct interval r, i;
	int n, k, covered = 0, runs_refused = 0, found = 0;

	r = bootstrap(odd, 3, LEVEL, 2000);
	TEST(r.median == 2 && r.low == 1 && r.high == 9);
	r = bootstrap(even, 4, LEVEL, 2000);
	TEST(r.median == 3 && r.low >= 1 && r.high <= 9 && r.low < r.high);
	for (n = 0; n < 20; n++)
		a[n] = 0.7;
	r = bootstrap(a, 20, LEVEL, 2000);
	TEST(r.median == 0.7 && r.low == 0.7 && r.high == 0.7);

	for (n = 0; n < 20; n++)
		a[n] = n;
	/* Of 20 coins, 0.04 % show 18 or more of a side, 0.26 % 17 or more. */
	r = order_statistics(a, 20, 0.999);
	TEST(r.median == 9.5 && r.low == 2 && r.high == 17);
	r = order_statistics(a, 3, 0.999);
	TEST(r.median == 1 && r.low == 0 && r.high == 2);

	/* The interval covers the ratio about as often as it says. */
	chance = 2;
	for (k = 0; k < 400; k++) {
		for (n = 0; n < 20; n++)
			a[n] = noisy(7) / noisy(10);
		r = bootstrap(a, 20, LEVEL, 1000);
		covered += !excludes(&r, 0.7);
		TEST(fabs(r.median - 0.7) < 0.1);
	}
	printf("# %d of 400 intervals of 95 %% cover the ratio\n", covered);
	TEST(covered > 365 && covered < 396);

	/* 30 controls together refuse a sound run as rarely as they should, ... */
	for (k = 0; k < 200; k++) {
		int refused = 0, m;

		for (m = 0; m < 30; m++) {
			for (n = 0; n < 20; n++)
				a[n] = noisy(1) / noisy(1);
			r = order_statistics(a, 20, level_of_controls(30));
			refused |= excludes(&r, 1);
		}
		runs_refused += refused;
	}
	printf("# %d of 200 sound runs are refused by one of 30 controls\n", runs_refused);
	TEST(runs_refused <= 16);
	/* ... and find what is off by more than the noise. */
	for (k = 0; k < 50; k++) {
		for (n = 0; n < 60; n++)
			a[n] = noisy(1.08) / noisy(1);
		r = order_statistics(a, 60, level_of_controls(30));
		found += excludes(&r, 1);
	}
	printf("# %d of 50 controls of 60 pairs that are off by 8 %% are found\n", found);
	TEST(found >= 45);

	i = (struct interval) { 0.70, 0.69, 0.71 };
	TEST(judge_interval("below", &i, 0.72) == MET);
	TEST(judge_interval("below", &i, 0.70) == NOT_SHOWN);
	TEST(judge_interval("below", &i, 0.68) == MISSED);
	TEST(judge_interval("not-above", &i, 0.70) == MET);
	TEST(judge_interval("not-above", &i, 0.68) == MISSED);
	TEST(judge_interval("includes", &i, 0.70) == MET);
	TEST(judge_interval("includes", &i, 1.00) == MISSED);
	i = (struct interval) { 1, 0.5, 1.2 };
	TEST(judge_interval("not-above", &i, 1) == NOT_SHOWN);
	TEST(judge_interval("includes", &i, 1) == NOT_SHOWN);
	i.high = 1.05;
	TEST(judge_interval("not-above", &i, 1) == MET);
	TEST(judge_interval("includes", &i, 1) == NOT_SHOWN);
	TEST(one_of("a", "b a") && !one_of("a", "ab ba") && !one_of("", "a"));
	return 0;
}

/* ---- The machine */

static void look_at_machine(void)
{
	FILE *f = fopen("/proc/loadavg", "r");
	int i, last = -1, before = -1;
	cpu_set_t set;

	if (f && fgets(load_before, sizeof(load_before), f))
		load_before[strcspn(load_before, "\n")] = 0;
	if (f)
		fclose(f);
	if (*opt.cpus)
		return;
	/* The first one gets more of the interrupts. */
	if (sched_getaffinity(0, sizeof(set), &set))
		die("sched_getaffinity: %s", strerror(errno));
	for (i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			before = last, last = i;
	opt.cpus = before < 0 ? text("%d", last) : text("%d,%d", last, before);
}

static void refuse_emulated_cpu(void)
{
	char *model = cpuinfo("model name");

	if (strstr(model, "QEMU TCG CPU") || strstr(model, "QEMU Virtual CPU"))
		die("the CPU is '%s', an emulated one: times measured on it say nothing about any machine. Use real hardware (or a VM on it), or COUNT_ONLY=1 to count instructions", model);
	free(model);
}

static void select_figures(void)
{
	int i, j;
	char *only = opt.only && opt.only[strspn(opt.only, " ")] ? text("%s", opt.only) : NULL;
	char *copy = only ? text("%s", only) : NULL, *name;

	for (name = copy ? strtok(copy, " ") : NULL; name; name = strtok(NULL, " ")) {
		if (workload(name) && workload(name)->kind != FLOOR)
			continue;
		fprintf(stderr, "bench: WORKLOADS: there is no '%s'; there are:\n", name);
		for (i = 1; i < NR_WORKLOADS; i++)
			fprintf(stderr, "  %-20s %s\n", workloads[i].name, workloads[i].text);
		exit(2);
	}
	figures = calloc(opt.nr_libcs * NR_WORKLOADS, sizeof(*figures));
	if (!figures)
		die("out of memory");
	for (i = 0; i < opt.nr_libcs; i++) {
		for (j = 0; j < NR_WORKLOADS; j++) {
			if (workloads[j].kind == FLOOR || (only && !one_of(workloads[j].name, only)))
				continue;
			if (!is_base(opt.libcs[i]) && workloads[j].kind != PAIR &&
			    workloads[j].kind != OWN)
				continue;
			figures[nr_figures].libc = opt.libcs[i];
			figures[nr_figures++].w = &workloads[j];
		}
	}
	free(only);
	free(copy);
}

static void usage(void)
{
	die("usage: compare [OPTIONS] DIR LIBC-VERSION... (see the top of bench/compare.c)");
}

static long number(const char *name, const char *v, long min, long max)
{
	char *end;
	long n = strtol(v, &end, 10);

	if (*end || end == v || n < min || n > max)
		die("%s %s: not a number from %ld to %ld", name, v, min, max);
	return n;
}

static void options(int argc, char **argv)
{
	int i;

	opt.seed = time(NULL);
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		const char *o = argv[i], *v;

		if (!strcmp(o, "--count-only")) {
			opt.count_only = 1;
			continue;
		}
		v = i + 1 < argc ? argv[++i] : NULL;
		if (!v)
			usage();
		else if (!strcmp(o, "--pairs"))
			opt.pairs = number("PAIRS", v, 1, MAX_PAIRS);
		else if (!strcmp(o, "--ms"))
			opt.ms = number("--ms", v, 1, 10000);
		else if (!strcmp(o, "--seed"))
			opt.seed = number("SEED", v, 0, 4294967295L);
		else if (!strcmp(o, "--workloads"))
			opt.only = v;
		else if (!strcmp(o, "--cpus"))
			opt.cpus = v;
		else if (!strcmp(o, "--targets"))
			opt.targets = v;
		else if (!strcmp(o, "--json"))
			opt.json = v;
		else if (!strcmp(o, "--commit"))
			opt.commit = v;
		else if (!strcmp(o, "--flag"))
			opt.flag = v;
		else if (!strcmp(o, "--cpuinfo"))
			opt.cpuinfo = v;
		else
			usage();
	}
	if (argc - i < 2 || argc - i - 1 > MAX_LIBCS || !opt.targets || !opt.json)
		usage();
	opt.dir = argv[i++];
	while (i < argc)
		opt.libcs[opt.nr_libcs++] = argv[i++];
}

int main(int argc, char **argv)
{
	int i, j, v, bad = 0, controls = 0, worst = MET, judged = 0, status, few;
	double r[MAX_PAIRS];
	char why[256];

	if (argc == 2 && !strcmp(argv[1], "--self-test"))
		return self_test();
	options(argc, argv);
	if (!opt.count_only)
		refuse_emulated_cpu();
	else
		opt.pairs = 0;
	look_at_machine();
	few = opt.pairs < ENOUGH_PAIRS;
	read_targets();
	select_figures();

	if (few)
		fprintf(stderr, "  %d pairs are too few to judge times by, %d are needed\n",
			opt.pairs, ENOUGH_PAIRS);
	fprintf(stderr, "  count instructions, system calls, relocations\n");
	count_all();
	if (opt.pairs) {
		fprintf(stderr, "  measure: %d pairs of %d figures, order by seed %lu\n",
			opt.pairs, nr_figures, opt.seed);
		measure_all();
	}

	for (i = 0; i < nr_figures; i++)
		controls += !figures[i].skipped;
	control_level = level_of_controls(controls);
	for (i = 0; i < nr_figures && opt.pairs; i++) {
		struct figure *f = &figures[i];

		if (f->skipped)
			continue;
		ratios(r, f->ns[PATCHED], f->ns[STOCK]);
		f->ratio = bootstrap(r, opt.pairs, LEVEL, RESAMPLES);
		f->same = order_statistics(r, opt.pairs, control_level);
		ratios(r, f->ns[AGAIN], f->ns[STOCK]);
		f->control = order_statistics(r, opt.pairs, control_level);
		if (f->w->kind != START) {
			ratios(r, f->ns[PATCHED], f->ns[FLOOR_RUN]);
			f->floor = bootstrap(r, opt.pairs, LEVEL, RESAMPLES);
		}
		bad += excludes(&f->control, 1);
	}
	print_table();

	for (i = 0; i < nr_targets; i++) {
		for (j = 0; j < nr_figures; j++) {
			if (!concerns(&targets[i], &figures[j]) ||
			    (few && !is_counted(&targets[i])))
				continue;
			v = judge(&targets[i], &figures[j], why, sizeof(why));
			printf("%-10s%-12s %-18s %-13s%s\n", verdicts[v], figures[j].libc,
			       targets[i].workload, targets[i].figure, why);
			worst = v > worst ? v : worst;
			judged++;
		}
	}
	printf("\n");
	for (i = 0; i < nr_figures && !few; i++) {
		const struct interval *c = &figures[i].control;

		if (!figures[i].skipped && excludes(c, 1))
			printf("BAD CONTROL: %s %s: stock beside stock is %.3f (%.3f to %.3f), which excludes 1.00\n",
			       figures[i].libc, figures[i].w->name, c->median, c->low, c->high);
	}
	if (!few && (bad || !controls)) {
		printf("%d of %d controls are bad: no time above holds, because the machine was not even for stock and stock; keep it quiet and run it again\n",
		       bad, controls);
		status = 3;
	} else if (worst != MET) {
		printf("%s\n", worst == MISSED ? "a target is missed" :
		       "a target is not shown to be met: more PAIRS, or a quieter machine, may");
		status = 1;
	} else if (few || !judged) {
		printf("no verdict: %s\n", opt.count_only ? "only counted" :
		       !few ? "no target is about these workloads" :
		       "too few pairs to judge times by");
		status = 4;
	} else {
		printf("all targets of these workloads are met; %d controls, of %.2f %% each, include 1.00\n",
		       controls, 100 * control_level);
		status = 0;
	}
	write_json(status == 3 ? "bad control" : status == 4 ? "none" :
		   status ? "missed" : "met");
	return status;
}
