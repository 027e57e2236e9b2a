/* SPDX-License-Identifier: MIT */
/*
 * Stops a thread at each instruction boundary, for the parent of its process, which
 * has the same code at the same addresses.
 *
 * A debugger cannot step through a loop of a load-exclusive and a store-exclusive
 * instruction (LL/SC): each stop clears the exclusive monitor, so the store never
 * succeeds. Here such a loop is one step, with a breakpoint after the store and one
 * wherever a branch between the two leaves the loop. The compiler may have put the
 * store before the load. The tests lose no boundary that matters: the loop stores
 * nothing before the store that succeeds, so a kill within it has the same effect
 * as one right before it. A step repeats a store that failed.
 *
 * On a kernel without PTRACE_SINGLESTEP (riscv64), breakpoints at each possible
 * next instruction replace it.
 */
#ifndef SINGLE_STEP_H
#define SINGLE_STEP_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "futex.h"
#include "patience.h"
#include "registers.h"

/* Each program defines it, to end the processes that it started. */
void cleanup(void);

/* What the program steps through, for the message of die. */
extern const char *stepping_through;

/* Prints what went wrong with the harness and ends the program. */
__attribute__((format(printf, 1, 2), noreturn))
void die(const char *fmt, ...);

/* Not every kernel can single-step. Breakpoints replace that only if no other
 * thread of the process (@with_threads) runs the same code. */
void single_step_or_skip(int with_threads);

/* In the thread: stop for the parent, which steps from here. Returns 0 if ptrace is
 * not permitted. */
int stop_to_be_stepped(void);

struct registers thread_registers(pid_t tid);

/* In the parent: the program counter of the stopped thread and, if it is at the
 * entry of a function, the return address. */
unsigned long thread_pc(pid_t tid, unsigned long *ret_addr);

/* Begin a step. When the thread has stopped again, step_is_done() says whether the
 * step is complete; if not, begin again. */
void begin_step(pid_t tid);

int step_is_done(pid_t tid);

/* In the parent: stop the thread again when it is about to execute either address,
 * without single steps before. The debug registers belong to the thread. (0, 0)
 * clears both, without which a step would not get past such an address. Returns 0
 * if this is not possible: not each hypervisor has breakpoints; and at the first one
 * the kernel patches its own code, and under QEMU's emulator a second CPU may see half
 * of the patch and crash the kernel. */
int set_breakpoints(pid_t tid, unsigned long a, unsigned long b);

/* Reads /proc/PID/task/TID/NAME. Returns the length, or 0 if there is none. */
size_t read_proc(pid_t pid, pid_t tid, const char *name, char *buf,
			       size_t size);

/* The state letter of a thread, or 0 if there is no such thread. */
char thread_state(pid_t pid, pid_t tid);

/* The offset in ints of the lock word, which is the first int that holds the
 * owner's TID; -1 if there is none. */
int lock_word_offset(const void *mutex, size_t size, pid_t tid);

#endif
