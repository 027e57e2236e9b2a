/* SPDX-License-Identifier: MIT */
#ifndef ELF_IMAGE_H
#define ELF_IMAGE_H

#include <stddef.h>
#include <stdint.h>

struct elf {
	const unsigned char *data;
	size_t size;
	int is64, big_endian;
	unsigned machine;
	const char *interp;		/* in data, like the following; or NULL */
	const char *rpath, *runpath;
	int dynamic;			/* it has a dynamic section */
	uint64_t strings, symbols;	/* their places in the file; its size if absent */
};

/* 0 if DATA is an ELF program or library, complete or not, else -1. */
int elf_open(struct elf *e, const void *data, size_t size);

/* The N bytes at OFF as a number, 0 if the file ends before. */
uint64_t elf_get(const struct elf *e, uint64_t off, unsigned n);

/* The string at OFF, NULL if it does not end within LEN bytes and the file. */
const char *elf_string(const struct elf *e, uint64_t off, uint64_t len);

/* The address of a symbol that the file exports, 0 if there is none. */
uint64_t elf_symbol(const struct elf *e, const char *name);

#endif
