// SPDX-License-Identifier: MIT
/*
 * The cost of a robust mutex without a clock: the instructions in user space, the
 * locked ones among them (x86), and the system calls of a lock and its unlock, with
 * a waiter that comes in between or without. tests/wrap/at-most-stock compares
 * patched and stock.
 *
 * The test single-steps a process through the second of two rounds, so it does not
 * count what a libc looks up or learns once.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/prctl.h>
#include <time.h>

#include "single-step.h"

struct count {
	int instructions, locked, syscalls;
};

static pthread_mutex_t mutex;
static pthread_t waiter;
static volatile pid_t waiter_tid;
static pid_t child;
/* Pointers, so these are the functions and not PLT entries. */
static int (*volatile lock)(pthread_mutex_t *) = pthread_mutex_lock;
static int (*volatile unlock)(pthread_mutex_t *) = pthread_mutex_unlock;

void cleanup(void)
{
	if (child > 0)
		kill(child, SIGKILL);
}

static void *wait_and_unlock(void *unused)
{
	waiter_tid = gettid();
	if (lock(&mutex) || unlock(&mutex))
		_exit(94);
	return unused;
}

/* Start a thread that sleeps on the mutex, which we own. */
static void start_waiter(void)
{
	struct timespec ms = { 0, 1000000 };
	volatile unsigned *word = (unsigned *)&mutex +
		lock_word_offset(&mutex, sizeof(mutex), getpid());
	int i;

	waiter_tid = 0;
	if (pthread_create(&waiter, NULL, wait_and_unlock, NULL))
		_exit(95);
	for (i = 0; !(*word & FUTEX_WAITERS) || thread_state(getpid(), waiter_tid) != 'S'; i++) {
		if (i > patience(20000))
			_exit(96);
		nanosleep(&ms, NULL);
	}
}

__attribute__((noreturn))
static void stepped_process(int contended)
{
	int round;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (round = 0; round < 2; round++) {
		if (round && !stop_to_be_stepped())
			_exit(77);
		if (lock(&mutex))
			_exit(97);
		if (contended)
			start_waiter();
		if (round)
			trap_myself();
		if (unlock(&mutex) || (contended && pthread_join(waiter, NULL)))
			_exit(98);
	}
	_exit(0);
}

static void stop(void)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		die("lost the process");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		printf("1..0 # SKIP ptrace is not permitted here\n");
		exit(77);
	}
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
		die("unexpected status %#x", status);
}

/* With a lock prefix, or xchg with memory. */
static int is_locked(const unsigned char *insn)
{
#if defined(__x86_64__) || defined(__i386__)
	while (*insn && strchr("\x26\x2e\x36\x3e\x64\x65\x66\x67\xf2\xf3", *insn))
		insn++;
	if (*insn == 0xf0)
		return 1;
#ifdef __x86_64__
	if ((*insn & 0xf0) == 0x40)
		insn++;
#endif
	return (*insn & 0xfe) == 0x86 && insn[1] < 0xc0;
#else
	return *insn & 0;
#endif
}

/* The process stops right before it calls the function. */
static void count_call(int (*f)(pthread_mutex_t *), struct count *n)
{
	unsigned long pc, ret = 0;
	int inside = 0;

	for (stop(); pc = thread_pc(child, inside ? NULL : &ret), !inside || pc != ret;) {
		inside = inside || pc == (unsigned long)f;
		if (inside) {
			n->instructions++;
			n->locked += is_locked((void *)pc);
			n->syscalls += is_syscall((void *)pc);
		}
		do {
			begin_step(child);
			stop();
		} while (!step_is_done(child));
	}
}

static void count(const char *name, int contended)
{
	struct count n = { 0, 0, 0 };
	int status = 0, of_lock;

	stepping_through = name;
	fflush(stdout);
	child = fork();
	if (child < 0)
		die("fork failed");
	if (!child)
		stepped_process(contended);
	count_call(lock, &n);
	of_lock = n.instructions;
	if (ptrace(PTRACE_CONT, child, 0, 0))
		die("cannot continue the process");
	count_call(unlock, &n);
	if (ptrace(PTRACE_DETACH, child, 0, 0) ||
	    waitpid(child, &status, 0) != child || status)
		die("the process failed with status %#x", status);
	child = 0;
	printf("# %s: %d instructions, %d locked, %d syscalls; unlock alone %d\n", name,
	       n.instructions, n.locked, n.syscalls, n.instructions - of_lock);
}

int main(void)
{
	int pi, shared, contended;
	pthread_mutexattr_t a;
	char name[80];

	single_step_or_skip(1);
	for (pi = 0; pi < 2; pi++)
		for (shared = 0; shared < 2; shared++)
			for (contended = 0; contended < 2; contended++) {
				snprintf(name, sizeof(name), "%s, %s, %scontended",
					 pi ? "robust PI" : "robust",
					 shared ? "shared" : "private",
					 contended ? "" : "un");
				if (pthread_mutexattr_init(&a) ||
				    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST) ||
				    pthread_mutexattr_setprotocol(&a, pi ? PTHREAD_PRIO_INHERIT :
								  PTHREAD_PRIO_NONE) ||
				    pthread_mutexattr_setpshared(&a, shared ?
								 PTHREAD_PROCESS_SHARED :
								 PTHREAD_PROCESS_PRIVATE) ||
				    pthread_mutex_init(&mutex, &a))
					die("cannot make a mutex");
				count(name, contended);
			}
	return 0;
}
