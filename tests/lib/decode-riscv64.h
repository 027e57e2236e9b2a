/* SPDX-License-Identifier: MIT */
/*
 * The riscv64 instructions that matter to single-step.c: those of an LL/SC
 * sequence, and those that may be followed by another instruction than the next.
 */

#define BREAKPOINT	0x9002UL	/* c.ebreak */
#define BREAKPOINT_MASK	0xffffUL

static uint32_t insn_at(unsigned long pc)
{
	const uint16_t *p = (uint16_t *)pc;

	return (*p & 3) == 3 ? *p | (uint32_t)p[1] << 16 : *p;
}

static int insn_length(unsigned long pc)
{
	return (insn_at(pc) & 3) == 3 ? 4 : 2;
}

static int is_load_exclusive(unsigned long pc)
{
	return (insn_at(pc) & 0xf800007f) == 0x1000002f;	/* lr.w, lr.d */
}

static int is_store_exclusive(unsigned long pc)
{
	return (insn_at(pc) & 0xf800007f) == 0x1800002f;	/* sc.w, sc.d */
}

static int status_register(uint32_t insn) { return insn >> 7 & 31; }

/* @n bits of @i, from bit @from on, moved to bit @to. */
static int32_t bits(uint32_t i, int from, int n, int to)
{
	return (int32_t)((i >> from & ((1u << n) - 1)) << to);
}

static long sign_extended(int32_t v, int width)
{
	return (int32_t)((uint32_t)v << (32 - width)) >> (32 - width);
}

/* NT_PRSTATUS has the program counter where x0 would be. */
static unsigned long x_register(const struct registers *r, int n)
{
	return n ? r->r[n] : 0;
}

static unsigned long branch_target(unsigned long pc, const struct registers *r)
{
	uint32_t i = insn_at(pc);

	switch (i & 0x7f) {
	case 0x63:	/* beq, bne, blt, ... */
		return pc + sign_extended(bits(i, 31, 1, 12) | bits(i, 7, 1, 11) |
					  bits(i, 25, 6, 5) | bits(i, 8, 4, 1), 13);
	case 0x6f:	/* jal */
		return pc + sign_extended(bits(i, 31, 1, 20) | bits(i, 12, 8, 12) |
					  bits(i, 20, 1, 11) | bits(i, 21, 10, 1), 21);
	case 0x67:	/* jalr */
		return (x_register(r, i >> 15 & 31) +
			sign_extended(bits(i, 20, 12, 0), 12)) & ~1UL;
	}
	switch (i & 0xe003) {
	case 0xa001:	/* c.j */
		return pc + sign_extended(bits(i, 12, 1, 11) | bits(i, 8, 1, 10) |
					  bits(i, 9, 2, 8) | bits(i, 6, 1, 7) |
					  bits(i, 7, 1, 6) | bits(i, 2, 1, 5) |
					  bits(i, 11, 1, 4) | bits(i, 3, 3, 1), 12);
	case 0xc001:	/* c.beqz */
	case 0xe001:	/* c.bnez */
		return pc + sign_extended(bits(i, 12, 1, 8) | bits(i, 5, 2, 6) |
					  bits(i, 2, 1, 5) | bits(i, 10, 2, 3) |
					  bits(i, 3, 2, 1), 9);
	case 0x8002:	/* c.jr, c.jalr, if there is no second register */
		if (!(i & 0x007c) && (i & 0x0f80))
			return x_register(r, i >> 7 & 31) & ~1UL;
	}
	return 0;
}

static int always_branches(unsigned long pc)
{
	uint32_t i = insn_at(pc);

	return (i & 0x7f) == 0x6f || (i & 0x7f) == 0x67 || (i & 0xe003) == 0xa001 ||
	       ((i & 0xe003) == 0x8002 && !(i & 0x007c) && (i & 0x0f80));
}

/* A call, a return, a system call: no loop with a store-exclusive contains one. */
static int goes_elsewhere(unsigned long pc)
{
	uint32_t i = insn_at(pc);

	return ((i & 0x7f) == 0x6f && (i & 0xf80)) ||	/* jal with a link */
	       (i & 0x7f) == 0x67 || (i & 0x7f) == 0x73 ||	/* jalr, ecall */
	       ((i & 0xe003) == 0x8002 && !(i & 0x007c));	/* c.jr, c.jalr, c.ebreak */
}
