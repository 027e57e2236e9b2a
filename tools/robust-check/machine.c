// SPDX-License-Identifier: MIT
/* The machines that ELF files are for. */
#include "robust-check.h"

#include <elf.h>
#include <link.h>
#include <linux/audit.h>
#include <sys/syscall.h>

#define X32	(1 << 16 | EM_X86_64)	/* has no number of its own */

static const struct machine {
	unsigned number;
	const char *name, *triplet;
	int futex;		/* the number of the system call; 0: 98, or what it is here */
} machines[] = {
	{ EM_X86_64, "x86_64", "x86_64-linux-gnu", 202 },
	{ X32, "x32", "x86_64-linux-gnux32", 0x40000000 + 202 },
	{ EM_386, "i386", "i386-linux-gnu", 240 },
	{ EM_AARCH64, "aarch64", "aarch64-linux-gnu", 0 },
	{ EM_ARM, "arm", "arm-linux-gnueabihf", 240 },
	{ EM_RISCV, "riscv", "riscv64-linux-gnu", 0 },
	{ EM_PPC64, "ppc64", "powerpc64le-linux-gnu", 0 },
	{ EM_S390, "s390", "s390x-linux-gnu", 0 },
	{ EM_LOONGARCH, "loongarch", "loongarch64-linux-gnu", 0 },
	{ EM_MIPS, "mips", "mips64el-linux-gnuabi64", 0 },
	{ 0, NULL, "unknown", 0 },
};

static const struct machine *machine_of(const struct elf *e)
{
	unsigned number = e->machine == EM_X86_64 && !e->is64 ? X32 : e->machine;
	const struct machine *m = machines;

	while (m->name && m->number != number)
		m++;
	return m;
}

static unsigned own_machine(void)
{
	extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

	return __ehdr_start.e_machine;
}

int runs_here(const struct kernel *k, unsigned machine)
{
	if (machine == own_machine())
		return 1;
	if (!strcmp(k->name.machine, "x86_64"))
		return machine == EM_X86_64 || machine == EM_386;
	if (!strcmp(k->name.machine, "aarch64"))
		return machine == EM_AARCH64 || machine == EM_ARM;
	return 0;
}

char *arch_of(const struct elf *e)
{
	const char *name = machine_of(e)->name;

	return name ? strdup(name) : format("machine %u", e->machine);
}

const char *triplet_of(const struct elf *e)
{
	return machine_of(e)->triplet;
}

uint32_t audit_arch(const struct elf *e)
{
	/* x32 has the value of x86-64, and Arm the same for both byte orders. */
	int is64 = e->is64 || e->machine == EM_X86_64;
	int big_endian = e->big_endian && e->machine != EM_ARM && e->machine != EM_AARCH64;

	return e->machine | (is64 ? __AUDIT_ARCH_64BIT : 0) | (big_endian ? 0 : __AUDIT_ARCH_LE);
}

int futex_number(const struct elf *e)
{
	int number = machine_of(e)->futex;

	return number ? number : e->machine == own_machine() ? SYS_futex : 98;
}
