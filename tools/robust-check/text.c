// SPDX-License-Identifier: MIT
/* Output for people. */
#include "robust-check.h"

#include "../tunable.h"

void show(FILE *to, const char *before, const char *s)
{
	if (!s)
		return;
	fputs(before, to);
	for (; *s; s++)
		putc((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s, to);
}

static void advise(unsigned bits)
{
	int i;

	for (i = 0; i < ADVICES; i++)
		if (bits & 1u << i)
			printf("  what to do: %s\n", states[i].advice);
}

static void print_target(const struct target *t)
{
	if (t->pid)
		printf("process: %d", (int)t->pid);
	show(stdout, t->pid ? ", " : "program: ", t->name);
	show(stdout, ", for the script ", t->script);
	if (!strcmp(t->libc, "static")) {
		printf("\n  libc: part of the program (static)");
	} else {
		printf("\n  libc: %s", t->libc);
		show(stdout, " ", t->version);
		show(stdout, ", ", t->loader);
		show(stdout, ", ", t->libc_file);
	}
	printf("%s\n  patched: %s\n", t->deleted ? " (deleted since the process was started)" : "",
	       t->patched ? "yes" : "no");
	if (t->preload)
		printf("  preloaded: " PRELOAD_NAME ".so%s\n",
		       t->preload_acts < 0 ? "" : t->preload_acts ? ", which acts" :
		       ", which does not act (with ROBUST_UNLOCK_DEBUG=1 it says why)");
	if (t->tunable >= 0)
		printf("  %s: %d\n", tunable_name(), t->tunable);
	if (t->vdso >= 0)
		printf("  vDSO function in the process: %s\n", t->vdso ? "yes" : "no");
	if (t->list >= 0)
		printf("  robust list: %s%s\n", t->list ? "yes" :
		       t->list_error ? "no, a seccomp filter refuses set_robust_list: " :
		       lists_at_start(t) ? "no, although this libc registers one at the start" :
		       t->version && *t->version == '1' ?
		       "not yet (musl registers it when a thread first locks a process-shared robust mutex)" :
		       "no (whether its libc has asked for one is not known)",
		       t->list_error ? strerror(t->list_error) : "");
	if (t->seccomp)
		printf("  seccomp filter: yes%s\n",
		       t->states & 1 << FILTER ? ", it refuses FUTEX_ROBUST_UNLOCK" :
		       t->states & 1 << FILTER_UNKNOWN ? "" : ", it lets FUTEX_ROBUST_UNLOCK pass");
}

/* An answer of the kernel: yes, or the error; below 0, there is none. */
static void print_answer(const char *what, int error)
{
	printf("  %s: %s%s%s\n", what,
	       error < 0 ? "could not be determined" : error ? "no (" : "yes",
	       error > 0 ? strerror(error) : "", error > 0 ? ")" : "");
}

void print_text(const struct report *r)
{
	const struct kernel *k = &r->kernel;
	unsigned kernel = kernel_states(k, k->vdso);
	const struct target *t;
	int shown = 0;

	printf("kernel: Linux %s\n  vDSO function %s: %s\n", k->name.release, k->vdso_symbol,
	       k->vdso ? "yes" : "no");
	print_answer("futex flag FUTEX_ROBUST_UNLOCK", k->futex_error);
	print_answer("robust lists (set_robust_list)", k->list_error);
	printf("  the wake that a dying waiter consumed is passed on: %s\n",
	       k->passes_on < 0 ? "could not be determined" : k->passes_on ? "yes" :
	       "no (if several waiters are killed at once, the others may sleep forever; "
	       "Linux 7.2 passes it on, and so do the long-term series since 6.12.104 and 6.1.183)");
	advise(kernel);
	for (t = r->targets; t < r->targets + r->n; t++)
		if (!t->error) {
			print_target(t);
			advise(advice_for(t) & ~kernel);
			shown = 1;
		}
	if (r->states & 1 << NO_LIST)
		printf("Robust mutexes do NOT work: the death of an owner is reported to "
		       "nobody (%s).\n", states[NO_LIST].name);
	if (r->states & ~(1u << NO_LIST))
		printf("The race is NOT closed: a thread killed while it "
		       "unlocks a robust mutex can corrupt memory (%s).\n",
		       states[status_of(r->states) - EXIT_STATES].name);
	else if (!r->states && (shown || !r->failed))
		printf("The race is closed%s%s.\n", r->n ? "" :
		       " for programs that run on a patched libc",
		       r->failed ? " for what could be examined" : "");
}
