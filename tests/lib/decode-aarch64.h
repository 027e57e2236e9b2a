/* SPDX-License-Identifier: MIT */
/*
 * The aarch64 instructions that matter to single-step.c: those of an LL/SC
 * sequence, and those that may be followed by another instruction than the next.
 */

#define BREAKPOINT	0xd4200000UL	/* brk #0 */
#define BREAKPOINT_MASK	0xffffffffUL

static int is_load_exclusive(unsigned long pc)
{
	uint32_t i = *(uint32_t *)pc;

	return (i & 0x3fe00000) == 0x08400000 || (i & 0xbfe00000) == 0x88600000;
}

static int is_store_exclusive(unsigned long pc)
{
	uint32_t i = *(uint32_t *)pc;

	return (i & 0x3fe00000) == 0x08000000 || (i & 0xbfe00000) == 0x88200000;
}

/* The register that says whether the store failed. */
static int status_register(uint32_t insn) { return insn >> 16 & 31; }

static int insn_length(unsigned long pc) { (void)pc; return 4; }

/* Where the instruction may branch to, or 0. */
static unsigned long branch_target(unsigned long pc, const struct registers *r)
{
	uint32_t i = *(uint32_t *)pc;
	int32_t words;

	(void)r;
	if ((i & 0xff000010) == 0x54000000 ||	/* b.cond */
	    (i & 0x7e000000) == 0x34000000)	/* cbz, cbnz */
		words = (int32_t)(i << 8) >> 13;
	else if ((i & 0x7e000000) == 0x36000000)	/* tbz, tbnz */
		words = (int32_t)(i << 13) >> 18;
	else if ((i & 0xfc000000) == 0x14000000)	/* b */
		words = (int32_t)(i << 6) >> 6;
	else
		return 0;
	return pc + 4L * words;
}

static int always_branches(unsigned long pc)
{
	return (*(uint32_t *)pc & 0xfc000000) == 0x14000000;	/* b */
}

/* A call, a return, a system call: no loop with a store-exclusive contains one. */
static int goes_elsewhere(unsigned long pc)
{
	uint32_t i = *(uint32_t *)pc;

	return (i & 0xfc000000) == 0x94000000 ||	/* bl */
	       (i & 0xfe000000) == 0xd6000000 ||	/* br, blr, ret */
	       (i & 0xff000000) == 0xd4000000;		/* svc, brk */
}
