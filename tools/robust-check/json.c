// SPDX-License-Identifier: MIT
/* Output for programs. */
#include "robust-check.h"

#ifndef __GLIBC__
#define strerrorname_np strerror	/* the text: musl has no names */
#endif

/* The length of the UTF-8 sequence at S, 0 if it is none. */
static int utf8(const unsigned char *s)
{
	int n = *s < 0x80 ? 1 : *s >= 0xc2 && *s < 0xe0 ? 2 :
		*s >= 0xe0 && *s < 0xf0 ? 3 : *s >= 0xf0 && *s < 0xf5 ? 4 : 0;
	int i;

	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* A string, or null. Bytes that are not text become U+FFFD: file names may have any. */
static void print_string(const char *before, const char *s)
{
	int n;

	fputs(before, stdout);
	if (!s) {
		printf("null");
		return;
	}
	putchar('"');
	for (; *s; s += n) {
		n = utf8((const unsigned char *)s);
		if (!n) {
			n = 1;
			printf("\\ufffd");
		} else if (*s == '"' || *s == '\\') {
			printf("\\%c", *s);
		} else if ((unsigned char)*s < 0x20 || *s == 0x7f) {
			printf("\\u%04x", *s);
		} else {
			printf("%.*s", n, s);
		}
	}
	putchar('"');
}

/* The name of an error; null if there is none. */
static void print_error(const char *before, int error)
{
	print_string(before, error > 0 ? strerrorname_np(error) : NULL);
}

static void print_states(const char *before, unsigned bits)
{
	const char *sep = "";
	int i;

	printf("%s[", before);
	for (i = 0; i < STATES; i++)
		if (bits & 1u << i) {
			print_string(sep, states[i].name);
			sep = ", ";
		}
	putchar(']');
}

/* -1 is not known. */
static const char *truth(int b)
{
	return b < 0 ? "null" : b ? "true" : "false";
}

static void print_target(const struct target *t)
{
	print_string("\n    { \"path\": ", t->name);
	if (t->pid)
		printf(", \"pid\": %d, \"seccomp\": %d, \"robust_list\": %s",
		       (int)t->pid, t->seccomp, truth(t->list));
	if (t->list_error)
		print_error(", \"robust_list_error\": ", t->list_error);
	if (t->script)
		print_string(", \"script\": ", t->script);
	if (t->error) {
		print_string(", \"error\": ", t->error);
		printf(", \"closed\": false }");
		return;
	}
	print_string(",\n      \"arch\": ", t->arch);
	print_string(", \"libc\": ", t->libc);
	print_string(", \"version\": ", t->version);
	print_string(",\n      \"loader\": ", strcmp(t->libc, "static") ? t->loader : NULL);
	print_string(", \"libc_file\": ", t->libc_file ? t->libc_file : t->loader);
	printf(",\n      \"patched\": %s, \"deleted\": %s, \"preload\": %s, "
	       "\"preload_acts\": %s, \"tunable\": ",
	       truth(t->patched), truth(t->deleted), truth(t->preload),
	       truth(t->preload ? t->preload_acts : -1));
	printf(t->tunable < 0 ? "null" : "%d", t->tunable);
	print_states(",\n      \"states\": ", t->states);
	printf(", \"closed\": %s }", truth(!t->states));
}

void print_json(const struct report *r)
{
	const struct kernel *k = &r->kernel;
	unsigned advice = r->n ? 0 : r->states;
	const char *sep = "";
	int i;

	print_string("{\n  \"kernel\": ", k->name.release);
	print_string(",\n  \"vdso_symbol\": ", k->vdso_symbol);
	printf(",\n  \"vdso\": %s,\n  \"futex_robust_unlock\": %s", truth(k->vdso),
	       truth(!k->futex_error));
	print_error(",\n  \"futex_error\": ", k->futex_error);
	printf(",\n  \"robust_list\": %s", truth(k->list_error < 0 ? -1 : !k->list_error));
	print_error(",\n  \"robust_list_error\": ", k->list_error);
	printf(",\n  \"wake_passed_on\": %s,\n  \"programs\": [", truth(k->passes_on));
	for (i = 0; i < r->n; i++) {
		fputs(i ? "," : "", stdout);
		print_target(&r->targets[i]);
		advice |= r->targets[i].error ? 0 : advice_for(&r->targets[i]);
	}
	print_states(r->n ? "\n  ],\n  \"states\": " : "],\n  \"states\": ", r->states);
	printf(",\n  \"closed\": %s,\n  \"status\": %d,\n  \"advice\": [",
	       truth(!r->states && !r->failed), r->status);
	for (i = 0; i < ADVICES; i++)
		if (advice & 1u << i) {
			printf("%s\n    ", sep);
			print_string("", states[i].advice);
			sep = ",";
		}
	printf("%s]\n}\n", *sep ? "\n  " : "");
}
