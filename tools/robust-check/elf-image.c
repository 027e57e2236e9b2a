// SPDX-License-Identifier: MIT
/*
 * Read an ELF file in memory, of any class, byte order and machine, even if it is
 * damaged: this reads nothing outside of the file, and takes what would be there
 * for absent.
 */
#include <elf.h>
#include <string.h>

#include "elf-image.h"

uint64_t elf_get(const struct elf *e, uint64_t off, unsigned n)
{
	uint64_t v = 0;
	unsigned i;

	if (off > e->size || n > e->size - off)
		return 0;
	for (i = 0; i < n; i++)
		v = v << 8 | e->data[off + (e->big_endian ? i : n - 1 - i)];
	return v;
}

const char *elf_string(const struct elf *e, uint64_t off, uint64_t len)
{
	if (off >= e->size)
		return NULL;
	if (len > e->size - off)
		len = e->size - off;
	return memchr(e->data + off, 0, len) ? (const char *)e->data + off : NULL;
}

struct elf_segment {
	uint64_t type, offset, vaddr, filesz;
};

/* Segment number I; 0 if there is none. */
static int elf_segment(const struct elf *e, unsigned i, struct elf_segment *s)
{
	uint64_t at = elf_get(e, e->is64 ? 32 : 28, e->is64 ? 8 : 4);
	unsigned size = elf_get(e, e->is64 ? 54 : 42, 2);
	unsigned least = e->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	if (i >= elf_get(e, e->is64 ? 56 : 44, 2) || size < least)
		return 0;
	if (at > e->size || (uint64_t)i * size > e->size - at)
		return 0;
	at += (uint64_t)i * size;
	if (e->size - at < least)
		return 0;
	s->type = elf_get(e, at, 4);
	s->offset = elf_get(e, at + (e->is64 ? 8 : 4), e->is64 ? 8 : 4);
	s->vaddr = elf_get(e, at + (e->is64 ? 16 : 8), e->is64 ? 8 : 4);
	s->filesz = elf_get(e, at + (e->is64 ? 32 : 16), e->is64 ? 8 : 4);
	return 1;
}

/* The place of an address in the file; the file's size if it has none. */
static uint64_t elf_offset(const struct elf *e, uint64_t vaddr)
{
	struct elf_segment s;
	unsigned i;

	for (i = 0; elf_segment(e, i, &s); i++)
		if (s.type == PT_LOAD && vaddr >= s.vaddr &&
		    vaddr - s.vaddr < s.filesz && vaddr - s.vaddr < e->size &&
		    s.offset < e->size)
			return s.offset + (vaddr - s.vaddr);
	return e->size;
}

/* Entry number I of the dynamic section in S; 0 at its end. */
static int elf_dynamic(const struct elf *e, const struct elf_segment *s,
		       uint64_t i, uint64_t *tag, uint64_t *val)
{
	unsigned word = e->is64 ? 8 : 4;

	if (s->offset > e->size || i >= s->filesz / (2 * word) ||
	    i >= (e->size - s->offset) / (2 * word))
		return 0;
	*tag = elf_get(e, s->offset + i * 2 * word, word);
	*val = elf_get(e, s->offset + i * 2 * word + word, word);
	return *tag != DT_NULL;
}

static void elf_read_dynamic(struct elf *e, const struct elf_segment *s)
{
	uint64_t i, tag, val;

	e->dynamic = 1;
	e->strings = e->symbols = e->size;
	for (i = 0; elf_dynamic(e, s, i, &tag, &val); i++)
		if (tag == DT_STRTAB)
			e->strings = elf_offset(e, val);
		else if (tag == DT_SYMTAB)
			e->symbols = elf_offset(e, val);
	for (i = 0; elf_dynamic(e, s, i, &tag, &val); i++) {
		if (val >= e->size || e->strings >= e->size)
			continue;
		if (tag == DT_RPATH)
			e->rpath = elf_string(e, e->strings + val, e->size);
		else if (tag == DT_RUNPATH)
			e->runpath = elf_string(e, e->strings + val, e->size);
	}
}

/* Linkers put the strings after the symbols, which end there. */
uint64_t elf_symbol(const struct elf *e, const char *name)
{
	unsigned entry = e->is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	const char *found;
	uint64_t at;

	for (at = e->symbols; at < e->strings && e->strings - at >= entry; at += entry) {
		found = elf_string(e, e->strings + elf_get(e, at, 4), e->size);
		if (found && !strcmp(found, name) && elf_get(e, at + (e->is64 ? 6 : 14), 2))
			return elf_get(e, at + (e->is64 ? 8 : 4), e->is64 ? 8 : 4);
	}
	return 0;
}

int elf_open(struct elf *e, const void *data, size_t size)
{
	struct elf_segment s;
	unsigned i;

	memset(e, 0, sizeof(*e));
	e->data = data;
	e->size = size;
	if (size < sizeof(Elf32_Ehdr) || memcmp(data, ELFMAG, SELFMAG))
		return -1;
	e->is64 = e->data[EI_CLASS] == ELFCLASS64;
	e->big_endian = e->data[EI_DATA] == ELFDATA2MSB;
	if ((!e->is64 && e->data[EI_CLASS] != ELFCLASS32) ||
	    (!e->big_endian && e->data[EI_DATA] != ELFDATA2LSB))
		return -1;
	i = elf_get(e, 16, 2);
	if (i != ET_EXEC && i != ET_DYN)
		return -1;
	e->machine = elf_get(e, 18, 2);
	for (i = 0; elf_segment(e, i, &s); i++)
		if (s.type == PT_INTERP)
			e->interp = elf_string(e, s.offset, s.filesz);
		else if (s.type == PT_DYNAMIC)
			elf_read_dynamic(e, &s);
	/* A program without a segment cannot run: its headers are damaged. */
	return i ? 0 : -1;
}
