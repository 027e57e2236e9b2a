// SPDX-License-Identifier: MIT
/* Exhaustive search over the interleavings of robust-mutex operations in the libc's
 * own code, with a simulated kernel and with kills.
 *
 * Each thread is a coroutine and stands for a process. It stops before each step:
 * an access to shared memory, and everything up to the next one. A state is the
 * memory of the world and the stacks. Memory is sequentially consistent.
 *
 * Not all interleavings differ. If no other thread can see a step (STEP_UNSEEN),
 * the search makes it at once, and only a kill can come before it. The search does
 * not record a state that has only one move. */
#include <sys/resource.h>
#include "model.h"

struct world world;
struct options options = {
	.threads = 3, .rounds = 1, .kills = 1, .breadth_first = 1, .killable = -1,
	.ops = { "LTD", "LTD", "LTD", "LTD" }, .initial = "free",
	.kernel = "72", .policy = 1,
};

/* ---- Moves ---- */

void search_begin(void) { application_init(); }

static void kill_thread(int i)
{
	struct thread *t = &world.threads[i];

	world.kills--;
	t->status = RUN;
	if (t->rt_waiter) {			/* undoes its wait first */
		t->killed = 1;
		t->result = -EINTR;
		return;
	}
	t->unkillable = 1;
	t->futex = -1;
	t->waits_for = NULL;
	t->nchoice = t->choice = 0;
	t->timed = 0;
	t->result = 0;
	t->saw_another = 0;
	t->pc = NULL;
	thread_start(i, application_die);
}

void search_move(int move)
{
	int i = MOVE_THREAD(move), what = MOVE_WHAT(move);
	struct thread *t = &world.threads[i];

	switch (what) {
	case MOVE_STEP:
		break;
	case MOVE_DIE:
		kill_thread(i);
		break;
	case MOVE_TIMEOUT:
		t->status = RUN;
		t->result = -ETIMEDOUT;
		break;
	case MOVE_SPURIOUS:
		t->status = RUN;
		t->result = 0;
		world.spurious--;
		break;
	case MOVE_SIGNAL:
		world.signals--;
		t->signalled = 1;
		if (t->status == SLEEP) {
			t->status = RUN;
			t->result = -EINTR;
		}
		break;
	case MOVE_REUSE:
		world.reuses--;
		application_start(i);
		world.mutexes[0].refs++;
		break;
	default:
		t->choice = what - MOVE_CHOICE;
	}
	thread_resume(i);
}

static int can_be_killed(int i)
{
	struct thread *t = &world.threads[i];

	return world.kills && (options.killable >> i & 1) && !t->unkillable &&
	       (t->status == RUN || t->status == SLEEP);
}

static int can_be_signalled(int i)
{
	struct thread *t = &world.threads[i];

	return world.signals && ((t->status == RUN && t->pc) ||
				 (t->status == SLEEP && t->futex >= 0));
}

static int is_blocked(const struct thread *t) { return t->waits_for && *t->waits_for >= 0; }

/* Finds all moves that can come next. Returns their number. */
static int possible_moves(int *moves)
{
	int from = 0, to = options.threads, i, k, n = 0;

	for (i = 0; i < options.threads; i++)
		if (world.threads[i].status == CHOICE) {
			for (k = 0; k < world.threads[i].nchoice; k++)
				moves[n++] = MOVE(i, MOVE_CHOICE + k);
			return n;
		}
	for (i = 0; i < options.threads; i++)
		if (world.threads[i].status == RUN && world.threads[i].step == STEP_UNSEEN) {
			from = i;
			to = i + 1;
			break;
		}
	for (i = from; i < to; i++) {
		if (world.threads[i].status == RUN && !is_blocked(&world.threads[i]))
			moves[n++] = MOVE(i, MOVE_STEP);
		if (world.threads[i].status == SLEEP && world.threads[i].timed)
			moves[n++] = MOVE(i, MOVE_TIMEOUT);
	}
	for (i = from; i < to; i++)
		if (world.spurious && world.threads[i].status == SLEEP)
			moves[n++] = MOVE(i, MOVE_SPURIOUS);
	for (i = from; i < to; i++) {
		if (can_be_killed(i))
			moves[n++] = MOVE(i, MOVE_DIE);
		if (can_be_signalled(i))
			moves[n++] = MOVE(i, MOVE_SIGNAL);
		if (world.reuses && world.threads[i].status == GONE && world.mutexes[0].refs)
			moves[n++] = MOVE(i, MOVE_REUSE);
	}
	return n;
}

/* Whether only moves remain that need not happen. */
static int is_end(void)
{
	int i;

	for (i = 0; i < options.threads; i++) {
		struct thread *t = &world.threads[i];

		if (t->status == RUN || t->status == CHOICE || (t->status == SLEEP && t->timed))
			return 0;
	}
	return 1;
}

/* If only one move is possible, the search does not need the state before it. */
int search_forced(void)
{
	int moves[64];

	return possible_moves(moves) == 1 && !is_end() ? moves[0] : -1;
}

/* ---- States: kept as a hash, and whole until all their moves are done ---- */

static uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t r = (__uint128_t)a * b;

	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

static uint64_t hash(uint64_t h, const void *p, size_t n)
{
	const uint64_t *q = p;
	uint64_t last = 0;

	for (; n >= 8; n -= 8)
		h = mix(h ^ *q++, 0x9E3779B97F4A7C15ull) + 0x632BE59BD9B4E019ull;
	if (n) {
		memcpy(&last, q, n);
		h = mix(h ^ last, 0x9E3779B97F4A7C15ull);
	}
	return mix(h, 0xD6E8FEB86659FD93ull);
}

static uint64_t state_hash(void)
{
	uint64_t h = hash(1, &world, WORLD_SIZE);
	int i;

	for (i = 0; i < options.threads; i++)
		h = hash(h, world.threads[i].sp, stack_used(i));
	return h ? h : 1;
}

static void *allocated(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		exit(99);
	}
	return p;
}

struct snapshot {
	uint32_t state;
	struct snapshot *next;
	unsigned char data[];
};

static struct snapshot *snapshot_take(uint32_t state)
{
	struct snapshot *s;
	size_t size = WORLD_SIZE;
	unsigned char *p;
	int i;

	for (i = 0; i < options.threads; i++)
		size += stack_used(i);
	s = allocated(malloc(sizeof(*s) + size));
	s->state = state;
	s->next = NULL;
	p = s->data;
	memcpy(p, &world, WORLD_SIZE);
	p += WORLD_SIZE;
	for (i = 0; i < options.threads; i++) {
		memcpy(p, world.threads[i].sp, stack_used(i));
		p += stack_used(i);
	}
	return s;
}

static void snapshot_restore(const struct snapshot *s)
{
	const unsigned char *p = s->data;
	int i;

	memcpy(&world, p, WORLD_SIZE);
	p += WORLD_SIZE;
	for (i = 0; i < options.threads; i++) {
		stack_clear(i);
		memcpy(world.threads[i].sp, p, stack_used(i));
		p += stack_used(i);
	}
}

static uint64_t *table;			/* hashes, open addressing,... */
static uint32_t *table_state;		/* ...and their states */
static size_t table_size = 1 << 16, nstates, capacity;
static uint32_t *parent;		/* of each state, and the move from there */
static unsigned char *parent_move;
static unsigned char *reaches_end;	/* the state is an end; with livelocks=1: or leads to one */

static void table_grow(void)
{
	uint64_t *old = table;
	uint32_t *old_state = table_state;
	size_t old_size = table_size, i, j;

	table_size *= 2;
	table = allocated(calloc(table_size, sizeof(*table)));
	table_state = allocated(malloc(table_size * sizeof(*table_state)));
	for (i = 0; i < old_size; i++) {
		if (!old[i])
			continue;
		for (j = old[i] & (table_size - 1); table[j]; )
			j = (j + 1) & (table_size - 1);
		table[j] = old[i];
		table_state[j] = old_state[i];
	}
	free(old);
	free(old_state);
}

/* Returns whether the state is new. */
static int state_visit(uint64_t h, uint32_t from, int move, uint32_t *state)
{
	size_t j = h & (table_size - 1);

	while (table[j]) {
		if (table[j] == h) {
			*state = table_state[j];
			return 0;
		}
		j = (j + 1) & (table_size - 1);
	}
	if (nstates == capacity) {
		capacity = capacity ? capacity * 2 : 1 << 16;
		parent = allocated(realloc(parent, capacity * sizeof(*parent)));
		parent_move = allocated(realloc(parent_move, capacity));
		reaches_end = allocated(realloc(reaches_end, capacity));
	}
	table[j] = h;
	table_state[j] = nstates;
	parent[nstates] = from;
	parent_move[nstates] = move;
	reaches_end[nstates] = 0;
	*state = nstates++;
	if (nstates * 2 > table_size)
		table_grow();
	return 1;
}

/* ---- Violated properties: the first state of each ---- */

static struct violation {
	const char *property;
	char text[400];
	uint32_t state;
	int move;			/* from the state, or -1 */
	size_t count;
} violations[32];
static int nviolations;

static void violation(const char *property, const char *text, uint32_t state, int move)
{
	struct violation *v;
	int i;

	for (i = 0; i < nviolations; i++)
		if (!strcmp(violations[i].property, property)) {
			violations[i].count++;
			return;
		}
	if (nviolations == 32)
		return;
	v = &violations[nviolations++];
	v->property = property;
	snprintf(v->text, sizeof(v->text), "%s", text);
	v->state = state;
	v->move = move;
	v->count = 1;
}

static void sleepers(uint32_t state)
{
	char text[100];
	int i;

	for (i = 0; i < options.threads; i++)
		if (world.threads[i].status == SLEEP) {
			snprintf(text, sizeof(text), "T%d sleeps forever, word %08x", i,
				 WORD(&world.mutexes[0].m));
			violation("P3-lost-wake", text, state, -1);
		}
}

static void print_violation(const struct violation *v)
{
	static int moves[100000];
	int i, n = 0, move;
	uint32_t state;

	if (v->move >= 0)
		moves[n++] = v->move;
	for (state = v->state; state; state = parent[state])
		moves[n++] = parent_move[state];
	for (i = 0; i < n / 2; i++) {
		move = moves[i];
		moves[i] = moves[n - 1 - i];
		moves[n - 1 - i] = move;
	}
	printf("--- %s: %s\n", v->property, v->text);
	trace_print(moves, n);
}

/* ---- Livelocks: states that cannot reach an end ---- */

static uint32_t (*edges)[2];
static size_t nedges, edge_capacity;

static void edge_add(uint32_t from, uint32_t to)
{
	if (nedges == edge_capacity) {
		edge_capacity = edge_capacity ? edge_capacity * 2 : 1 << 16;
		edges = allocated(realloc(edges, edge_capacity * sizeof(*edges)));
	}
	edges[nedges][0] = from;
	edges[nedges][1] = to;
	nedges++;
}

static void find_livelocks(void)
{
	int changed = 1;
	size_t i;

	while (changed) {
		changed = 0;
		for (i = nedges; i-- > 0; )
			if (reaches_end[edges[i][1]] && !reaches_end[edges[i][0]]) {
				reaches_end[edges[i][0]] = 1;
				changed = 1;
			}
	}
	for (i = 0; i < nstates; i++)
		if (!reaches_end[i])
			violation("P8-livelock", "no end can be reached", i, -1);
}

/* ---- The search ---- */

static size_t ntransitions, nends;

/* Returns whether the search is complete. */
static int search(void)
{
	struct snapshot *head, *tail, *s, *new;
	int moves[64], n, k, is_new, forced, n_forced;
	struct rusage usage;
	uint32_t state;

	search_begin();
	state_visit(state_hash(), 0, 0, &state);
	head = tail = snapshot_take(0);
	while (head) {
		s = head;
		head = s->next;
		if (!head)
			tail = NULL;
		snapshot_restore(s);
		n = possible_moves(moves);
		if (is_end()) {
			nends++;
			reaches_end[s->state] = 1;
			sleepers(s->state);
		}
		if (!n && !is_end())
			violation("P0-deadlock", "of the kernel's locks", s->state, -1);
		for (k = 0; k < n; k++) {
			if (k)
				snapshot_restore(s);
			search_move(moves[k]);
			ntransitions++;
			for (n_forced = 0; !failed && (forced = search_forced()) >= 0; n_forced++) {
				if (n_forced == 10000) {
					failed = "P8-livelock";
					strcpy(failure, "forced moves without end");
					break;
				}
				search_move(forced);
				ntransitions++;
			}
			if (failed) {
				violation(failed, failure, s->state, moves[k]);
				reaches_end[s->state] = 1;
				continue;
			}
			is_new = state_visit(state_hash(), s->state, moves[k], &state);
			if (options.livelocks)
				edge_add(s->state, state);
			if (!is_new)
				continue;
			new = snapshot_take(state);
			if (!head) {
				head = tail = new;
			} else if (options.breadth_first) {
				tail->next = new;
				tail = new;
			} else {
				new->next = head;
				head = new;
			}
		}
		free(s);
		if (!(ntransitions & 1023)) {
			getrusage(RUSAGE_SELF, &usage);
			if (nstates > 128u << 20 || usage.ru_maxrss > 9000000)
				return 0;
		}
	}
	return 1;
}

static int parse(const char *arg)
{
	static const struct {
		const char *name;
		int *number;
		const char **word;
	} known[] = {
		{ "n", &options.threads, NULL },
		{ "rounds", &options.rounds, NULL },
		{ "kills", &options.kills, NULL },
		{ "spurious", &options.spurious, NULL },
		{ "signals", &options.signals, NULL },
		{ "reuses", &options.reuses, NULL },
		{ "two", &options.two, NULL },
		{ "cond", &options.cond, NULL },
		{ "exit", &options.exit, NULL },
		{ "stock", (int *)&options.stock, NULL },
		{ "killable", (int *)&options.killable, NULL },
		{ "ops0", NULL, &options.ops[0] },
		{ "ops1", NULL, &options.ops[1] },
		{ "ops2", NULL, &options.ops[2] },
		{ "ops3", NULL, &options.ops[3] },
		{ "kernel", NULL, &options.kernel },
		{ "policy", &options.policy, NULL },
		{ "init", NULL, &options.initial },
		{ "pi", &options.pi, NULL },
		{ "type", &options.type, NULL },
		{ "nest", &options.nest, NULL },
		{ "bfs", &options.breadth_first, NULL },
		{ "livelocks", &options.livelocks, NULL },
		{ "verbose", &options.verbose, NULL },
		{ "brief", &options.brief, NULL },
	};
	const char *value = strchr(arg, '=');
	size_t i;

	if (!value)
		return 0;
	if (!strncmp(arg, "ops=", 4)) {
		for (i = 0; i < THREADS; i++)
			options.ops[i] = value + 1;
		return 1;
	}
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i].name) != (size_t)(value - arg) ||
		    strncmp(arg, known[i].name, value - arg))
			continue;
		if (known[i].number)
			*known[i].number = atoi(value + 1);
		else
			*known[i].word = value + 1;
		return 1;
	}
	return 0;
}

static int by_property(const void *a, const void *b)
{
	return strcmp(((const struct violation *)a)->property, ((const struct violation *)b)->property);
}

int main(int argc, char **argv)
{
	struct rusage usage;
	int i, complete;

	for (i = 1; i < argc; i++)
		if (!parse(argv[i])) {
			fprintf(stderr, "unknown option: %s\n", argv[i]);
			return 2;
		}
	if (!kernel_choose(options.kernel) || options.threads > THREADS) {
		fprintf(stderr, "unknown kernel, or too many threads\n");
		return 2;
	}
	table = allocated(calloc(table_size, sizeof(*table)));
	table_state = allocated(malloc(table_size * sizeof(*table_state)));
	complete = search();
	if (complete && options.livelocks)
		find_livelocks();

	qsort(violations, nviolations, sizeof(violations[0]), by_property);
	if (options.brief) {
		for (i = 0; i < nviolations; i++)
			printf("%s%s", i ? " " : "", violations[i].property);
		return complete ? nviolations != 0 : 3;
	}
	getrusage(RUSAGE_SELF, &usage);
	for (i = 0; i < argc; i++)
		printf("%s%s", i ? " " : "", i ? argv[i] : basename_of(argv[0]));
	printf(": %s, %zu states, %zu transitions, %zu ends, %.1f s, %ld MiB:",
	       complete ? "complete" : "INCOMPLETE", nstates, ntransitions, nends,
	       usage.ru_utime.tv_sec + usage.ru_utime.tv_usec / 1e6, usage.ru_maxrss / 1024);
	for (i = 0; i < nviolations; i++)
		printf(" %s(%zu)", violations[i].property, violations[i].count);
	printf("%s\n", nviolations ? "" : " all hold");
	for (i = 0; options.verbose && i < nviolations; i++)
		print_violation(&violations[i]);
	return nviolations != 0;
}
