// SPDX-License-Identifier: MIT
/* Exhaustive search over the interleavings of robust-mutex operations, in the libc's own
 * code, with a kernel that is simulated, and with kills.
 *
 * A thread (each its own process) is a coroutine. It stops in front of each access to shared
 * memory; a state is the memory of the world and the stacks. One transition is one access and
 * what follows it up to the next. SC only. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#ifdef MC_GLIBC
# include "shim-glibc.h"
# undef __lock
# undef __owner
# define WORD(m) (*(volatile unsigned *)&(m)->__data.lock_[0])
# define KIND(m) ((void *)&(m)->__data.__kind)
# define LOCK(m) ___pthread_mutex_lock(m)
# define TRYLOCK(m) ___pthread_mutex_trylock(m)
# define TIMEDLOCK(m, t) __pthread_mutex_clocklock_common(m, CLOCK_REALTIME, t)
# define UNLOCK(m) ___pthread_mutex_unlock(m)
# define CONSISTENT(m) __pthread_mutex_consistent(m)
# define SLOT(t) (t)->tls.robust_head.list_op_pending
# define HEAD(t) (*(void **)&(t)->tls.robust_head.list)
# define OFFSET ((long)offsetof(mc_mutex_t, __data.lock_) - (long)offsetof(mc_mutex_t, __data.__list.__next))
#else
# include "shim-musl.h"
# define WORD(m) (*(volatile unsigned *)&(m)->u_.vi_[1])
# define KIND(m) ((void *)&(m)->u_.i_[0])
# define LOCK(m) __pthread_mutex_lock(m)
# define TRYLOCK(m) __pthread_mutex_trylock(m)
# define TIMEDLOCK(m, t) __pthread_mutex_timedlock(m, t)
# define UNLOCK(m) __pthread_mutex_unlock(m)
# define CONSISTENT(m) pthread_mutex_consistent(m)
# define SLOT(t) (t)->tls.robust_list.pending
# define HEAD(t) (*(void **)&(t)->tls.robust_list.head)
# define OFFSET ((long)offsetof(mc_mutex_t, u_.vi_[1]) - (long)offsetof(mc_mutex_t, u_.p_[4]))
#endif
#define W_WAITERS 0x80000000u
#define W_DIED 0x40000000u
#define W_TID 0x3fffffffu

enum { RUN, SLEEP, CHOICE, FINISHED, GONE };
#define STACK 8192
static unsigned char stacks[MC_N][STACK] __attribute__((aligned(64)));

struct thr {
	void *sp;
	const char *file, *what; int line;	/* of the next access */
	unsigned char status, kind, unkillable, timed, nchoice, choice, dying;
	int result;
	struct pthread tls;			/* the process: TLS and static data */
	int skip; void *vdsofunc; unsigned char registered;
	/* what the application and the properties know */
	unsigned char busy, legit, dropped, incons, pisleep, elsewhere;
};
static struct world {
	mc_mutex_t m;
	struct thr t[MC_N];
	signed char holder, pi_owner, pi_fix;	/* of the kernel: pi_state's owner, who has to fix the word */
	unsigned char kills, spur, refs, reused, od_due, notrec, notrec_certain, od_allowed_all;
} W;
static int cur;			/* the thread that runs; not part of the state */
static void *sched_sp;
static char failure[400]; static const char *failed;

/* Configuration */
static int N = 3, rounds = 1, kills = 1, fifo, spurious, bfs = 1, verbose, check_ef, reap = 1, max_viol = 1;
static const char *ops[MC_N] = { "LTD", "LTD", "LTD" };
static int k_flag, k_vdso, k_has_vdso = 1, k_some_more, k_retain, k_policy = 1; static int k_refuse;
static unsigned killable_mask = 7; static const char *ignore = "";
static int pi, mtype, nest; static const char *initial = "free";

struct pthread *mc_self(void) { return &W.t[cur].tls; }
int *mc_skip(void) { return &W.t[cur].skip; }
void **mc_vdsofunc(void) { return &W.t[cur].vdsofunc; }
int mc_policy(void) { return k_policy; }
void *mc_vdso(void) { return k_vdso ? (void *)mc_try_unlock : NULL; }
int mc_has_vdso(void) { return k_has_vdso; }
void mc_register(void) { W.t[cur].registered = 1; }

/* switch_to(save, to): save the callee-saved registers and the stack pointer */
void switch_to(void **save, void *to);
__asm__(".text\n.globl switch_to\nswitch_to:\n"
	"push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
	"mov %rsp,(%rdi)\nmov %rsi,%rsp\n"
	"pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n");
static void to_sched(void) { switch_to(&W.t[cur].sp, sched_sp); }

void mc_yield(int kind, const char *file, int line, const char *what)
{
	struct thr *t = &W.t[cur];
	t->kind = kind; t->file = file; t->line = line; t->what = what;
	to_sched();
}
#define KY(what) mc_yield(MC_GLOBAL, __FILE__, __LINE__, what)
int mc_choose(int n, const char *what)
{
	struct thr *t = &W.t[cur];
	if (n <= 1) return 0;
	t->status = CHOICE; t->nchoice = n; t->what = what; t->file = __FILE__; t->line = __LINE__;
	to_sched();
	t->status = RUN;
	int c = t->choice;
	t->choice = 0; t->nchoice = 0;
	return c;
}
void mc_fail(const char *prop, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(failure, sizeof failure, fmt, ap);
	va_end(ap);
	failed = prop;
	to_sched();
	abort();
}
void mc_touch(void)
{
	if (W.reused)
		mc_fail("P1b-libc-use-after-destroy", "T%d accesses the memory of the destroyed mutex at %s:%d", cur,
			W.t[cur].file, W.t[cur].line);
}
void mc_at(const volatile void *p, const char *file, int line)
{
	if ((const volatile char *)p < (char *)&W.m || (const volatile char *)p >= (char *)(&W.m + 1))
		return;
	if ((void *)p != KIND(&W.m))		/* which never changes */
		mc_yield(MC_GLOBAL, file, line, (void *)p == (void *)&WORD(&W.m) ? "atomic on word" : "atomic");
	mc_touch();
}

/* ---- The kernel ---- */
static void k_wake(int n)
{
	int s[MC_N], c = 0, i;
	for (i = 0; i < N; i++)
		if (W.t[i].status == SLEEP && !W.t[i].elsewhere) {
			if (W.t[i].pisleep) return;	/* EINVAL */
			s[c++] = i;
		}
	while (c && n-- > 0) {
		i = n >= c - 1 ? 0 : mc_choose(c, "which waiter is woken");
		W.t[s[i]].status = RUN; W.t[s[i]].kind = MC_LOCAL; W.t[s[i]].result = 0;
		s[i] = s[--c];
	}
}
static void k_store(unsigned v, const char *by)
{
	if (W.reused)
		mc_fail("P1-corruption", "the kernel (%s, T%d) changes reused memory %#x -> %#x", by, cur, WORD(&W.m), v);
	WORD(&W.m) = v;
}
/* kernel/futex/pi.c. A pi_state exists while there are waiters. */
static int npi(void) { int n = 0; for (int i = 0; i < N; i++) n += W.t[i].status == SLEEP && W.t[i].pisleep; return n; }
static int thread_of(unsigned tid) { for (int i = 0; i < N; i++) if (tid && (unsigned)W.t[i].tls.tid == tid) return i; return -1; }
static int choose_pi(void)
{
	int s[MC_N], c = 0;
	for (int i = 0; i < N; i++) if (W.t[i].status == SLEEP && W.t[i].pisleep) s[c++] = i;
	return s[mc_choose(c, "top waiter")];
}
static long lock_pi(int try, int timed)
{
	struct thr *t = &W.t[cur];
	unsigned uval, tid = t->tls.tid;
	int o;
	KY(try ? "futex_trylock_pi" : "futex_lock_pi");
retry:
	uval = WORD(&W.m);
	if ((uval & W_TID) == tid) return -EDEADLK;
	if (npi() || W.pi_fix >= 0) {		/* attach_to_pi_state */
		if ((uval & W_TID) && (W.pi_owner < 0 || (uval & W_TID) != (unsigned)W.t[W.pi_owner].tls.tid)) return -EINVAL;
		if (!(uval & W_TID) && !(uval & W_DIED)) return -EINVAL;
		if (try) return -EWOULDBLOCK;
	} else if (!(uval & W_TID)) {
		k_store((uval & W_DIED) | tid, "lock_pi_update_atomic");
		return 0;
	} else {				/* attach_to_pi_owner */
		k_store(uval | W_WAITERS, "lock_pi_update_atomic");
		o = thread_of(uval & W_TID);
		if (o < 0) return -ESRCH;
		if (W.t[o].dying) {
			while (thread_of(uval & W_TID) >= 0) KY("waits for the exit of the owner");
			goto retry;
		}
		if (try) return -EWOULDBLOCK;
		W.pi_owner = o;
	}
	t->status = SLEEP; t->timed = timed; t->pisleep = 1;
	to_sched();
	t->timed = 0; t->pisleep = 0;
	long r = t->result; t->result = 0;
	if (W.pi_fix == cur) {
		KY("fixup_pi_state_owner");
		k_store((WORD(&W.m) & W_DIED) | tid | W_WAITERS, "fixup_pi_state_owner");
		W.pi_fix = -1;
		t->unkillable = 0;
	}
	if (!npi()) W.pi_owner = -1;
	return r;
}
static long unlock_pi(int robust, void *pop)
{
	struct thr *t = &W.t[cur];
	unsigned tid = t->tls.tid;
	KY(robust ? "futex_unlock_pi|ROBUST_UNLOCK" : "futex_unlock_pi");
	if (robust && !k_flag) return -ENOSYS;
	if (robust && k_refuse) return -EPERM;
	unsigned uval = WORD(&W.m);
	if ((uval & W_TID) != tid) return -EPERM;
	t->unkillable = 1;
	KY("unlock_pi: bucket's lock");
	if (npi()) {
		int w = choose_pi();
		k_store(W_WAITERS | W.t[w].tls.tid, "wake_futex_pi");
		W.t[w].status = RUN; W.t[w].kind = MC_LOCAL; W.t[w].result = 0; W.t[w].pisleep = 0;
		W.pi_owner = npi() ? w : -1;
	} else {
		if (WORD(&W.m) != uval) { t->unkillable = 0; return -EAGAIN; }
		k_store(0, "futex_unlock_pi");
	}
	if (robust) *(void **)pop = NULL;
	t->unkillable = 0;
	return 0;
}
static void exit_pi_state_list(void)
{
	if (W.pi_owner != cur || !npi()) return;
	KY("exit_pi_state_list");
	if (!npi()) { W.pi_owner = -1; return; }
	int w = choose_pi();
	W.pi_fix = W.pi_owner = w;
	W.t[w].unkillable = 1; W.t[w].status = RUN; W.t[w].kind = MC_LOCAL; W.t[w].result = 0; W.t[w].pisleep = 0;
}
/* arch/x86/entry/vdso/common/vfutex.c with futex_fixup_robust_unlock: one step for the death */
unsigned mc_try_unlock(volatile void *lock, unsigned tid, void *pop)
{
	KY("vdso try_unlock"); mc_touch();
	unsigned old = WORD(&W.m);
	if (old == tid) { WORD(&W.m) = 0; *(void **)pop = NULL; }
	return old;
}
long mc_futex(volatile void *addr, int op, int val, int timed, void *uaddr2, int op3)
{
	struct thr *t = &W.t[cur];
	int cmd = op & 127;
	if (addr != (volatile void *)&WORD(&W.m)) {	/* delays itself */
		t->status = SLEEP; t->timed = timed; t->elsewhere = 1;
		to_sched();
		t->timed = 0; t->elsewhere = 0; t->result = 0;
		return -ETIMEDOUT;
	}
	switch (cmd) {
	case 0:	/* FUTEX_WAIT, waitwake.c: compares and queues under the bucket's lock */
		KY("futex_wait");
		if (WORD(&W.m) != (unsigned)val) return -EAGAIN;
		t->status = SLEEP; t->timed = timed;
		to_sched();
		t->timed = 0;
		long r = t->result; t->result = 0;
		return r;
	case 1:	/* FUTEX_WAKE */
		KY(op & 512 ? "futex_wake|ROBUST_UNLOCK" : "futex_wake");
		if (op & 512) {
			if (!k_flag) return -ENOSYS;
			if (k_refuse) return -EPERM;
			if (k_retain) {	/* as expected of a coming kernel: under the bucket's lock */
				int c = 0;
				for (int i = 0; i < N; i++) c += W.t[i].status == SLEEP;
				k_store(c > 1 ? W_WAITERS : 0, "futex_robust_unlock");
				*(void **)uaddr2 = NULL;
				t->unkillable = 1; k_wake(1); t->unkillable = 0;
				return 0;
			}
			k_store(0, "futex_robust_unlock");	/* waitwake.c futex_robust_unlock */
			*(void **)uaddr2 = NULL;
			t->unkillable = 1;
			KY("wake of FUTEX_ROBUST_UNLOCK");
			k_wake(val); t->unkillable = 0;
			return 0;
		}
		t->unkillable = 1; k_wake(val); t->unkillable = 0;
		return 0;
	case 6: case 8: return lock_pi(cmd == 8, timed);
	case 7: return unlock_pi(op & 512, uaddr2);
	case 5:	/* FUTEX_WAKE_OP, uaddr2 == uaddr, set to oparg, compare never true */
		KY("futex_wake_op");
		k_store((unsigned)-1, "futex_wake_op");
		t->unkillable = 1; k_wake(val); t->unkillable = 0;
		return 0;
	}
	abort();
}
/* kernel/futex/core.c handle_futex_death */
static void handle_futex_death(int pending, int is_pi)
{
	struct thr *t = &W.t[cur];
	unsigned uval, tid = t->tls.tid;
retry:
	KY("handle_futex_death: get_user");
	uval = WORD(&W.m);
	if (!k_some_more) {			/* 5.5 */
		if (pending && !is_pi && !uval) { KY("death: wake of the next"); k_wake(1); return; }
		if ((uval & W_TID) != tid) return;
	} else if ((uval & W_TID) != tid) {	/* stable releases of 2026, 7.2 */
		if (pending && !is_pi && (!(uval & W_TID) || !(uval & W_WAITERS))) { KY("death: wake of the next"); k_wake(1); }
		return;
	}
	KY("handle_futex_death: cmpxchg");
	if (WORD(&W.m) != uval) goto retry;
	k_store((uval & W_WAITERS) | W_DIED, "handle_futex_death");
	W.od_due = 1;
	if (W.holder == cur) W.holder = -1;
	if (!is_pi && uval & W_WAITERS) { KY("death: wake"); k_wake(1); }
}
static void destroy(void);
static void drop_ref(struct thr *t) { if (!t->dropped) { t->dropped = 1; W.refs--; if (!W.refs) t->dropped = 2; } }
static void death(void)
{
	struct thr *t = &W.t[cur];
	if (t->registered) {
#define PTR(x) ((char *)((uintptr_t)(x) & ~1ul))
#define BIT(x) ((int)((uintptr_t)(x) & 1))
		char *e = HEAD(t), *p = (char *)SLOT(t);
		int n = 0;
		while (PTR(e) != (char *)&HEAD(t) && n++ < 4) {
			char *next = *(char **)PTR(e);
			if (PTR(e) + OFFSET != (char *)&WORD(&W.m)) mc_fail("P0-list", "wild pointer on the list of T%d", cur);
			if (PTR(e) != PTR(p)) handle_futex_death(0, BIT(e));
			e = next;
		}
		if (p) {
			if (PTR(p) + OFFSET != (char *)&WORD(&W.m)) mc_fail("P0-list", "wild pointer in the slot of T%d", cur);
			handle_futex_death(1, BIT(p));
		}
	}
	exit_pi_state_list();
	if (W.holder == cur) mc_fail("P4-dead-holder-not-marked", "T%d died with the mutex, which was not marked", cur);
	t->busy = 0;
	t->tls.tid = -t->tls.tid;	/* no longer a TID */
	if (reap) {			/* somebody has waited for the process */
		drop_ref(t);
		if (t->dropped == 2) destroy();
	}
	t->status = GONE;
	to_sched();
	abort();
}

/* ---- The application ---- */
static void destroy(void)
{
	KY("destroy and reuse");
	/* who destroys without having held it last looks whether it is free, as by trylock */
	unsigned own = WORD(&W.m) & W_TID;
	for (int i = 0; i < N; i++)
		if (own == (unsigned)W.t[i].tls.tid) return;
	unsigned tids[MC_N], c = 0;
	for (int i = 0; i < N; i++)
		if (i != cur && W.t[i].status != GONE && W.t[i].status != FINISHED) tids[c++] = W.t[i].tls.tid & W_TID;
	W.reused = 1;
	memset((void *)&W.m, 0xee, sizeof W.m);
	if (c) WORD(&W.m) = tids[mc_choose(c, "whose TID is in the reused memory")];
}
static void set_busy(void)
{
	struct thr *t = &W.t[cur];
	t->legit = 0;
	for (int i = 0; i < N; i++)
		if (i != cur && W.t[i].busy) { t->legit = 1; W.t[i].legit = 1; }
	t->busy = 1;
}
static void check_slot(const char *op)
{
	if (SLOT(&W.t[cur])) mc_fail("P6-slot-set", "T%d: the slot is set after %s", cur, op);
}
static void body(void)
{
	struct thr *t = &W.t[cur];
	static const struct timespec later = { 1, 0 };
	for (int r = 0; r < rounds; r++) {
		int nops = strlen(ops[cur]), c = mc_choose(nops + 1, "operation (last: none more)");
		if (c == nops) break;
		char op = ops[cur][c];
		KY("operation begins");
		set_busy();
		int certain = W.notrec;
		int e = op == 'L' ? LOCK(&W.m) : op == 'T' ? TRYLOCK(&W.m) : TIMEDLOCK(&W.m, &later);
		check_slot("lock");
		if (e == 0 || e == EOWNERDEAD) {
			if (W.reused) mc_fail("P2-exclusion", "T%d got a destroyed mutex", cur);
			if (W.holder >= 0) mc_fail("P2-exclusion", "T%d got the mutex that T%d holds", cur, W.holder);
			if (W.notrec && e == EOWNERDEAD && W.od_due && strstr(ignore, "P5r"))
				W.notrec = W.notrec_certain = 0;	/* revived by a death in the exit: known */
			if (W.notrec) mc_fail("P5-acquired-unrecoverable", "T%d: %s of an unrecoverable mutex", cur, e ? "EOWNERDEAD" : "success");
			if (!e && W.od_due) mc_fail("P4-missing-EOWNERDEAD", "T%d: success although the owner died", cur);
			if (e && !W.od_due) mc_fail("P4-false-EOWNERDEAD", "T%d: EOWNERDEAD after a clean release", cur);
			W.od_due = 0;
			W.holder = cur;
			t->incons = e != 0;
			KY("has the mutex");
			if (e && mc_choose(2, "consistent?")) {
				if (CONSISTENT(&W.m)) mc_fail("P0-consistent", "pthread_mutex_consistent failed");
				t->incons = 0;
			}
			if (nest && mtype) {
				int tr = mc_choose(2, "again by trylock?");
				int e2 = tr ? TRYLOCK(&W.m) : LOCK(&W.m);
				check_slot("relock");
				int want = mtype == 1 ? 0 : EDEADLK;
#ifdef MC_GLIBC
				if (0) want = 0;
#else
				if (mtype == 2 && tr) want = EBUSY;
#endif
				if (e2 != want) mc_fail("P0-relock", "T%d: second lock: %d, want %d", cur, e2, want);
				if (!e2) {
					e2 = UNLOCK(&W.m);
#ifdef MC_GLIBC
					if (e2 == ENOTRECOVERABLE && t->incons) e2 = 0;
#endif
					if (e2) mc_fail("P0-unlock", "T%d: inner unlock returned %d", cur, e2);
					check_slot("inner unlock");
				}
			}
			int last = mc_choose(2, "last use of the mutex by this one?");
			if (last) drop_ref(t);
			W.holder = -1;
			int incons = t->incons;
			if (incons) W.notrec_certain = 1;	/* from here on ENOTRECOVERABLE is right */
			if ((e = UNLOCK(&W.m))) mc_fail("P0-unlock", "unlock returned %d", e);
			check_slot("unlock");
			t->busy = 0;
			if (incons) W.notrec = 1;
			t->incons = 0;
			if (last) break;
		} else if (e == ENOTRECOVERABLE) {
			if (!W.notrec_certain) mc_fail("P5-false-ENOTRECOVERABLE", "T%d", cur);
			W.notrec = 1;
			t->busy = 0;
		} else if ((e == EBUSY && op == 'T') || (e == ETIMEDOUT && op == 'D')) {
			if (certain) { if (!strstr(ignore, "P5c")) mc_fail("P5c-busy-unrecoverable", "T%d: %s of an unrecoverable mutex", cur, e == EBUSY ? "EBUSY" : "ETIMEDOUT"); }
			else if (!t->legit) mc_fail("P7-busy-but-free", "T%d: %s although nobody used the mutex meanwhile", cur, e == EBUSY ? "EBUSY" : "ETIMEDOUT");
			t->busy = 0;
		} else
			mc_fail("P0-result", "T%d: %c returned %d", cur, op, e);
		t->busy = 0;
	}
	drop_ref(t);
	if (t->dropped == 2) destroy();
	t->status = FINISHED;
	to_sched();
	abort();
}

/* ---- The search ---- */
static void start(int i, void (*f)(void))
{
	void **sp = (void **)(stacks[i] + STACK);
	memset(stacks[i], 0, STACK);
	*--sp = 0;	/* ret leaves the stack as a call does */
	*--sp = (void *)f;
	for (int k = 0; k < 6; k++) *--sp = 0;
	W.t[i].sp = sp;
}
static void init(void)
{
	memset(&W, 0, sizeof W);
	W.holder = W.pi_owner = W.pi_fix = -1; W.kills = kills; W.refs = N; W.spur = spurious;
#ifdef MC_GLIBC
	W.m.__data.__kind = PTHREAD_MUTEX_ROBUST_NORMAL_NP | mtype | 128 | (pi ? PTHREAD_MUTEX_PRIO_INHERIT_NP : 0);
#else
	W.m.u_.i_[0] = mtype | 4 | 128 | (pi ? 8 : 0);
#endif
	if (!strcmp(initial, "died")) {		/* somebody died with it, who is gone */
		WORD(&W.m) = W_DIED; W.od_due = 1;
#ifdef MC_GLIBC
		W.m.__data.owner_[0] = 99;
#endif
	} else if (!strcmp(initial, "notrec")) {
		W.notrec = W.notrec_certain = 1;
#ifdef MC_GLIBC
		W.m.__data.owner_[0] = PTHREAD_MUTEX_NOTRECOVERABLE;
#else
		WORD(&W.m) = 0x7fffffff;
#endif
	}
	for (int i = 0; i < N; i++) {
		W.t[i].tls.tid = 101 + i;
		HEAD(&W.t[i]) = &HEAD(&W.t[i]);
#ifdef MC_GLIBC
		W.t[i].tls.robust_prev = &W.t[i].tls.robust_head;
		W.t[i].registered = 1;
#endif
		W.t[i].status = RUN; W.t[i].kind = MC_LOCAL; W.t[i].file = "start"; W.t[i].what = "start";
		start(i, body);
	}
}
static void resume(int i)
{
	cur = i;
	failed = NULL;
	switch_to(&sched_sp, W.t[i].sp);
	/* what is below the stack is dead: the same in equal states */
	unsigned char *sp = W.t[i].sp, *lo = sp - stacks[i] > 1536 ? sp - 1536 : stacks[i];
	memset(lo, 0, sp - lo);
	if (W.t[i].status >= FINISHED) W.t[i].sp = stacks[i] + STACK;
}
enum { M_STEP, M_DIE, M_TIMEOUT, M_SPURIOUS, M_CHOICE };
static void apply(int mv)
{
	int i = mv >> 4, k = mv & 15;
	struct thr *t = &W.t[i];
	if (k == M_DIE) {
		W.kills--; t->dying = 1; t->unkillable = 1; t->elsewhere = 0; if (t->pisleep) { t->pisleep = 0; if (W.pi_fix < 0 && !npi()) W.pi_owner = -1; } t->status = RUN; t->nchoice = t->choice = 0; t->timed = 0; t->result = 0; t->legit = 0;
		start(i, death);
	} else if (k == M_TIMEOUT) {
		t->status = RUN; t->result = -ETIMEDOUT;
	} else if (k == M_SPURIOUS) {
		t->status = RUN; t->result = 0; W.spur--;
	} else if (k >= M_CHOICE)
		t->choice = k - M_CHOICE;
	resume(i);
}
static int moves(int *mv)	/* returns their number; the kills come last; *progress: others */
{
	int n = 0, i;
	for (i = 0; i < N; i++)
		if (W.t[i].status == CHOICE) {
			for (int c = 0; c < W.t[i].nchoice; c++) mv[n++] = i << 4 | (M_CHOICE + c);
			return n;
		}
	int from = 0, to = N, local = -1;
	for (i = 0; i < N; i++)
		if (W.t[i].status == RUN && W.t[i].kind == MC_LOCAL) { local = i; from = i; to = i + 1; break; }
	(void)local;
	for (i = from; i < to; i++) {
		if (W.t[i].status == RUN) mv[n++] = i << 4 | M_STEP;
		if (W.t[i].status == SLEEP && W.t[i].timed) mv[n++] = i << 4 | M_TIMEOUT;
	}
	for (i = from; i < to; i++)
		if (W.spur && W.t[i].status == SLEEP) mv[n++] = i << 4 | M_SPURIOUS;
	for (i = from; i < to; i++)
		if (W.kills && (killable_mask >> i & 1) && (W.t[i].status == RUN || W.t[i].status == SLEEP) && !W.t[i].unkillable)
			mv[n++] = i << 4 | M_DIE;
	return n;
}
static int terminal(void)	/* nothing but kills */
{
	for (int i = 0; i < N; i++)
		if (W.t[i].status == RUN || W.t[i].status == CHOICE || (W.t[i].status == SLEEP && W.t[i].timed)) return 0;
	return 1;
}

struct snap { uint32_t idx, len; struct snap *next; unsigned char data[]; };
static size_t used(int i) { return stacks[i] + STACK - (unsigned char *)W.t[i].sp; }
static uint64_t mix(uint64_t a, uint64_t b) { __uint128_t r = (__uint128_t)a * b; return (uint64_t)r ^ (uint64_t)(r >> 64); }
static uint64_t hash(uint64_t h, const void *p, size_t n)
{
	const uint64_t *q = p;
	for (; n >= 8; n -= 8) h = mix(h ^ *q++, 0x9E3779B97F4A7C15ull) + 0x632BE59BD9B4E019ull;
	if (n) { uint64_t l = 0; memcpy(&l, q, n); h = mix(h ^ l, 0x9E3779B97F4A7C15ull); }
	return mix(h, 0xD6E8FEB86659FD93ull);
}
static uint64_t state_hash(void)
{
	uint64_t h = hash(1, &W, sizeof W);
	for (int i = 0; i < N; i++) h = hash(h, W.t[i].sp, used(i));
	return h ? h : 1;
}
static struct snap *save(uint32_t idx)
{
	size_t n = sizeof W;
	for (int i = 0; i < N; i++) n += used(i);
	struct snap *s = malloc(sizeof *s + n);
	if (!s) { fputs("out of memory\n", stderr); exit(99); }
	s->idx = idx; s->len = n; s->next = NULL;
	unsigned char *p = s->data;
	memcpy(p, &W, sizeof W); p += sizeof W;
	for (int i = 0; i < N; i++) { memcpy(p, W.t[i].sp, used(i)); p += used(i); }
	return s;
}
static void restore(const struct snap *s)
{
	const unsigned char *p = s->data;
	memcpy(&W, p, sizeof W); p += sizeof W;
	for (int i = 0; i < N; i++) {
		/* the dead part below has to be zero: a snapshot of another state may have been deeper */
		unsigned char *sp = W.t[i].sp, *lo = sp - stacks[i] > 1536 ? sp - 1536 : stacks[i];
		memset(lo, 0, sp - lo);
		memcpy(sp, p, used(i)); p += used(i);
	}
}
static uint64_t *tab; static uint32_t *tabidx; static size_t tabsize = 1 << 20, nstates, cap;
static uint32_t *parent; static unsigned char *pmove; static unsigned char *isterm;
static uint32_t *edge; static size_t nedges, edgecap;
static void grow(void)
{
	size_t old = tabsize; uint64_t *ot = tab; uint32_t *oi = tabidx;
	tabsize *= 2;
	tab = calloc(tabsize, 8); tabidx = malloc(tabsize * 4);
	for (size_t i = 0; i < old; i++)
		if (ot[i]) { size_t j = ot[i] & (tabsize - 1); while (tab[j]) j = (j + 1) & (tabsize - 1); tab[j] = ot[i]; tabidx[j] = oi[i]; }
	free(ot); free(oi);
}
static int visit(uint64_t h, uint32_t par, int mv, uint32_t *idx)
{
	size_t j = h & (tabsize - 1);
	while (tab[j]) { if (tab[j] == h) { *idx = tabidx[j]; return 0; } j = (j + 1) & (tabsize - 1); }
	if (nstates == cap) {
		cap = cap ? cap * 2 : 1 << 20;
		parent = realloc(parent, cap * 4); pmove = realloc(pmove, cap); isterm = realloc(isterm, cap);
	}
	tab[j] = h; tabidx[j] = nstates;
	parent[nstates] = par; pmove[nstates] = mv; isterm[nstates] = 0;
	*idx = nstates++;
	if (nstates * 2 > tabsize) grow();
	return 1;
}
static const char *base(const char *f) { const char *s = strrchr(f, '/'); return s ? s + 1 : f; }
static void describe(int mv)
{
	int i = mv >> 4, k = mv & 15;
	struct thr *t = &W.t[i];
	if (k == M_DIE) printf("  T%d (%d) KILLED before %s:%d %s%s", i, t->tls.tid, base(t->file), t->line, t->what, t->status == SLEEP ? " (asleep)" : "");
	else if (k == M_TIMEOUT) printf("  T%d timeout", i);
	else if (k == M_SPURIOUS) printf("  T%d spurious wake-up", i);
	else if (k >= M_CHOICE) printf("  T%d choice %d: %s", i, k - M_CHOICE, t->what);
	else printf("  T%d %s:%d %s", i, base(t->file), t->line, t->what);
}
static void print_trace(uint32_t idx, int lastmv)
{
	static int mvs[100000]; int n = 0;
	if (lastmv >= 0) mvs[n++] = lastmv;
	for (uint32_t i = idx; i; i = parent[i]) mvs[n++] = pmove[i];
	init();
	for (int k = n - 1; k >= 0; k--) {
		describe(mvs[k]);
		int slots = 0;
		apply(mvs[k]);
		for (int i = 0; i < N; i++) slots |= !!SLOT(&W.t[i]) << i;
		printf("   | word %08x slots %d%d%d asleep %d%d%d%s\n", WORD(&W.m), slots & 1, slots >> 1 & 1, slots >> 2 & 1,
		       W.t[0].status == SLEEP, W.t[1].status == SLEEP, W.t[2].status == SLEEP, W.reused ? " reused" : "");
	}
}
#define MAXV 32
static struct viol { const char *prop; char text[400]; uint32_t idx; int mv; size_t count; } viol[MAXV]; static int nviol;
static int violation(const char *prop, const char *text, uint32_t idx, int mv)
{
	int i;
	for (i = 0; i < nviol; i++) if (!strcmp(viol[i].prop, prop)) { viol[i].count++; return 0; }
	if (nviol == MAXV) return 0;
	viol[nviol] = (struct viol){ .prop = prop, .idx = idx, .mv = mv, .count = 1 };
	snprintf(viol[nviol].text, sizeof viol[0].text, "%s", text);
	nviol++;
	return 1;
}
int main(int argc, char **argv)
{
	const char *kernel = "72"; size_t maxstates = 128u << 20;
	for (int i = 1; i < argc; i++) {
		char *a = argv[i], *v = strchr(a, '=');
		if (v) v++;
#define IS(s) (!strncmp(a, s "=", sizeof s))
		if (IS("n")) N = atoi(v);
		else if (IS("rounds")) rounds = atoi(v);
		else if (IS("kills")) kills = atoi(v);
		else if (IS("kernel")) kernel = v;
		else if (IS("policy")) k_policy = atoi(v);
		else if (IS("mask")) killable_mask = atoi(v);
		else if (IS("ops0")) ops[0] = v;
		else if (IS("ops1")) ops[1] = v;
		else if (IS("ops2")) ops[2] = v;
		else if (IS("ops")) ops[0] = ops[1] = ops[2] = v;
		else if (IS("dfs")) bfs = !atoi(v);
		else if (IS("ef")) check_ef = atoi(v);
		else if (IS("reap")) reap = atoi(v);
		else if (IS("verbose")) verbose = atoi(v);
		else if (IS("ignore")) ignore = v;
		else if (IS("init")) initial = v;
		else if (IS("pi")) pi = atoi(v);
		else if (IS("type")) mtype = atoi(v);	/* 1 recursive, 2 errorcheck */
		else if (IS("nest")) nest = atoi(v);	/* the owner locks again */
		else if (IS("spurious")) spurious = atoi(v);
		else { fprintf(stderr, "what is %s?\n", a); return 2; }
	}
	if (!strcmp(kernel, "55")) ;			/* 5.5 to the fix of stable releases; vDSO without the function */
	else if (!strcmp(kernel, "sm")) k_some_more = 1;	/* stable releases with "some more" */
	else if (!strcmp(kernel, "72")) k_some_more = k_flag = k_vdso = 1;
	else if (!strcmp(kernel, "72novdso")) { k_some_more = k_flag = 1; k_has_vdso = 0; }
	else if (!strcmp(kernel, "72refuse")) { k_some_more = k_flag = k_vdso = k_refuse = 1; }
	else if (!strcmp(kernel, "55novdso")) { k_has_vdso = 0; }
	else if (!strcmp(kernel, "retain")) k_some_more = k_flag = k_vdso = k_retain = 1;
	else if (!strcmp(kernel, "retainnovdso")) { k_some_more = k_flag = k_retain = 1; k_has_vdso = 0; }
	else { fprintf(stderr, "kernel?\n"); return 2; }

	tab = calloc(tabsize, 8); tabidx = malloc(tabsize * 4);
	init();
	uint32_t idx; size_t trans = 0, terms = 0, maxstack = 0; int complete = 1;
	visit(state_hash(), 0, 0, &idx);
	struct snap *head = save(0), *tail = head;
	while (head) {
		struct snap *s = head;
		head = s->next;
		if (!head) tail = NULL;
		restore(s);
		int mv[64], n = moves(mv);
		if (terminal()) {
			terms++;
			isterm[s->idx] = 1;
			for (int i = 0; i < N; i++)
				if (W.t[i].status == SLEEP) {
					char b[100];
					snprintf(b, sizeof b, "T%d sleeps for ever, word %08x", i, WORD(&W.m));
					violation("P3-lost-wake", b, s->idx, -1);
				}
		}
		for (int k = 0; k < n; k++) {
			if (k) restore(s);
			apply(mv[k]);
			trans++;
			if (failed) { violation(failed, failure, s->idx, mv[k]); isterm[s->idx] = 1; continue; }
			for (int i = 0; i < N; i++) if (used(i) > maxstack) maxstack = used(i);
			int new = visit(state_hash(), s->idx, mv[k], &idx);
			if (check_ef) {
				if (nedges == edgecap) { edgecap = edgecap ? edgecap * 2 : 1 << 20; edge = realloc(edge, edgecap * 8); }
				edge[2 * nedges] = s->idx; edge[2 * nedges + 1] = idx; nedges++;
			}
			if (new) {
				struct snap *x = save(idx);
				if (bfs) { if (tail) tail->next = x; else head = x; tail = x; }
				else { x->next = head; head = x; if (!tail) tail = x; }
			}
		}
		free(s);
		if (!(trans & 1023)) {
			struct rusage u; getrusage(RUSAGE_SELF, &u);
			if (nstates > maxstates || u.ru_maxrss > 9000000) { complete = 0; break; }
		}
	}
	size_t stuck = 0; uint32_t firststuck = 0;
	if (check_ef && complete) {	/* from each state the end can be reached */
		int changed = 1;
		while (changed) {
			changed = 0;
			for (size_t e = nedges; e-- > 0; )
				if (isterm[edge[2 * e + 1]] && !isterm[edge[2 * e]]) { isterm[edge[2 * e]] = 1; changed = 1; }
		}
		for (size_t i = 0; i < nstates; i++) if (!isterm[i]) { if (!stuck++) firststuck = i; }
		if (stuck) violation("P8-livelock", "no end can be reached", firststuck, -1);
	}
	struct rusage u; getrusage(RUSAGE_SELF, &u);
	printf("%s%s kernel=%s policy=%d n=%d rounds=%d kills=%d init=%s type=%d nest=%d spur=%d ef=%d ops=%s,%s,%s: %s, %zu states, %zu transitions, %zu ends, %.1f s, %ld MiB:",
	       base(argv[0]), pi ? " PI" : "", kernel, k_policy, N, rounds, kills, initial, mtype, nest, spurious, check_ef, ops[0], ops[1], N > 2 ? ops[2] : "-", complete ? "complete" : "INCOMPLETE",
	       nstates, trans, terms, u.ru_utime.tv_sec + u.ru_utime.tv_usec / 1e6, u.ru_maxrss / 1024);
	for (int i = 0; i < nviol; i++) printf(" %s(%zu)", viol[i].prop, viol[i].count);
	if (!nviol) printf(" all hold");
	printf("\n");
	if (verbose)
		for (int i = 0; i < nviol; i++) {
			printf("--- %s: %s\n", viol[i].prop, viol[i].text);
			print_trace(viol[i].idx, viol[i].mv);
		}
	return nviol != 0;
}
