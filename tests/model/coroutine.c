// SPDX-License-Identifier: MIT
/* Threads of the model are coroutines: each stops before its next step. */
#include "model.h"

unsigned char stacks[MC_N][8192] __attribute__((aligned(64)));
int running;
static void *search_sp;

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

size_t stack_used(int i)
{
	return stacks[i] + STACK - (unsigned char *)world.threads[i].sp;
}

/* The same in equal states: what a step left there would tell two of them apart. */
void stack_clear(int i)
{
	unsigned char *sp = world.threads[i].sp;
	unsigned char *low = sp - stacks[i] > 1536 ? sp - 1536 : stacks[i];

	memset(low, 0, sp - low);
}

void thread_stop(void) { switch_to(&current->sp, search_sp); }

void thread_resume(int i)
{
	running = i;
	failed = NULL;
	switch_to(&search_sp, current->sp);
	stack_clear(i);
	if (current->status >= FINISHED)
		current->sp = stacks[i] + STACK;
}

void mc_yield(int kind, const char *file, int line, const char *what)
{
	struct thread *t = current;

	t->kind = kind;
	t->file = file;
	t->line = line;
	t->what = what;
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
	t->file = __FILE__;
	t->line = __LINE__;
	thread_stop();
	t->status = RUN;
	choice = t->choice;
	t->choice = 0;
	t->nchoice = 0;
	return choice;
}

/* An atomic access to P comes next. */
void mc_at(const volatile void *p, const char *file, int line)
{
	const volatile char *mutex = (const volatile char *)&world.mutex, *at = p;

	if (at < mutex || at >= mutex + sizeof(world.mutex))
		return;
	if (p != (void *)&KIND(&world.mutex))	/* which never changes */
		mc_yield(MC_GLOBAL, file, line, p == (void *)&WORD(&world.mutex) ?
			 "atomic on word" : "atomic");
	mc_touch();
}
