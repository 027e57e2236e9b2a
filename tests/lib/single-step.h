/* SPDX-License-Identifier: MIT */
/*
 * A thread that is stopped at an instruction boundary of its own program, seen
 * from the parent of its process, which has the same code at the same addresses.
 *
 * A loop of a load-exclusive and a store-exclusive instruction (LL/SC) cannot be
 * stepped: each stop takes the exclusive monitor away, so that the store never
 * succeeds. It is one step here, by a breakpoint behind the store and one at each
 * place where a branch between the two leaves for good. The compiler may have
 * put the store before the load. No boundary is lost by that
 * which matters: nothing is stored before the store that succeeds, so to be
 * killed within the sequence is to be killed right before it. A store that
 * failed is tried again within the same step.
 *
 * A kernel without PTRACE_SINGLESTEP (riscv64) is helped out by breakpoints
 * wherever the instruction may lead.
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

/* The program's own: ends the processes that it started. */
void cleanup(void);

/* What is being stepped through, for the message of die. */
extern const char *stepping_through;

/* Says what went wrong with the harness and ends it. */
__attribute__((format(printf, 1, 2), noreturn))
void die(const char *fmt, ...);

/* The kernel does not step everywhere. By breakpoints it is possible only if no
 * other thread of the process (@with_threads) runs the code that is stepped. */
void single_step_or_skip(int with_threads);

/* In the thread: stop for the parent, which steps from here. False if it is
 * not permitted. */
int stop_to_be_stepped(void);

struct registers thread_registers(pid_t tid);

/* In the parent: where the stopped thread is, and if it is at the entry of a
 * function, where that returns to. */
unsigned long thread_pc(pid_t tid, unsigned long *ret_addr);

/* Begin a step from where the thread is stopped. When it has stopped again,
 * step_is_done() says if that was all of it; if not, begin again. */
void begin_step(pid_t tid);

int step_is_done(pid_t tid);

/* In the parent: have the stopped thread stop when it is about to execute what
 * is at either address, without a step for each instruction before. The debug
 * registers are the thread's own. (0, 0): not any more, without which a step
 * would not get past such an address. Returns false if this is not possible: the
 * kernel patches its own code when the first one is set, of which QEMU's emulator
 * lets a second CPU see a half, and the kernel crashes. */
int set_breakpoints(pid_t tid, unsigned long a, unsigned long b);

/* What /proc/PID/task/TID/NAME says. Returns its length, 0 if there is none. */
size_t read_proc(pid_t pid, pid_t tid, const char *name, char *buf,
			       size_t size);

/* State letter of a thread, 0 if there is no such thread. */
char thread_state(pid_t pid, pid_t tid);

/* The lock word is the first int of the mutex that holds the owner's TID.
 * Returns its offset in ints, -1 if there is none. */
int lock_word_offset(const void *mutex, size_t size, pid_t tid);

#endif
