// SPDX-License-Identifier: MIT
/*
 * robust-check: does this machine close the robust mutex unlock race?
 *
 * Usage: robust-check [--json] [PROGRAM...]
 *
 * Asks the running kernel, as this process sees it (vDSO and seccomp filters
 * included), for the two halves of what Linux 7.2 added, and looks which libc
 * each PROGRAM runs on and whether that libc uses them.
 *
 * Exit status: 0 the race is closed (for each PROGRAM given), 1 it is not,
 * 2 wrong usage or a PROGRAM that cannot be read.
 *
 * ABI: arch/x86/entry/vdso/common/vfutex.c, include/uapi/linux/futex.h and
 * kernel/futex/waitwake.c of Linux 7.2.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "vdso-symbol.h"

#define FUTEX_WAKE		1
#define FUTEX_PRIVATE_FLAG	128
#define FUTEX_ROBUST_UNLOCK	512
#define FUTEX_ROBUST_LIST32	1024

#if UINTPTR_MAX == UINT32_MAX
#define OP_FLAGS (FUTEX_ROBUST_UNLOCK | FUTEX_ROBUST_LIST32)
#else
#define OP_FLAGS FUTEX_ROBUST_UNLOCK
#endif
/* What a libc that makes the look-up has in its read-only data. */
#define PREFIX "__vdso_futex_robust_list"

typedef uint32_t (*try_unlock_fn)(uint32_t *lock, uint32_t tid, void *pop);

struct program {
	const char *path;	/* as given or found in PATH */
	const char *libc;	/* "glibc", "musl", "static", "unknown" */
	char libc_file[512];	/* the file that was searched */
	int patched;
};

static int json, advised;

/* 1 if the vDSO function is there and does both stores. */
static int probe_vdso(void)
{
	try_unlock_fn f = (try_unlock_fn)vdso_symbol(TRY_UNLOCK_SYMBOL);
	uint32_t tid = syscall(SYS_gettid), word = tid;
	void *slot = &word;

	return f && f(&word, tid, &slot) == tid && !word && !slot;
}

/* 0 if the kernel does both stores, else the errno it refuses with. */
static int probe_futex(void)
{
	uint32_t word = syscall(SYS_gettid);
	void *slot = &word;

	if (syscall(SYS_futex, &word,
		    FUTEX_WAKE | FUTEX_PRIVATE_FLAG | OP_FLAGS, 1, NULL, &slot,
		    0) < 0)
		return errno;
	return word || slot ? ENOSYS : 0;
}

static int read_file(const char *path, unsigned char **data, size_t *size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	*size = st.st_size;
	*data = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	return *data == MAP_FAILED ? -1 : 0;
}

static int contains(const unsigned char *data, size_t size, const char *what)
{
	return memmem(data, size, what, strlen(what)) != NULL;
}

/* The path in PT_INTERP, or NULL. *is_elf is set to whether it is an ELF file. */
static const char *interpreter(const unsigned char *d, size_t size, int *is_elf)
{
	uint64_t phoff, off, len, i;
	unsigned phnum, phentsize;
	int is64;

	*is_elf = size >= sizeof(Elf64_Ehdr) && !memcmp(d, ELFMAG, SELFMAG);
	if (!*is_elf)
		return NULL;
	is64 = d[EI_CLASS] == ELFCLASS64;
	if (is64) {
		const Elf64_Ehdr *e = (const void *)d;

		phoff = e->e_phoff, phnum = e->e_phnum, phentsize = e->e_phentsize;
	} else {
		const Elf32_Ehdr *e = (const void *)d;

		phoff = e->e_phoff, phnum = e->e_phnum, phentsize = e->e_phentsize;
	}
	for (i = 0; i < phnum; i++) {
		uint64_t at = phoff + i * phentsize;

		if (at > size || size - at < (is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
			return NULL;
		if (is64) {
			const Elf64_Phdr *p = (const void *)(d + at);

			if (p->p_type != PT_INTERP)
				continue;
			off = p->p_offset, len = p->p_filesz;
		} else {
			const Elf32_Phdr *p = (const void *)(d + at);

			if (p->p_type != PT_INTERP)
				continue;
			off = p->p_offset, len = p->p_filesz;
		}
		if (off > size || len > size - off || !len || d[off + len - 1])
			return NULL;
		return (const char *)d + off;
	}
	return NULL;
}

static const char *find_in_path(const char *name)
{
	const char *path = getenv("PATH"), *end;
	char *full;

	if (strchr(name, '/') || !path)
		return name;
	for (; *path; path = *end ? end + 1 : end) {
		end = strchrnul(path, ':');
		if (asprintf(&full, "%.*s/%s", (int)(end - path), path, name) < 0)
			abort();
		if (!access(full, X_OK))
			return full;
		free(full);
	}
	return name;
}

static int examine(const char *name, struct program *p)
{
	unsigned char *d;
	const char *interp;
	size_t size;
	int is_elf;

	memset(p, 0, sizeof(*p));
	p->path = find_in_path(name);
	if (read_file(p->path, &d, &size)) {
		fprintf(stderr, "robust-check: %s: %s\n", p->path,
			strerror(errno));
		return -1;
	}
	interp = interpreter(d, size, &is_elf);
	if (!is_elf) {
		fprintf(stderr, "robust-check: %s: not an ELF file%s\n", p->path,
			size > 2 && d[0] == '#' && d[1] == '!' ?
			" but a script: name its interpreter" : "");
		return -1;
	}
	snprintf(p->libc_file, sizeof(p->libc_file), "%s",
		 interp ? interp : p->path);
	p->libc = !interp ? "static" :
		  strstr(interp, "ld-musl") ? "musl" :
		  strstr(interp, "ld-linux") || strstr(interp, "ld64.so") ||
		  strstr(interp, "ld.so") ? "glibc" : "unknown";
	/* glibc makes the look-up in the dynamic linker, musl is one file with
	 * it, and a static program has its libc inside. */
	if (interp) {
		munmap(d, size);
		if (read_file(p->libc_file, &d, &size)) {
			fprintf(stderr, "robust-check: %s needs %s: %s\n",
				p->path, p->libc_file, strerror(errno));
			return -1;
		}
	}
	p->patched = contains(d, size, PREFIX);
	munmap(d, size);
	return 0;
}

static void json_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			printf("\\u%04x", (unsigned char)*s);
		else
			putchar(*s);
	}
	putchar('"');
}

static void advise(const char *text)
{
	if (json) {
		printf("%s\n    ", advised++ ? "," : "");
		json_string(text);
	} else {
		printf("  what to do: %s\n", text);
	}
}

static void advise_kernel(int old, int vdso, int err)
{
	if (vdso && !err)
		return;
	if (old && !vdso && err == ENOSYS)
		advise("boot Linux 7.2 or newer");
	else if (err)
		advise("FUTEX_ROBUST_UNLOCK is refused although the kernel "
		       "should have it: look for a seccomp filter (container "
		       "runtime, systemd SystemCallFilter=) or an emulator, and "
		       "let futex operations with bit 512 pass");
	if (!vdso && !err)
		advise("the contended unlock is safe, the uncontended one is "
		       "not: boot without vdso=0, or wait for the vDSO function "
		       "on this architecture");
}

static void advise_program(const struct program *p)
{
	if (p->patched)
		return;
	if (!strcmp(p->libc, "static"))
		advise("link the program again with the patched libc: "
		       "robust-cc -static");
	else
		advise("run it under the patched libc with robust-run, or "
		       "install the patched libc for the whole system");
}

int main(int argc, char **argv)
{
	struct utsname u;
	struct program *p;
	unsigned major = 0, minor = 0;
	int i, n = 0, vdso, err, old, closed, bad = 0;

	p = calloc(argc, sizeof(*p));
	if (!p)
		abort();
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json")) {
			json = 1;
		} else if (argv[i][0] == '-') {
			fprintf(stderr, "usage: robust-check [--json] "
				"[PROGRAM...]\n");
			return 2;
		} else if (examine(argv[i], &p[n])) {
			bad = 1;
		} else {
			n++;
		}
	}
	if (bad)
		return 2;

	uname(&u);
	sscanf(u.release, "%u.%u", &major, &minor);
	old = major < 7 || (major == 7 && minor < 2);
	vdso = probe_vdso();
	err = probe_futex();
	closed = vdso && !err;
	for (i = 0; i < n; i++)
		closed &= p[i].patched;

	if (json) {
		printf("{\n  \"kernel\": ");
		json_string(u.release);
		printf(",\n  \"vdso_symbol\": \"%s\",\n  \"vdso\": %s,\n"
		       "  \"futex_robust_unlock\": %s,\n  \"futex_error\": ",
		       TRY_UNLOCK_SYMBOL, vdso ? "true" : "false", err ? "false" : "true");
		if (err)
			json_string(strerrorname_np(err));
		else
			printf("null");
		printf(",\n  \"programs\": [");
		for (i = 0; i < n; i++) {
			printf("%s\n    { \"path\": ", i ? "," : "");
			json_string(p[i].path);
			printf(", \"libc\": \"%s\", \"libc_file\": ", p[i].libc);
			json_string(p[i].libc_file);
			printf(", \"patched\": %s }",
			       p[i].patched ? "true" : "false");
		}
		printf("%s],\n  \"closed\": %s,\n  \"advice\": [",
		       n ? "\n  " : "", closed ? "true" : "false");
		advise_kernel(old, vdso, err);
		for (i = 0; i < n; i++)
			advise_program(&p[i]);
		printf("%s]\n}\n", advised ? "\n  " : "");
		return !closed;
	}

	printf("kernel: Linux %s\n", u.release);
	printf("  vDSO function %s: %s\n", TRY_UNLOCK_SYMBOL, vdso ? "yes" : "no");
	if (err)
		printf("  futex flag FUTEX_ROBUST_UNLOCK: no (%s)\n",
		       strerror(err));
	else
		printf("  futex flag FUTEX_ROBUST_UNLOCK: yes\n");
	advise_kernel(old, vdso, err);
	for (i = 0; i < n; i++) {
		printf("program: %s\n", p[i].path);
		if (strcmp(p[i].libc, "static"))
			printf("  libc: %s, %s\n", p[i].libc, p[i].libc_file);
		else
			printf("  libc: part of the program (static)\n");
		printf("  patched: %s\n", p[i].patched ? "yes" : "no");
		advise_program(&p[i]);
	}
	if (closed)
		printf("The race is closed%s.\n", n ? "" :
		       " for programs that run on a patched libc");
	else
		printf("The race is NOT closed: a thread killed while it "
		       "unlocks a robust mutex can corrupt memory.\n");
	return !closed;
}
