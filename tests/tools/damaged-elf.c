// SPDX-License-Identifier: MIT
/*
 * damaged-elf FILE DIR [cut]: write damaged copies of a small ELF file, each named by
 * its damage. It is cut at each byte of its headers and around each place where
 * something begins or ends. Each number in the header, the program headers and the
 * dynamic section is set to values that point out of the file, wrap around or are
 * huge, as a file of either class and byte order. If FILE is a copy of ld.so.cache,
 * the same happens to each of its words. cut: write only files that are cut.
 */
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SIZE (1 << 20)

static unsigned char data[MAX_SIZE], changed[MAX_SIZE];
static size_t size;
static int cut_only;

static void write_file(const char *what, size_t at, unsigned long value,
		       const unsigned char *from, size_t len)
{
	char name[64];
	FILE *f;

	snprintf(name, sizeof(name), "%s-%zx-%lx", what, at, value);
	f = fopen(name, "w");
	if (!f || fwrite(from, 1, len, f) != len || fclose(f)) {
		perror(name);
		exit(1);
	}
}

static void cut_around(size_t at)
{
	size_t i;

	for (i = at ? at - 1 : 0; i <= at + 1 && i < size; i++)
		write_file("cut", i, 0, data, i);
}

/* Change WIDTH bytes at AT, in each of the four kinds of file. */
static void change(size_t at, size_t width)
{
	const uint64_t values[] = {
		0, 1, size - 1, size, size + 1, 0x7fffffff, 0xfffffff0, 0xffffffff,
		0x7fffffffffffffff, 0xfffffffffffffff0, 0xffffffffffffffff,
	};
	size_t v, i, kind;

	if (cut_only || at + width > size)
		return;
	for (v = 0; v < sizeof(values) / sizeof(*values); v++)
		for (kind = 0; kind < 4; kind++) {
			memcpy(changed, data, size);
			if (kind && size > EI_DATA) {
				changed[EI_CLASS] = 1 + (kind & 1);
				changed[EI_DATA] = 1 + kind / 2;
			}
			for (i = 0; i < width; i++)
				changed[at + (kind / 2 ? width - 1 - i : i)] =
					values[v] >> 8 * i;
			write_file("set", at, v << 8 | width << 4 | kind, changed, size);
		}
}

int main(int argc, char **argv)
{
	const Elf64_Ehdr *e = (void *)data;
	const Elf64_Phdr *p;
	size_t i, j;
	FILE *f;

	cut_only = argc == 4 && !strcmp(argv[3], "cut");
	f = argc == 3 + cut_only ? fopen(argv[1], "r") : NULL;
	if (!f || chdir(argv[2])) {
		fprintf(stderr, "usage: damaged-elf FILE DIR [cut]\n");
		return 2;
	}
	size = fread(data, 1, sizeof(data), f);
	if (memcmp(data, ELFMAG, SELFMAG)) {
		for (i = 0; i < size; i++)
			write_file("cut", i, 0, data, i);
		for (i = 0; i < size; i += 4)
			change(i, 4);
		return 0;
	}
	if (data[EI_CLASS] != ELFCLASS64 || size == sizeof(data)) {
		fprintf(stderr, "damaged-elf: %s: not a small 64-bit file\n", argv[1]);
		return 2;
	}
	p = (void *)(data + e->e_phoff);
	for (i = 0; i < e->e_phoff + e->e_phnum * sizeof(*p); i++)
		write_file("head", i, 0, data, i);
	for (i = 0; i < sizeof(*e); i++)
		change(i, i % 8 ? 1 : 8);
	for (i = 0; i + 2 <= sizeof(*e); i += 2)
		change(i, 2);
	for (i = 0; i < e->e_phnum; i++) {
		cut_around(p[i].p_offset);
		cut_around(p[i].p_offset + p[i].p_filesz);
		for (j = 0; j < sizeof(*p); j += 4)
			change(e->e_phoff + i * sizeof(*p) + j, j % 8 ? 4 : 8);
		if (p[i].p_type != PT_DYNAMIC)
			continue;
		for (j = 0; j < p[i].p_filesz && j < 40 * sizeof(Elf64_Dyn); j += 8) {
			change(p[i].p_offset + j, 8);
			cut_around(p[i].p_offset + j);
		}
	}
	/* Remove the zero byte at the end of the name of the dynamic linker. */
	for (i = 0; i < e->e_phnum; i++)
		if (p[i].p_type == PT_INTERP)
			change(p[i].p_offset + p[i].p_filesz - 1, 1);
	return 0;
}
