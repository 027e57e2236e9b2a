/* SPDX-License-Identifier: MIT */
#ifndef ROBUST_CHECK_H
#define ROBUST_CHECK_H

#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "elf-image.h"

#ifndef FUTEX_ROBUST_UNLOCK
#define FUTEX_ROBUST_UNLOCK	512
#define FUTEX_ROBUST_LIST32	1024
#endif

/* This is in the read-only data of a libc that looks the function up. */
#define PREFIX		"__vdso_futex_robust_list"
#define PRELOAD_NAME	"librobust-unlock"

#define OPEN_FLAGS	(O_RDONLY | O_CLOEXEC | O_NONBLOCK)
#define OPEN_DIRECTORY	(O_PATH | O_DIRECTORY | O_CLOEXEC)

enum {
	EXIT_USAGE = 2,
	EXIT_UNREADABLE = 3,
	EXIT_STATES = 10,	/* the first state's, the others follow */
};

/* Why the race is not closed, in the order of the exit statuses. */
enum state {
	OLD_KERNEL, NO_VDSO, REFUSED, UNPATCHED, STATIC, RESTART, TUNABLE_OFF,
	FILTER, FILTER_UNKNOWN, PRELOAD, FOREIGN, NO_LIBC, NO_LIST, STATES,
	UNPATCHED_PRIVILEGED = STATES, ADVICES	/* no state: another advice for UNPATCHED */
};

struct kernel {
	struct utsname name;
	const char *vdso_symbol;
	int vdso, futex_error;	/* its answers */
	int list_error;		/* of set_robust_list; 0: an owner's death is reported; -1: not known */
	int passes_on;		/* the wake that a dying waiter consumed; -1: not known */
};

struct target {
	char *name;		/* path of the program or, of a process, the executable */
	pid_t pid;		/* 0: a program in a file */
	char *script;		/* the script that NAME is the interpreter of */
	const char *libc;	/* "glibc", "musl", "static", "unknown" */
	char *version;		/* of the libc, if it says so */
	char *loader;		/* the file that was searched */
	char *libc_file;
	char *arch;
	int patched;
	int privileged;		/* by set-user-ID, set-group-ID or capabilities of the file */
	int deleted;		/* the libc in use is no longer the file at its path */
	int tunable;		/* -1 if it is not set */
	int preload;		/* librobust-unlock.so is loaded */
	int preload_acts;	/* -1: not known */
	int seccomp;		/* mode, of a process */
	int vdso;		/* -1: as this process sees it */
	int list;		/* a robust list is registered; -1: not known */
	int list_error;		/* the error by which its filter refuses that */
	unsigned states;	/* bits of enum state */
	char *error;		/* why it could not be examined */
};

struct report {
	struct kernel kernel;
	struct target *targets;
	int n;
	unsigned states;	/* of all */
	int failed, status;
};

/* file.c */

struct blob {
	unsigned char *data;	/* with a NUL after it */
	size_t size;
};

/* Like asprintf and realloc, but without memory they abort. */
char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void *resize(void *data, size_t size);
int contains(const struct blob *b, const char *what);
void drop(struct blob *b);
/* Read all of FD, and close it. -1 with errno if it is no file or too large. */
int read_fd(int fd, struct blob *b);
/* Open PATH as a process with the root directory ROOT sees it, its symbolic links included. */
int open_in(int root, const char *path);
int read_in(int root, const char *path, struct blob *b);

/* kernel.c */

void ask_kernel(struct kernel *k);
/* The states of the kernel, given whether it has the function. */
unsigned kernel_states(const struct kernel *k, int has_vdso);
/* Whether programs of MACHINE with 32-bit pointers have the function in their vDSO, on a
 * 64-bit x86 kernel; -1 if that is not known. */
int compat_vdso(unsigned machine);

/* machine.c */

/* Whether the kernel that runs this program runs those of MACHINE. */
int runs_here(const struct kernel *k, unsigned machine);
char *arch_of(const struct elf *e);
const char *triplet_of(const struct elf *e);
/* What a seccomp filter sees: the architecture, and the system call futex. */
uint32_t audit_arch(const struct elf *e);
int futex_number(const struct elf *e);

/* libc.c */

/* The version, if these bytes have it. */
char *version_in(const struct blob *b);
/* N of glibc 2.N; UNKNOWN if that is not known, or it is musl. */
int glibc_minor(const struct target *t, int unknown);
/* Whether each thread registers a robust list at its start. musl does so when a thread
 * first locks a process-shared robust mutex, glibc before 2.34 in libpthread only, which
 * a program need not have. */
int lists_at_start(const struct target *t);
/* "glibc" or "musl", by the name of the file; or NULL. */
const char *kind_of(const char *path);
/* Whether the libc in these bytes uses what Linux 7.2 added. */
int is_patched(const struct blob *b);
/* A program without a dynamic linker. */
void examine_static(struct target *t, const struct blob *b);

/* program.c, process.c */

void examine_program(const struct kernel *k, const char *root_dir, struct target *t);
void examine_process(const struct kernel *k, int read_filter, struct target *t);

struct mapping {
	uint64_t start, end;
	int readable, deleted;
	char *path;		/* in the text; "" if there is none, NULL after the last one */
};

/* Read those in the file FD, and close it. NULL with errno if it cannot be read. */
struct mapping *read_maps(int fd, struct blob *text);

/* seccomp.c */

/* What the seccomp filters of the process would answer to the calls of its libc. */
void ask_filter(struct target *t, const struct elf *e);

/* verdict.c */

extern const struct state_text {
	const char *name, *advice;
} states[ADVICES];

void judge(const struct kernel *k, struct target *t, const struct elf *e);
/* The states that need advice. */
unsigned advice_for(const struct target *t);
int status_of(unsigned bits);

/* text.c, json.c */

/* Print S, if it is not NULL, so that nothing in a name or a file acts on the terminal. */
void show(FILE *to, const char *before, const char *s);
void print_text(const struct report *r);
void print_json(const struct report *r);

#endif
