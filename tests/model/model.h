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

/* CHOICE: it goes on in as many ways as it says. FINISHED: has left the mutex alone
 * since; GONE: has died. */
enum status { RUN, SLEEP, CHOICE, FINISHED, GONE };

/* A thread, which is a process of its own. */
struct thread {
	void *sp;
	const char *file, *what;	/* of the step that comes next */
	int line;
	unsigned char status, kind;
	unsigned char unkillable;	/* in the kernel, which looks for signals later */
	unsigned char timed;		/* sleeps with a time-out */
	unsigned char nchoice, choice;
	unsigned char dying;
	int result;			/* of the sleep */
	struct pthread tls;		/* and the static data of the process: */
	int skip;			/* flag_unknown, no_robust_unlock */
	void *function;			/* vdso_func */
	unsigned char registered;	/* set_robust_list */
	/* What the application and the properties know: */
	unsigned char busy;		/* is in a call, or owns the mutex */
	unsigned char saw_another;	/* another one has been busy during the call */
	unsigned char dropped;		/* is through with the mutex; 2: as the last one */
	unsigned char inconsistent;	/* owns it so */
	unsigned char pi_waiter;	/* sleeps in FUTEX_LOCK_PI */
	unsigned char elsewhere;	/* sleeps on another word */
};

/* All of the state but the stacks. */
extern struct world {
	mc_mutex_t mutex;
	struct thread threads[MC_N];
	signed char holder;		/* by what the calls have returned */
	signed char pi_owner;		/* the kernel's pi_state->owner */
	signed char pi_fixup;		/* who has to change the word for it */
	unsigned char kills, spurious;	/* how many there may still be */
	unsigned char refs;		/* who may still use the mutex */
	unsigned char reused;		/* its memory is something else now */
	unsigned char death_due;	/* of which the next owner has to hear */
	unsigned char notrec;		/* unrecoverable: for certain,... */
	unsigned char notrec_begun;	/* ...or its unlock has begun */
} world;
extern int running;			/* the thread; not part of the state */
#define current (&world.threads[running])

/* What is searched. */
extern struct options {
	int threads, rounds, kills, spurious, verbose, breadth_first, reap, livelocks;
	unsigned killable;		/* mask of threads */
	const char *ops[MC_N];		/* L, T, D: lock, trylock, timedlock */
	const char *initial;		/* of the mutex: free, died, notrec */
	const char *ignore;
	int pi, type, nest;		/* type: 1 recursive, 2 errorcheck; nest: lock again */
	const char *kernel;
	int policy;			/* glibc.pthread.robust_unlock */
} options;
extern struct kernel {
	const char *name;
	int some_more;			/* "Prevent robust futex exit race some more" */
	int flag;			/* FUTEX_ROBUST_UNLOCK */
	int function, vdso;		/* in the vDSO; there is one at all */
	int refuse;			/* a filter refuses the flag */
	int retain;			/* FUTEX_WAITERS stays while there are waiters */
} kernel;
int kernel_choose(const char *name);

/* coroutine.c */
extern unsigned char stacks[MC_N][8192];
#define STACK ((long)sizeof(stacks[0]))
void thread_start(int i, void (*f)(void));
void thread_resume(int i);
void thread_stop(void);			/* back to the search */
size_t stack_used(int i);
void stack_clear(int i);		/* what is dead of it */

/* The next step, which others see. */
#define STEP(what) mc_yield(MC_GLOBAL, __FILE__, __LINE__, what)

/* kernel.c, kernel-pi.c */
void kernel_exit(void);			/* of the running thread: its robust list */
int kernel_find(unsigned tid);		/* -1 if there is none */
void kernel_store(unsigned value, const char *by);
long futex_lock_pi(int trylock, int timed);
long futex_unlock_pi(int robust, void *pop);
void exit_pi_state_list(void);
int pi_waiters(void);

/* application.c */
void application_init(void);
void application_die(void);		/* what a thread does that is killed */

/* properties.c */
extern const char *failed;		/* the property, since the last step */
extern char failure[400];
void property_call(void);		/* a call begins... */
void property_acquired(int e);		/* ...and acquires it, with 0 or EOWNERDEAD,... */
void property_not_acquired(char op, int e, int notrec);	/* ...or not */
void property_slot(const char *call);	/* list_op_pending is clear */

/* search.c: a move is a thread and what happens to it */
enum move { MOVE_STEP, MOVE_DIE, MOVE_TIMEOUT, MOVE_SPURIOUS, MOVE_CHOICE };
#define MOVE(thread, what) ((thread) << 4 | (what))
#define MOVE_THREAD(move) ((move) >> 4)
#define MOVE_WHAT(move) ((move) & 15)
void search_begin(void);		/* to the first state */
void search_move(int move);

/* trace.c: the moves that lead somewhere */
void trace_print(const int *moves, int n);
const char *basename_of(const char *path);
#endif
