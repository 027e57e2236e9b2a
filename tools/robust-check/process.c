// SPDX-License-Identifier: MIT
/* Examine a process: the libc that it has mapped, and how it was started. */
#include "robust-check.h"

#include <elf.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/auxv.h>
#include <sys/syscall.h>

#include "../tunable.h"

#define PRELOAD_ACTS	"librobust_unlock_acts"	/* an int in the library */
#define MAX_MAPPING	(64 << 20)

struct process {
	int dir, root;		/* /proc/PID, and its root directory */
	char *root_path;
	struct mapping *maps;
	struct elf e;		/* its executable */
	struct target *t;
};

static int read_proc(const struct process *p, const char *name, struct blob *b)
{
	return read_fd(openat(p->dir, name, OPEN_FLAGS), b);
}

static char *link_of(const struct process *p, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(p->dir, name, target, sizeof(target));

	return n < 0 ? NULL : strndup(target, n);
}

struct mapping *read_maps(int fd, struct blob *text)
{
	struct mapping *maps = NULL, *m;
	char *rest, *line, perms[5];
	size_t n = 0, len;
	int at;

	if (read_fd(fd, text))
		return NULL;
	rest = (char *)text->data;
	while ((line = strsep(&rest, "\n"))) {
		maps = resize(maps, (n + 1) * sizeof(*maps));
		m = &maps[n];
		m->path = NULL;
		at = 0;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %n",
			   &m->start, &m->end, perms, &at) < 3 || !at)
			continue;
		m->readable = perms[0] == 'r';
		m->path = line + at;
		len = strlen(m->path);
		m->deleted = len > 10 && !strcmp(m->path + len - 10, " (deleted)");
		if (m->deleted)
			m->path[len - 10] = 0;
		n++;
	}
	return maps;
}

/* Append the process' memory from START to END to B. */
static void read_memory(const struct process *p, uint64_t start, uint64_t end, struct blob *b)
{
	int fd = openat(p->dir, "mem", OPEN_FLAGS);
	ssize_t n;

	if (fd < 0)
		return;
	if (end - start <= MAX_MAPPING) {
		b->data = resize(b->data, b->size + (end - start) + 1);
		n = pread(fd, b->data + b->size, end - start, start);
		b->size += n > 0 ? n : 0;
		b->data[b->size] = 0;
	}
	close(fd);
}

/* PATH, which is in the maps, as the process sees it. In the mount namespace of this
 * program, the maps of a process in a chroot have paths from the outside. */
static const char *path_inside(const struct process *p, const char *path)
{
	size_t len = p->root_path ? strlen(p->root_path) : 0;

	return len > 1 && !strncmp(path, p->root_path, len) && path[len] == '/' ? path + len : path;
}

/*
 * Read the file of a mapping: by map_files, which has deleted files too but needs a
 * capability; by its path, unless the file was deleted; or else read its mappings,
 * which include all read-only data.
 */
static int read_mapped(const struct process *p, const struct mapping *m, struct blob *b)
{
	const struct mapping *o;
	char link[64];

	snprintf(link, sizeof(link), "map_files/%" PRIx64 "-%" PRIx64, m->start, m->end);
	if (!read_proc(p, link, b) ||
	    (!m->deleted && !read_in(p->root, path_inside(p, m->path), b)))
		return 0;
	for (o = p->maps; o->path; o++)
		if (o->readable && o->deleted == m->deleted && !strcmp(o->path, m->path))
			read_memory(p, o->start, o->end, b);
	return b->size ? 0 : -1;
}

static uint64_t aux_value(const struct process *p, const struct blob *auxv, uint64_t type)
{
	struct elf view = p->e;
	unsigned word = view.is64 ? 8 : 4;
	uint64_t at;

	view.data = auxv->data;
	view.size = auxv->size;
	for (at = 0; at + 2 * word <= view.size; at += 2 * word)
		if (elf_get(&view, at, word) == type)
			return elf_get(&view, at + word, word);
	return 0;
}

/* Whether the library, whose first mapping this is, has found that it can act. */
static int preload_acts(const struct process *p, const struct mapping *m)
{
	struct blob b, word = { 0 };
	struct elf e;
	uint64_t at;
	int acts = -1;

	if (read_mapped(p, m, &b))
		return -1;
	at = elf_open(&e, b.data, b.size) ? 0 : elf_symbol(&e, PRELOAD_ACTS);
	if (at)
		read_memory(p, m->start + at, m->start + at + 4, &word);
	if (word.size == 4)
		acts = memcmp(word.data, "\0\0\0", 4) != 0;
	drop(&word);
	drop(&b);
	return acts;
}

/* Find the libc among the mappings, and examine it. */
static void find_mapped_libc(const struct process *p)
{
	struct target *t = p->t;
	const struct mapping *m;
	const char *kind, *name;
	struct blob b;
	struct elf e;

	for (m = p->maps; m->path; m++) {
		name = *m->path == '/' ? strrchr(m->path, '/') : NULL;
		kind = name ? kind_of(name) : NULL;
		if (!kind && !t->preload && strstr(m->path, "/" PRELOAD_NAME)) {
			t->preload = 1;
			t->preload_acts = preload_acts(p, m);
		}
		/* musl's libc may be mapped by the name of its file. */
		if (!kind && name && !strcmp(name, "/libc.so"))
			kind = "musl";
		if (!kind)
			continue;
		if (!strncmp(name, "/libc", 5) && strcmp(kind, "musl")) {
			if (!t->libc_file)
				t->libc_file = strdup(path_inside(p, m->path));
			t->deleted |= m->deleted;
			continue;
		}
		if (t->libc)
			continue;
		t->libc = kind;
		t->deleted |= m->deleted;
		t->loader = strdup(path_inside(p, m->path));
		if (read_mapped(p, m, &b)) {
			t->error = format("%s, which it has mapped, cannot be read: try as root", m->path);
			return;
		}
		t->patched = is_patched(&b);
		t->version = version_in(&b);
		if (!elf_open(&e, b.data, b.size) && e.machine != p->e.machine)
			t->states |= 1 << FOREIGN;	/* under an emulator */
		drop(&b);
	}
	/* The libc that it would run on if it were started now. */
	if (t->libc && t->deleted && !t->patched && !read_in(p->root, t->loader, &b)) {
		if (is_patched(&b))
			t->states |= 1 << RESTART;
		drop(&b);
	}
}

/* Ask whether the kernel knows a robust list of the process' main thread. The call
 * returns only lists of this program's own word size, and the list of an emulator, not
 * of what runs in it. */
static void ask_list(const struct process *p)
{
	struct target *t = p->t;
	void *head = NULL;
	size_t size;

	if (p->e.is64 != (sizeof(void *) == 8) || t->states & 1 << FOREIGN)
		return;
	if (syscall(SYS_get_robust_list, t->pid, &head, &size))
		t->error = format("the kernel does not show its robust list (%s): %s",
				  strerror(errno), errno == EPERM ? "try as root" :
				  errno == ESRCH ? "it has ended" :
				  "look for a seccomp filter or an emulator that refuses get_robust_list");
	t->list = head != NULL;
	if (!t->list && lists_at_start(t))
		t->states |= 1 << NO_LIST;
}

static void examine(const struct kernel *k, int read_filter, const struct process *p,
		    const struct blob *exe, const struct blob *auxv)
{
	struct blob b, image = { 0 };
	struct target *t = p->t;
	const struct mapping *m;
	char *s;

	t->arch = arch_of(&p->e);
	find_mapped_libc(p);
	if (!t->libc) {
		t->loader = strdup(path_inside(p, t->name));
		examine_static(t, exe);
		if (p->e.interp && !(t->states & 1 << NO_LIBC))
			t->libc = "unknown";
	}

	/* The vDSO as the process has it: it may have been hidden. */
	t->vdso = 0;
	if (aux_value(p, auxv, AT_SYSINFO_EHDR)) {
		for (m = p->maps; m->path; m++)
			if (!strcmp(m->path, "[vdso]"))
				read_memory(p, m->start, m->end, &image);
		t->vdso = image.size ? contains(&image, p->e.is64 ?
				PREFIX "64_try_unlock" : PREFIX "32_try_unlock") : -1;
		drop(&image);
	}

	/* A program with privileges of its own ignores the tunables. */
	t->privileged = aux_value(p, auxv, AT_SECURE);
	if (!t->privileged && !read_proc(p, "environ", &b)) {
		for (s = (char *)b.data; s < (char *)b.data + b.size; s += strlen(s) + 1)
			if (!strncmp(s, "GLIBC_TUNABLES=", 15))
				t->tunable = get_tunable(s + 15);
		drop(&b);
	}
	if (!t->error)
		ask_list(p);
	if (!read_proc(p, "status", &b)) {
		s = strstr((char *)b.data, "\nSeccomp:");
		t->seccomp = s ? atoi(s + strlen("\nSeccomp:")) : 0;
		drop(&b);
		if (t->seccomp && read_filter)
			ask_filter(t, &p->e);
		else if (t->seccomp)
			t->states |= 1 << FILTER_UNKNOWN;
	}
	if (!t->error)
		judge(k, t, &p->e);
}

void examine_process(const struct kernel *k, int read_filter, struct target *t)
{
	struct blob text = { 0 }, auxv = { 0 }, exe = { 0 };
	struct process p = { .root = -1, .t = t };
	char dir[32];

	snprintf(dir, sizeof(dir), "/proc/%d", (int)t->pid);
	p.dir = open(dir, OPEN_DIRECTORY);
	t->name = p.dir < 0 ? NULL : link_of(&p, "exe");
	if (!t->name) {
		t->name = strdup("?");
		t->error = errno != ENOENT ? format("%s: try as root", strerror(errno)) :
			strdup(p.dir >= 0 && !faccessat(p.dir, "status", F_OK, 0) ?
			       "a thread of the kernel, or a process that has ended" :
			       "there is no such process (is /proc mounted, and is it of this PID namespace?)");
	} else if (!(p.maps = read_maps(openat(p.dir, "maps", OPEN_FLAGS), &text)) || !text.size ||
		   read_proc(&p, "auxv", &auxv)) {
		t->error = format("its memory map cannot be read (%s): try as root",
				  strerror(errno));
	} else if ((p.root = openat(p.dir, "root", OPEN_DIRECTORY)) < 0 ||
		   read_proc(&p, "exe", &exe)) {
		t->error = format("its files cannot be read (%s): try as root", strerror(errno));
	} else if (elf_open(&p.e, exe.data, exe.size)) {
		t->error = strdup("its executable is not an ELF file");
	} else {
		p.root_path = link_of(&p, "root");
		examine(k, read_filter, &p, &exe, &auxv);
	}
	free(p.root_path);
	free(p.maps);
	drop(&text);
	drop(&exe);
	drop(&auxv);
	close(p.root);
	close(p.dir);
}
