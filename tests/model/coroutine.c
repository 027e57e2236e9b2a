// SPDX-License-Identifier: MIT
/* The threads of the model are coroutines: each stops before its next step. */
#include "model.h"

unsigned char stacks[THREADS][8192] __attribute__((aligned(64)));
int running;
static void *search_sp;
extern char __start_under_test[] __attribute__((weak));	/* its static data */
extern char __stop_under_test[] __attribute__((weak));

/* Save the registers that a call preserves, and change stacks. */
void switch_to(void **save, void *to);
__asm__(".text\n.globl switch_to\nswitch_to:\n"
	"push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
	"mov %rsp,(%rdi)\nmov %rsi,%rsp\n"
	"pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n");

void thread_start(int i, void (*f)(void))
{
	void **sp = (void **)(stacks[i] + STACK);
	int k;

	memset(stacks[i], 0, STACK);
	*--sp = 0;			/* as if called */
	*--sp = (void *)f;
	for (k = 0; k < 6; k++)
		*--sp = 0;
	world.threads[i].sp = sp;
}

/* The static data of a process start with the values in the program. */
void thread_statics(struct thread *t)
{
	static unsigned char initial[sizeof(t->statics)];
	static int known;

	if (!known) {
		if (__stop_under_test - __start_under_test > (long)sizeof(initial))
			abort();
		memcpy(initial, __start_under_test, __stop_under_test - __start_under_test);
		known = 1;
	}
	memcpy(t->statics, initial, sizeof(initial));
}

size_t stack_used(int i)
{
	return stacks[i] + STACK - (unsigned char *)world.threads[i].sp;
}

/* Clears what a step left below the stack pointer, so that equal states compare
 * equal. */
void stack_clear(int i)
{
	unsigned char *sp = world.threads[i].sp;
	unsigned char *low = sp - stacks[i] > 1536 ? sp - 1536 : stacks[i];

	memset(low, 0, sp - low);
}

void thread_stop(void) { switch_to(&current->sp, search_sp); }

void thread_resume(int i)
{
	size_t size = __stop_under_test - __start_under_test;

	running = i;
	failed = NULL;
	memcpy(__start_under_test, current->statics, size);
	switch_to(&search_sp, current->sp);
	memcpy(current->statics, __start_under_test, size);
	stack_clear(i);
	if (current->status >= FINISHED)
		current->sp = stacks[i] + STACK;
}

void thread_step(enum step step, const char *what)
{
	current->step = step;
	current->what = what;
	thread_stop();
}

int mc_choose(int n, const char *what)
{
	struct thread *t = current;
	int choice;

	if (n <= 1)
		return 0;
	t->status = CHOICE;
	t->nchoice = n;
	t->what = what;
	thread_stop();
	t->status = RUN;
	choice = t->choice;
	t->choice = 0;
	t->nchoice = 0;
	return choice;
}
