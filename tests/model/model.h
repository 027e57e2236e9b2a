// SPDX-License-Identifier: MIT
/* What the parts of the model share. */
#ifndef MODEL_H
#define MODEL_H 1
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libc.h"

#define THREADS 4			/* at most */
#define MUTEXES 2

/* A mutex, what the properties record of it, and the kernel's lock for it. */
struct mutex {
	mc_mutex_t m;
	signed char holder;		/* according to the results of the calls, or -1 */
	unsigned char refs;		/* number of processes that may still use it */
	unsigned char reused;		/* its memory is reused */
	unsigned char death_due;	/* the next owner must get EOWNERDEAD */
	unsigned char notrec;		/* unrecoverable: for certain,... */
	unsigned char notrec_begun;	/* ...or its unlock has begun */
	unsigned char inconsistent;	/* its holder acquired it so */
	signed char bucket;		/* the holder of the kernel's bucket lock, or -1 */
};

/* The kernel's futex_pi_state and its rt_mutex: threads, or -1. */
struct pi_state {
	unsigned char refs;
	signed char mutex, owner, rt_owner, wait_lock;
};
#define PI_STATES (THREADS + 1)

/* CHOICE: the thread can go on in nchoice ways. FINISHED: it will not use the mutex
 * any more. GONE: it has died. */
enum status { RUN, SLEEP, CHOICE, FINISHED, GONE };
/* Whether other threads can see the next step. If not, only a kill can come first. */
enum step { STEP_SEEN, STEP_UNSEEN };

/* A thread. Each one is a process. */
struct thread {
	void *sp;
	const char *what;		/* the next step, */
	const void *pc;			/* in the code under test */
	const char *file;		/* or in the model */
	int line;
	unsigned char status, step;
	unsigned char unkillable;	/* in the kernel, which handles signals later */
	unsigned char timed;		/* sleeps with a time-out */
	unsigned char nchoice, choice;
	int result;			/* result of the sleep */
	const signed char *waits_for;	/* cannot continue until this is -1 */
	signed char futex;		/* queued for the word of this mutex, or -1 */
	unsigned char queued;		/* FUTEX_LOCK_PI: it has a futex_q,... */
	signed char pi_state;		/* ...with this one, and... */
	unsigned char rt_waiter, rt_top;	/* ...waits for its rt_mutex, as the next */
	signed char exiting;		/* FUTEX_STATE_EXITING if not -1 */
	unsigned char killed, signalled;	/* to be handled after the system call */
	unsigned char filtered;		/* a filter refuses the flag */
	struct pthread tls;		/* and the static data of the process: */
	unsigned char statics[16];
	unsigned char registered;	/* set_robust_list */
	/* What the application and the properties know: */
	unsigned char busy;		/* in a call, or owns the mutex */
	unsigned char saw_another;	/* another thread was busy during the call */
	unsigned char dropped;		/* finished with the mutex; 2: the last one */
};

/* The whole state except the stacks. */
extern struct world {
	struct mutex mutexes[MUTEXES];
	struct pi_state pi_states[PI_STATES];
	unsigned char kills, spurious, signals, reuses;	/* how many may still come */
	struct thread threads[THREADS];
} world;
#define WORLD_SIZE (offsetof(struct world, threads) + options.threads * sizeof(struct thread))
extern int running;			/* the thread; not part of the state */
#define current (&world.threads[running])

/* What to search. */
extern struct options {
	int threads, rounds, verbose, brief, breadth_first, livelocks;
	int kills, spurious;
	int signals;			/* whose handlers use the second mutex */
	int reuses;			/* a new process gets the TID of a dead one */
	unsigned killable, stock;	/* masks of threads */
	int two;			/* the owner locks the second mutex too */
	int cond;			/* the owner waits for a condition */
	int exit;			/* the owner calls pthread_exit */
	const char *ops[THREADS];	/* L, T, D: lock, trylock, timedlock */
	const char *initial;		/* of the mutex: free, died, notrec */
	int pi, type, nest;		/* type: 1 recursive, 2 errorcheck; nest: lock again */
	const char *kernel;
	int policy;			/* glibc.pthread.robust_unlock */
} options;
extern struct kernel {
	const char *name;
	enum {				/* The word for which a death wakes a waiter: */
		FREE,			/* "futex: Prevent robust futex exit race" */
		OWNERLESS,		/* "Resend potentially swallowed owner death..." */
		OWNERLESS_OR_UNWAITED	/* "Prevent robust futex exit race some more" */
	} again;
	int flag;			/* FUTEX_ROBUST_UNLOCK */
	int function, vdso;		/* in the vDSO; whether there is a vDSO */
	int refuse;			/* a filter refuses the flag,... */
	int midway;			/* ...from some point on,... */
	int lie;			/* ...or sometimes falsely reports success */
	int efault;			/* an emulator does not pass the slot on */
	int einval;			/* an error after the release */
	int retain;			/* keeps FUTEX_WAITERS while there are waiters */
} kernel;
int kernel_choose(const char *name);

/* coroutine.c */
extern unsigned char stacks[THREADS][8192];
#define STACK ((long)sizeof(stacks[0]))
void thread_start(int i, void (*f)(void));
void thread_statics(struct thread *t);
void thread_resume(int i);
void thread_stop(void);			/* back to the search */
void thread_step(enum step step, const char *what);	/* stop before it */
size_t stack_used(int i);
void stack_clear(int i);		/* its unused part */
#define STEP(what) (current->file = __FILE__, current->line = __LINE__, \
		    thread_step(STEP_SEEN, what))

/* kernel.c, kernel-pi.c */
void kernel_exit(void);			/* the exit of the running thread */
int kernel_find(unsigned tid);		/* -1 if there is none */
void kernel_store(struct mutex *m, unsigned value, const char *by);
long sleep_on(int futex, int timed);
long futex_lock_pi(struct mutex *m, int trylock, int timed);
long futex_unlock_pi(struct mutex *m);
void exit_pi_state_list(void);

/* application.c */
void application_init(void);
void application_start(int i);		/* a process, with the TID of this thread */
void application_die(void);		/* what a killed thread does */
void application_signal(void);		/* a handler */

/* properties.c */
extern const char *failed;		/* the property that failed since the last step */
extern char failure[400];
void property_touch(struct mutex *m, const void *pc);	/* libc accesses its memory */
void property_call(void);		/* a call begins... */
void property_acquired(struct mutex *m, int e);	/* ...and acquires the mutex, with 0 or EOWNERDEAD,... */
void property_not_acquired(struct mutex *m, char op, int e);	/* ...or not */
void property_slot(const char *call);	/* list_op_pending is clear */

/* search.c: a move is a thread and what happens to it */
enum move { MOVE_STEP, MOVE_DIE, MOVE_TIMEOUT, MOVE_SPURIOUS, MOVE_SIGNAL, MOVE_REUSE, MOVE_CHOICE };
#define MOVE(thread, what) ((thread) << 4 | (what))
#define MOVE_THREAD(move) ((move) >> 4)
#define MOVE_WHAT(move) ((move) & 15)
void search_begin(void);		/* to the first state */
void search_move(int move);
int search_forced(void);		/* the only move, or -1 */

/* trace.c: prints the moves, and the forced ones after each */
void trace_print(const int *moves, int n);
const char *basename_of(const char *path);
#endif
