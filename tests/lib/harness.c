// SPDX-License-Identifier: MIT
#include "harness.h"

char doing[200];
int robustness = PTHREAD_MUTEX_ROBUST;

const char *const taker_names[NR_TAKERS] = {
	"lock", "timedlock",
#ifdef __GLIBC__
	"clocklock",
#endif
	"trylock"
};

void fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("%s:%d: %s: ", file, line, doing);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

void skip(const char *reason)
{
	printf("SKIP: %s\n", reason);
	fflush(stdout);
	_exit(77);
}

void need_robust_lists(void)
{
	void *head;
	size_t len;

	if (syscall(SYS_get_robust_list, 0, &head, &len) && errno == ENOSYS)
		skip("robust lists are not implemented here");
}

void *list_op_pending(void)
{
	void **head;	/* struct robust_list_head */
	size_t len;

	CHECK(!syscall(SYS_get_robust_list, 0, &head, &len));
	return head ? head[2] : NULL;
}

void *shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

void sleep_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

struct timespec in_ms(int ms)
{
	struct timespec ts;

	CHECK(!clock_gettime(CLOCK_REALTIME, &ts));
	ts.tv_sec += ms / 1000;
	ts.tv_nsec += ms % 1000 * 1000000L;
	if (ts.tv_nsec >= 1000000000L) {
		ts.tv_nsec -= 1000000000L;
		ts.tv_sec++;
	}
	return ts;
}

void for_each_variety(void (*f)(const struct variety *))
{
	static const struct { int type; const char *name; } types[] = {
		{ PTHREAD_MUTEX_NORMAL, "normal" },
		{ PTHREAD_MUTEX_RECURSIVE, "recursive" },
		{ PTHREAD_MUTEX_ERRORCHECK, "errorcheck" },
#ifdef __GLIBC__
		{ PTHREAD_MUTEX_ADAPTIVE_NP, "adaptive" },
#endif
	};
	struct variety v;
	size_t i;
	int pi, shared;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		for (pi = 0; pi < 2; pi++)
			for (shared = 1; shared >= 0; shared--) {
				v.type = types[i].type;
				v.protocol = pi ? PTHREAD_PRIO_INHERIT :
						  PTHREAD_PRIO_NONE;
				v.pshared = shared ? PTHREAD_PROCESS_SHARED :
						     PTHREAD_PROCESS_PRIVATE;
				snprintf(v.name, sizeof(v.name), "%s%s, %s",
					 types[i].name, pi ? ", inherit" : "",
					 shared ? "shared" : "private");
				snprintf(doing, sizeof(doing), "%s", v.name);
				f(&v);
			}
}

void init(pthread_mutex_t *m, const struct variety *v)
{
	pthread_mutexattr_t a;
	int e;

	EXPECT(pthread_mutexattr_init(&a), 0);
	EXPECT(pthread_mutexattr_settype(&a, v->type), 0);
	EXPECT(pthread_mutexattr_setprotocol(&a, v->protocol), 0);
	EXPECT(pthread_mutexattr_setpshared(&a, v->pshared), 0);
	e = pthread_mutexattr_setrobust(&a, robustness);
	if (e == ENOSYS)
		skip("this libc makes no robust mutexes here");
	EXPECT(e, 0);
	e = pthread_mutex_init(m, &a);
	if (e == ENOTSUP)	/* from glibc's ports that have to ask the kernel */
		need_robust_lists();
	EXPECT(e, 0);
	EXPECT(pthread_mutexattr_destroy(&a), 0);
}

volatile unsigned *lock_word(pthread_mutex_t *m)
{
	unsigned *w = (unsigned *)m;
	size_t i;

	for (i = 0; i < sizeof(*m) / sizeof(*w); i++)
		if ((w[i] & FUTEX_TID_MASK) == (unsigned)syscall(SYS_gettid))
			return w + i;
	fail(__FILE__, __LINE__, "no word of a locked mutex has the owner's id");
}

void init_cond(pthread_cond_t *c, const struct variety *v)
{
	pthread_condattr_t a;

	EXPECT(pthread_condattr_init(&a), 0);
	EXPECT(pthread_condattr_setpshared(&a, v->pshared), 0);
	EXPECT(pthread_cond_init(c, &a), 0);
	EXPECT(pthread_condattr_destroy(&a), 0);
}

int take(enum taker how, pthread_mutex_t *m)
{
	struct timespec ts;

	switch (how) {
	case LOCK:
		return pthread_mutex_lock(m);
	case TRYLOCK:
		return pthread_mutex_trylock(m);
#ifdef __GLIBC__
	case CLOCKLOCK:
		/* PI mutexes need FUTEX_LOCK_PI2 for this clock: Linux 5.14 has it,
		 * and not every emulator does. */
		if (syscall(SYS_futex, NULL, 13, 0, NULL, NULL, 0) == -1 &&
		    errno == ENOSYS) {
			ts = in_ms(patience(60000));
			return pthread_mutex_clocklock(m, CLOCK_REALTIME, &ts);
		}
		CHECK(!clock_gettime(CLOCK_MONOTONIC, &ts));
		ts.tv_sec += patience(60);
		return pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &ts);
#endif
	default:
		ts = in_ms(patience(60000));
		return pthread_mutex_timedlock(m, &ts);
	}
}

pid_t spawn(void (*f)(void *), void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		f(arg);
		_exit(0);
	}
	return pid;
}

void reap(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail(__FILE__, __LINE__, "a process ended with status %#x",
		     status);
}

static void *partner_thread(void *arg)
{
	struct partner *p = arg;

	p->f(p->arg);
	return NULL;
}

void start_partner(struct partner *p, const struct variety *v, void (*f)(void *), void *arg)
{
	p->pid = 0;
	p->f = f;
	p->arg = arg;
	if (v->pshared == PTHREAD_PROCESS_SHARED)
		p->pid = spawn(f, arg);
	else
		EXPECT(pthread_create(&p->thread, NULL, partner_thread, p), 0);
}

void end_partner(struct partner *p)
{
	if (p->pid)
		reap(p->pid);
	else
		EXPECT(pthread_join(p->thread, NULL), 0);
}

int status_in_time(pid_t pid)
{
	int ms, status;

	for (ms = 0; !waitpid(pid, &status, WNOHANG); ms++) {
		if (ms > patience(20000)) {
			kill(pid, SIGKILL);
			fail(__FILE__, __LINE__, "a process does not end: left asleep?");
		}
		sleep_ms(1);
	}
	return status;
}

void reap_in_time(pid_t pid)
{
	int status = status_in_time(pid);

	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail(__FILE__, __LINE__, "a process ended with status %#x",
		     status);
}

void end_partner_in_time(struct partner *p)
{
	if (p->pid)
		reap_in_time(p->pid);
	else
		end_partner(p);
}

void kill_and_reap(pid_t pid)
{
	int status;

	CHECK(!kill(pid, SIGKILL));
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

void await(volatile int *flag, pid_t pid)
{
	while (!*flag) {
		if (pid && waitpid(pid, NULL, WNOHANG) == pid)
			fail(__FILE__, __LINE__, "a process ended too early");
		sleep_ms(1);
	}
}

void in_thread(void *(*f)(void *), void *arg)
{
	pthread_t t;

	EXPECT(pthread_create(&t, NULL, f, arg), 0);
	EXPECT(pthread_join(t, NULL), 0);
}

void *lock_in_thread(void *m)
{
	EXPECT(pthread_mutex_lock(m), 0);
	return NULL;
}

void lock_in_process(void *m)
{
	EXPECT(pthread_mutex_lock(m), 0);
}

void owner_dies(pthread_mutex_t *m, const struct variety *v)
{
	if (v->pshared == PTHREAD_PROCESS_SHARED)
		reap(spawn(lock_in_process, m));
	else
		in_thread(lock_in_thread, m);
}

void lose_owner(pthread_mutex_t *m, const struct variety *v)
{
	owner_dies(m, v);
	EXPECT(pthread_mutex_lock(m), EOWNERDEAD);
}

int asleep(pid_t pid)
{
	char path[64], buf[512], *p;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return -1;
	n = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[n] = 0;
	p = strrchr(buf, ')');
	return p && p[1] && p[2] == 'S';
}

void wait_until_all_asleep(const pid_t *pid, int n)
{
	int ms, i, seen = 0;

	for (ms = 0; ms < patience(30000) && seen < 20; ms++) {
		int all = 1;

		for (i = 0; i < n; i++) {
			int a = asleep(pid[i]);

			if (a < 0) {
				sleep_ms(500);
				return;
			}
			all = all && a;
		}
		seen = all ? seen + 1 : 0;
		sleep_ms(1);
	}
	CHECK(seen);
}

void wait_until_asleep(pid_t pid)
{
	wait_until_all_asleep(&pid, 1);
}
