/* SPDX-License-Identifier: MIT */
/*
 * Where a handler of SIGSYS finds the arguments of the system call that a
 * seccomp filter turned into the signal, and puts the result: CALL_ARG(context,
 * 1) to 5 and CALL_RESULT(context). On other machines than these,
 * HAVE_CALL_REGISTERS is not defined.
 */
#ifndef CALL_REGISTERS_H
#define CALL_REGISTERS_H

#include <ucontext.h>

#if defined(__x86_64__) && defined(__LP64__)
#define HAVE_CALL_REGISTERS
enum { CALL_NR_ = REG_RAX, CALL_ARG1_ = REG_RDI, CALL_ARG2_ = REG_RSI,
       CALL_ARG3_ = REG_RDX, CALL_ARG4_ = REG_R10, CALL_ARG5_ = REG_R8 };
#elif defined(__i386__)
#define HAVE_CALL_REGISTERS
enum { CALL_NR_ = REG_EAX, CALL_ARG1_ = REG_EBX, CALL_ARG2_ = REG_ECX,
       CALL_ARG3_ = REG_EDX, CALL_ARG4_ = REG_ESI, CALL_ARG5_ = REG_EDI };
#endif

#ifdef HAVE_CALL_REGISTERS
#define CALL_ARG(context, n) \
	(((ucontext_t *)(context))->uc_mcontext.gregs[CALL_ARG##n##_])
#define CALL_RESULT(context) \
	(((ucontext_t *)(context))->uc_mcontext.gregs[CALL_NR_])
#endif

#endif
