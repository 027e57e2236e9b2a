/* SPDX-License-Identifier: MIT */
/*
 * What the tests know of a machine: its registers, as ptrace(2) and a signal
 * handler see them, and a few instructions. The first part has everything that
 * differs between architectures; the rest is the same for all.
 *
 *   NR_REGISTERS	of a stopped thread, as in NT_PRSTATUS; the indices:
 *   R_PC, R_SP, R_RESULT
 *   R_NR, R_ARG0	a system call's number and first argument
 *   R_LINK		the return address at the entry of a function, unless it
 *			is on the stack
 *   CONTEXT_ARG(u, n)	the arguments and the result of a system call that a
 *   CONTEXT_RESULT(u)	seccomp filter turned into a signal
 *   SYSCALL_INSN	the instruction, for the assembler
 *   is_syscall(insn)
 *   CAN_SINGLE_STEP	whether the kernel can
 */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <elf.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__)

enum { R_RESULT = 10, R_NR = 10, R_ARG0 = 14, R_ORIG_NR = 15, R_PC = 16,
       R_SP = 19, NR_REGISTERS = 27 };
typedef unsigned long long register_value;	/* of x32, too */
#define CONTEXT_INDEX(n) ((n) == 0 ? REG_RDI : (n) == 1 ? REG_RSI :	\
			  (n) == 2 ? REG_RDX : (n) == 3 ? REG_R10 :	\
			  (n) == 4 ? REG_R8 : REG_R9)
#define CONTEXT_ARG(u, n) ((long)((ucontext_t *)(u))->uc_mcontext.gregs[CONTEXT_INDEX(n)])
#define CONTEXT_RESULT(u) (((ucontext_t *)(u))->uc_mcontext.gregs[REG_RAX])
#define SYSCALL_INSN	"syscall"
#define CAN_SINGLE_STEP	1

static inline int is_syscall(const void *insn)
{
	return !memcmp(insn, "\x0f\x05", 2);
}

#elif defined(__i386__)

enum { R_ARG0 = 0, R_RESULT = 6, R_NR = 6, R_ORIG_NR = 11, R_PC = 12, R_SP = 15,
       NR_REGISTERS = 17 };
typedef unsigned long register_value;
#define CONTEXT_INDEX(n) ((n) == 0 ? REG_EBX : (n) == 1 ? REG_ECX :	\
			  (n) == 2 ? REG_EDX : (n) == 3 ? REG_ESI :	\
			  (n) == 4 ? REG_EDI : REG_EBP)
#define CONTEXT_ARG(u, n) ((long)((ucontext_t *)(u))->uc_mcontext.gregs[CONTEXT_INDEX(n)])
#define CONTEXT_RESULT(u) (((ucontext_t *)(u))->uc_mcontext.gregs[REG_EAX])
#define SYSCALL_INSN	"int $0x80"
#define CAN_SINGLE_STEP	1

static inline int is_syscall(const void *insn)
{
	return !memcmp(insn, "\xcd\x80", 2) ||	/* int $0x80 */
	       !memcmp(insn, "\x0f\x34", 2) ||	/* sysenter */
	       !memcmp(insn, "\x0f\x05", 2);	/* syscall */
}

#elif defined(__aarch64__)

enum { R_ARG0 = 0, R_RESULT = 0, R_NR = 8, R_LINK = 30, R_SP = 31, R_PC = 32,
       NR_REGISTERS = 34 };
typedef unsigned long register_value;
#define CONTEXT_ARG(u, n) ((long)((ucontext_t *)(u))->uc_mcontext.regs[n])
#define CONTEXT_RESULT(u) (((ucontext_t *)(u))->uc_mcontext.regs[0])
#define SYSCALL_INSN	"svc #0"
#define CAN_SINGLE_STEP	1

static inline int is_syscall(const void *insn)
{
	return *(const uint32_t *)insn == 0xd4000001;
}

#elif defined(__riscv) && __riscv_xlen == 64

enum { R_PC = 0, R_LINK = 1, R_SP = 2, R_ARG0 = 10, R_RESULT = 10, R_NR = 17,
       NR_REGISTERS = 32 };
typedef unsigned long register_value;
#define CONTEXT_ARG(u, n) ((long)((ucontext_t *)(u))->uc_mcontext.__gregs[10 + (n)])
#define CONTEXT_RESULT(u) (((ucontext_t *)(u))->uc_mcontext.__gregs[10])
#define SYSCALL_INSN	"ecall"
#define CAN_SINGLE_STEP	0	/* the kernel has no PTRACE_SINGLESTEP there */

static inline int is_syscall(const void *insn)
{
	return !memcmp(insn, "\x73\0\0", 4);
}

#else
# error "tests/lib/registers.h does not know this machine"
#endif

struct registers {
	register_value r[NR_REGISTERS];
};

/* Both return what ptrace(2) does: 0, or -1 with errno. */
static inline int get_registers(pid_t tid, struct registers *r)
{
	struct iovec v = { r, sizeof(*r) };

	return ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &v) ? -1 : 0;
}

static inline int set_registers(pid_t tid, const struct registers *r)
{
	struct iovec v = { (void *)r, sizeof(*r) };

	return ptrace(PTRACE_SETREGSET, tid, (void *)NT_PRSTATUS, &v) ? -1 : 0;
}

/* The return address, if the thread is at the entry of a function. */
static inline unsigned long return_address(pid_t tid, const struct registers *r)
{
#if defined(__x86_64__) || defined(__i386__)
	return ptrace(PTRACE_PEEKDATA, tid, (void *)(unsigned long)r->r[R_SP], 0);
#else
	(void)tid;
	return r->r[R_LINK];
#endif
}

/* Stop for the parent that traces this thread. On some machines the program counter
 * would stay at a breakpoint instruction. A libc function is no use either:
 * another, untraced thread may execute it and must not meet a breakpoint there. */
static inline void trap_myself(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__asm__ volatile ("int3" ::: "memory");
#elif defined(__aarch64__)
	long pid = getpid(), tid = syscall(SYS_gettid);
	register long nr __asm__("x8") = SYS_tgkill, a __asm__("x0") = pid;
	register long b __asm__("x1") = tid, c __asm__("x2") = SIGTRAP;

	__asm__ volatile (SYSCALL_INSN : "+r" (a) : "r" (nr), "r" (b), "r" (c) : "memory");
#elif defined(__riscv)
	long pid = getpid(), tid = syscall(SYS_gettid);
	register long nr __asm__("a7") = SYS_tgkill, a __asm__("a0") = pid;
	register long b __asm__("a1") = tid, c __asm__("a2") = SIGTRAP;

	__asm__ volatile (SYSCALL_INSN : "+r" (a) : "r" (nr), "r" (b), "r" (c) : "memory");
#endif
}

/* Makes the thread execute a system call with one argument next, with the
 * instruction at @insn. The kernel then restarts no interrupted system call. */
static inline void next_is_syscall(struct registers *r, const void *insn, long nr,
				   long arg)
{
#if defined(__x86_64__) || defined(__i386__)
	r->r[R_ORIG_NR] = -1;
#endif
	r->r[R_NR] = nr;
	r->r[R_ARG0] = arg;
	r->r[R_PC] = (unsigned long)insn;
}

#endif
