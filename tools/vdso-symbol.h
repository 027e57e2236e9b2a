/* SPDX-License-Identifier: MIT */
/*
 * A function of the vDSO that this process sees, looked up by its name in the
 * dynamic symbol table; and the name of the one that unlocks robust mutexes.
 */
#ifndef VDSO_SYMBOL_H
#define VDSO_SYMBOL_H

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

#if UINTPTR_MAX == UINT32_MAX
#define TRY_UNLOCK_SYMBOL "__vdso_futex_robust_list32_try_unlock"
#else
#define TRY_UNLOCK_SYMBOL "__vdso_futex_robust_list64_try_unlock"
#endif

/* Symbols in the dynamic symbol table, from whichever hash table there is. */
static size_t count_symbols(const uint32_t *hash, const uint32_t *gnu)
{
	const uint32_t *buckets, *chain;
	size_t n = 0;
	uint32_t i;

	if (hash)
		return hash[1];
	if (!gnu)
		return 0;
	buckets = gnu + 4 + gnu[2] * (sizeof(size_t) / 4);
	for (i = 0; i < gnu[0]; i++)
		if (buckets[i] > n)
			n = buckets[i];
	if (n) {
		chain = buckets + gnu[0] + (n - gnu[1]);
		do
			n++;
		while (!(*chain++ & 1));
	}
	return n;
}

/* The function in a vDSO, as it lies in memory; NULL if there is none. */
static void *symbol_in_vdso(const ElfW(Ehdr) *eh, const char *name)
{
	const ElfW(Phdr) *ph;
	const ElfW(Dyn) *dyn = NULL;
	const ElfW(Sym) *sym = NULL;
	const uint32_t *hash = NULL, *gnu = NULL;
	const char *str = NULL;
	uintptr_t base = 0;
	size_t i, n;

	if (!eh)
		return NULL;
	ph = (void *)((char *)eh + eh->e_phoff);
	for (i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD)
			base = (uintptr_t)eh + ph[i].p_offset - ph[i].p_vaddr;
		else if (ph[i].p_type == PT_DYNAMIC)
			dyn = (void *)((char *)eh + ph[i].p_offset);
	}
	for (; dyn && dyn->d_tag != DT_NULL; dyn++) {
		void *p = (void *)(base + dyn->d_un.d_ptr);

		switch (dyn->d_tag) {
		case DT_STRTAB: str = p; break;
		case DT_SYMTAB: sym = p; break;
		case DT_HASH: hash = p; break;
		case DT_GNU_HASH: gnu = p; break;
		}
	}
	if (!str || !sym)
		return NULL;
	n = count_symbols(hash, gnu);
	for (i = 0; i < n; i++)
		if (sym[i].st_shndx && !strcmp(str + sym[i].st_name, name))
			return (void *)(base + sym[i].st_value);
	return NULL;
}

/* The same in the vDSO of this process. */
static inline void *vdso_symbol(const char *name)
{
	return symbol_in_vdso((void *)getauxval(AT_SYSINFO_EHDR), name);
}

#endif
