// SPDX-License-Identifier: MIT
/* Files as a whole, in any root directory; and text. */
#include "robust-check.h"

#include <linux/openat2.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define MAX_FILE	(1L << 30)

char *format(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		abort();
	va_end(ap);
	return s;
}

void *resize(void *data, size_t size)
{
	data = realloc(data, size);
	if (!data)
		abort();
	return data;
}

int contains(const struct blob *b, const char *what)
{
	return memmem(b->data, b->size, what, strlen(what)) != NULL;
}

void drop(struct blob *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

int read_fd(int fd, struct blob *b)
{
	size_t room = 0;
	struct stat st;
	ssize_t n = -1;
	void *more;
	int err;

	memset(b, 0, sizeof(*b));
	if (fd < 0)
		return -1;
	if (fstat(fd, &st))
		goto out;
	errno = S_ISDIR(st.st_mode) ? EISDIR : S_ISREG(st.st_mode) ? EFBIG : EINVAL;
	if (errno != EFBIG || st.st_size > MAX_FILE)
		goto out;
	/* Files of /proc do not give their size. Others get no more room than the NUL needs. */
	do {
		if (room < b->size + 2) {
			room = st.st_size ? (size_t)st.st_size + 1 : 2 * room + 8192;
			n = -1;
			more = realloc(b->data, room);
			if (!more)
				break;
			b->data = more;
		}
		n = read(fd, b->data + b->size, room - b->size - 1);
		if (n > 0)
			b->size += n;
	} while (n > 0 && b->size != (size_t)st.st_size && b->size < MAX_FILE);
out:
	err = errno;
	close(fd);
	if (n < 0)
		drop(b);
	else
		b->data[b->size] = 0;
	errno = err;
	return n < 0 ? -1 : 0;
}

int open_in(int root, const char *path)
{
	struct open_how how = { .flags = OPEN_FLAGS, .resolve = RESOLVE_IN_ROOT };
	int fd;

	if (root != AT_FDCWD) {
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
			return fd;
		/* Linux before 5.6, or a filter: absolute links lead out of the root. */
		path += strspn(path, "/");
	}
	return openat(root, path, OPEN_FLAGS);
}

int read_in(int root, const char *path, struct blob *b)
{
	return read_fd(open_in(root, path), b);
}
