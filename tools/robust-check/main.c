// SPDX-License-Identifier: MIT
/*
 * robust-check: say whether the unlock race of robust mutexes is closed on this
 * machine, for these programs and for these processes. Usage, states and exit
 * status are in doc/man/robust-check.1.
 *
 * It asks the running kernel, as this process sees it (vDSO and seccomp filters
 * included), for the two halves of what Linux 7.2 added and for robust lists at
 * all. Then it finds the libc of each program or process, and whether that libc
 * uses them.
 */
#include "robust-check.h"

#include <getopt.h>
#include <limits.h>

static int usage(FILE *to)
{
	int i;

	fprintf(to, "usage: robust-check [--json] [--read-filter] [--root DIR] "
		"[--pid N]... [PROGRAM...]\n");
	if (to != stdout)
		return EXIT_USAGE;
	printf("Says whether an unlock of a robust mutex is safe against the "
	       "death of its\nthread, on this kernel, for each PROGRAM and for "
	       "each process N. Exit status:\n  0  yes\n  %d  wrong usage\n"
	       "  %d  something could not be examined\n",
	       EXIT_USAGE, EXIT_UNREADABLE);
	for (i = 0; i < STATES; i++)
		printf("  %d %s\n", EXIT_STATES + i, states[i].name);
	return 0;
}

/* A process id in decimal; 0 if S is none. */
static pid_t number(const char *s)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 10);
	return errno || *end || *s < '1' || *s > '9' || n > INT_MAX ? 0 : n;
}

static void add(struct report *r, char *name, pid_t pid)
{
	r->targets[r->n++] = (struct target){ .name = name, .pid = pid,
		.tunable = -1, .vdso = -1, .preload_acts = -1, .list = -1 };
}

int main(int argc, char **argv)
{
	struct report r = { .targets = resize(NULL, (argc + 1) * sizeof(*r.targets)) };
	int option, json = 0, read_filter = 0;
	const char *root_dir = NULL;
	const struct option options[] = {
		{ "json", no_argument, &json, 1 },
		{ "read-filter", no_argument, &read_filter, 1 },
		{ "root", required_argument, NULL, 'r' },
		{ "pid", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	struct target *t;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "-", options, NULL)) != -1)
		switch (option) {
		case 0:
			break;
		case 1:		/* no option; "-" is no program either */
			if (!strcmp(optarg, "-"))
				return usage(stderr);
			add(&r, optarg, 0);
			break;
		case 'r':
			root_dir = optarg;
			break;
		case 'p':
			if (!number(optarg)) {
				fprintf(stderr, "robust-check: %s: not a process id\n", optarg);
				return usage(stderr);
			}
			add(&r, NULL, number(optarg));
			break;
		case 'h':
			return usage(stdout);
		case 'v':
			puts("robust-check of robust-libc " VERSION);
			return 0;
		default:
			return usage(stderr);
		}
	while (optind < argc)
		add(&r, argv[optind++], 0);

	ask_kernel(&r.kernel);
	for (t = r.targets; t < r.targets + r.n; t++)
		if (t->pid)
			examine_process(&r.kernel, read_filter, t);
		else
			examine_program(&r.kernel, root_dir, t);

	if (r.kernel.list_error < 0) {
		r.failed = 1;
		fprintf(stderr, "robust-check: cannot make a process to try set_robust_list\n");
	}
	r.states = r.n ? 0 : kernel_states(&r.kernel, r.kernel.vdso);
	for (t = r.targets; t < r.targets + r.n; t++) {
		if (!t->error) {
			r.states |= t->states;
			continue;
		}
		r.failed = 1;
		if (t->pid)
			fprintf(stderr, "robust-check: process %d", (int)t->pid);
		else
			show(stderr, "robust-check: ", t->name);
		show(stderr, ": ", t->error);
		putc('\n', stderr);
	}
	r.status = r.failed ? EXIT_UNREADABLE : status_of(r.states);
	(json ? print_json : print_text)(&r);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "robust-check: cannot write: %s\n", strerror(errno));
		return EXIT_UNREADABLE;
	}
	return r.status;
}
