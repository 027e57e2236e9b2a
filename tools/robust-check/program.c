// SPDX-License-Identifier: MIT
/* Examine a program in a file: the libc that it would run on. */
#include "robust-check.h"

#include <elf.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "../tunable.h"

#define LIBC	"libc.so.6"

/* Whether a list of libraries, as in LD_PRELOAD, has librobust-unlock.so. If the list
 * names it by a path, it has to exist. */
static int lists_preload(const char *list)
{
	char *copy = list ? strdup(list) : NULL, *rest = copy, *name;
	int found = 0;

	while (!found && (name = strsep(&rest, ": \t\n")))
		found = strstr(name, PRELOAD_NAME) &&
			(!strchr(name, '/') || strchr(name, '$') || !access(name, R_OK));
	free(copy);
	return found;
}

static int same_kind(const struct elf *a, const struct blob *b)
{
	struct elf e;

	return !elf_open(&e, b->data, b->size) && e.machine == a->machine &&
	       e.is64 == a->is64 && e.big_endian == a->big_endian;
}

/* A search for the libc of a program. */
struct search {
	int root;
	const struct elf *e;
	struct target *t;
	struct blob libc;
};

/* 1 if PATH is a library of the program's kind. Keeps or frees PATH. */
static int try_library(struct search *s, char *path)
{
	if (!read_in(s->root, path, &s->libc)) {
		if (same_kind(s->e, &s->libc)) {
			s->t->libc_file = path;
			return 1;
		}
		drop(&s->libc);
	}
	free(path);
	return 0;
}

/* Try these directories, which may have $ORIGIN in them. */
static int try_path(struct search *s, const char *dirs)
{
	const char *program = s->t->name, *slash = strrchr(program, '/');
	int origin, found = 0;
	size_t len;

	for (; !found && dirs && *dirs; dirs += len + (dirs[len] != 0)) {
		len = strcspn(dirs, ":;");
		if (!len)
			continue;
		origin = !strncmp(dirs, "$ORIGIN", 7) ? 7 : !strncmp(dirs, "${ORIGIN}", 9) ? 9 : 0;
		found = try_library(s, format("%.*s%.*s/" LIBC, origin && slash ?
					      (int)(slash - program) : 0, program,
					      (int)len - origin, dirs + origin));
	}
	return found;
}

/* Try what ldconfig has found under this name. */
static int try_cache(struct search *s)
{
	static const char magic[] = "glibc-ld.so.cache1.1";
	struct elf view = { .big_endian = s->e->big_endian };
	const char *key, *path;
	struct blob cache;
	uint64_t at, n;
	int found = 0;

	if (read_in(s->root, "/etc/ld.so.cache", &cache))
		return 0;
	view.data = memmem(cache.data, cache.size, magic, strlen(magic));
	if (view.data) {
		view.size = cache.size - (view.data - cache.data);
		n = elf_get(&view, 20, 4);
		for (at = 48; !found && n-- && at + 24 <= view.size; at += 24) {
			key = elf_string(&view, elf_get(&view, at + 4, 4), PATH_MAX);
			path = elf_string(&view, elf_get(&view, at + 8, 4), PATH_MAX);
			found = key && path && !strcmp(key, LIBC) && *path == '/' &&
				try_library(s, strdup(path));
		}
	}
	drop(&cache);
	return found;
}

/* Find the libc.so.6 that the dynamic linker would take, in the order of ld.so(8). */
static void find_libc(struct search *s)
{
	const struct elf *e = s->e;
	char *dirs;

	if ((!e->runpath && try_path(s, e->rpath)) ||
	    (s->root == AT_FDCWD && try_path(s, getenv("LD_LIBRARY_PATH"))) ||
	    try_path(s, e->runpath) || try_cache(s))
		return;
	dirs = format("/lib/%1$s:/usr/lib/%1$s:%2$s:/lib:/usr/lib", triplet_of(e),
		      e->is64 ? "/lib64:/usr/lib64" : "/lib32:/usr/lib32:/libx32");
	try_path(s, dirs);
	free(dirs);
}

static char *find_in_path(int root, const char *name)
{
	const char *path = root == AT_FDCWD ? getenv("PATH") :
			   "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	int fd, runs;
	struct stat st;
	size_t len;
	char *full;

	if (strchr(name, '/') || !path)
		return strdup(name);
	for (; *path; path += len + (path[len] != 0)) {
		len = strcspn(path, ":");
		full = format("%.*s/%s", (int)len, path, name);
		fd = open_in(root, full);
		runs = fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_mode & 0111;
		close(fd);
		if (runs)
			return full;
		free(full);
	}
	return strdup(name);
}

/* The interpreter in the first line of a script. For env, it is what env would run;
 * without -S, the rest of the line is one word. robust-run does the same. */
static char *script_interpreter(int root, const struct blob *b)
{
	static const char *const split[] = { "-S", "-vS", "--split-string=" },
		*const with_value[] = { "-u", "--unset", "-C", "--chdir" };
	char line[256], *word, *save;
	size_t len = b->size - 2 < sizeof(line) - 1 ? b->size - 2 : sizeof(line) - 1, i;

	memcpy(line, b->data + 2, len);
	line[len] = 0;
	line[strcspn(line, "\r\n")] = 0;
	for (len = strlen(line); len && strchr(" \t", line[len - 1]); )
		line[--len] = 0;
	word = strtok_r(line, " \t", &save);
	if (!word)
		return NULL;
	len = strlen(word);
	if (len < 4 || strcmp(word + len - 4, "/env"))
		return strdup(word);
	word = strtok_r(NULL, "", &save);
	if (!word)
		return NULL;
	word += strspn(word, " \t");
	for (i = 0; i < 3; i++)
		if (!strncmp(word, split[i], strlen(split[i])))
			break;
	if (i == 3)
		return *word == '-' || strchr(word, '=') ? NULL : find_in_path(root, word);
	for (word = strtok_r(word + strlen(split[i]), " \t", &save); word;
	     word = strtok_r(NULL, " \t", &save)) {
		if (*word != '-' && !strchr(word, '='))
			return find_in_path(root, word);
		for (i = 0; i < 4; i++)
			if (!strcmp(word, with_value[i]))
				strtok_r(NULL, " \t", &save);
	}
	return NULL;
}

/* Whether an exec of this file raises privileges. */
static int gives_privileges(int root, const char *path)
{
	int fd = open_in(root, path), gives;
	struct stat st;

	if (fd < 0)
		return 0;
	gives = (!fstat(fd, &st) && st.st_mode & (S_ISUID | S_ISGID)) ||
		fgetxattr(fd, "security.capability", NULL, 0) > 0;
	close(fd);
	return gives;
}

static void examine_elf(const struct kernel *k, int root, const struct blob *b,
			struct target *t)
{
	struct elf e;
	struct search s = { .root = root, .e = &e, .t = t };
	struct blob loader;
	const char *kind;
	char *other;

	if (elf_open(&e, b->data, b->size)) {
		t->error = strdup(b->size < SELFMAG || memcmp(b->data, ELFMAG, SELFMAG) ?
				  "not an ELF file" : "a damaged ELF file, or no program");
		return;
	}
	t->arch = arch_of(&e);
	kind = kind_of(e.interp ? e.interp : t->name);
	t->loader = strdup(e.interp ? e.interp : t->name);
	if (!e.interp) {
		/* A library and the dynamic linker have none either. */
		if (!kind && contains(b, "musl libc ("))
			kind = "musl";
		if (kind && e.dynamic) {
			t->libc = kind;
			t->version = version_in(b);
			t->patched = is_patched(b);
		} else {
			examine_static(t, b);
		}
		judge(k, t, &e);
		return;
	}
	if (read_in(root, e.interp, &loader)) {
		t->error = format("needs %s: %s", e.interp, strerror(errno));
		return;
	}
	if (same_kind(&e, &loader)) {
		t->libc = kind ? kind : "unknown";
		t->patched = is_patched(&loader);
		t->version = version_in(&loader);
	} else {
		t->error = format("needs %s, which is damaged or for another machine", e.interp);
	}
	drop(&loader);
	if (t->error)
		return;
	if (!strcmp(t->libc, "glibc")) {
		find_libc(&s);
		other = t->libc_file ? version_in(&s.libc) : NULL;
		if (!t->libc_file)
			t->error = strdup("its libc.so.6 is not found");
		else if (other && t->version && strcmp(other, t->version))
			/* They only run if they are from the same build. */
			t->error = format("%s is glibc %s and %s is %s: they do not belong together",
					  t->loader, t->version, t->libc_file, other);
		free(other);
		drop(&s.libc);
	}
	judge(k, t, &e);
}

void examine_program(const struct kernel *k, const char *root_dir, struct target *t)
{
	int depth, root = root_dir ? open(root_dir, OPEN_DIRECTORY) : AT_FDCWD;
	struct blob b, list;
	char *next;

	if (root == -1) {
		t->error = format("--root %s: %s", root_dir, strerror(errno));
		return;
	}
	t->name = find_in_path(root, t->name);
	for (depth = 0; ; depth++) {
		if (read_in(root, t->name, &b)) {
			t->error = strdup(strerror(errno));
			break;
		}
		if (b.size < 2 || memcmp(b.data, "#!", 2)) {
			t->privileged = gives_privileges(root, t->name);
			/* With raised privileges the environment does not count. */
			if (root == AT_FDCWD && !t->privileged) {
				t->preload = lists_preload(getenv("LD_PRELOAD"));
				t->tunable = get_tunable(getenv("GLIBC_TUNABLES"));
			}
			if (!read_in(root, "/etc/ld.so.preload", &list)) {
				t->preload |= contains(&list, PRELOAD_NAME);
				drop(&list);
			}
			examine_elf(k, root, &b, t);
			drop(&b);
			break;
		}
		next = depth < 4 ? script_interpreter(root, &b) : NULL;
		drop(&b);
		if (!next) {
			t->error = strdup(depth < 4 ? "a script without an interpreter" :
					  "too many scripts, each the interpreter of the one before");
			break;
		}
		if (!t->script)
			t->script = t->name;
		else
			free(t->name);
		t->name = next;
	}
	if (root != AT_FDCWD)
		close(root);
}
