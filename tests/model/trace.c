// SPDX-License-Identifier: MIT
/* Print the path to a state as a story: one line per step, with its line of the
 * source. */
#include <unistd.h>
#include "model.h"

const char *basename_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- Lines of the source ---- */

static struct place {
	const void *pc;
	char file[200];
	int line;
} places[1000];
static int nplaces;

static struct place *place_of(const void *pc)
{
	int i;

	for (i = 0; i < nplaces; i++)
		if (places[i].pc == pc)
			return &places[i];
	if (nplaces == 1000)
		return &places[0];
	places[nplaces].pc = pc;
	return &places[nplaces++];
}

static void find_places(void)
{
	char command[40000], program[1000], *colon;
	size_t n;
	FILE *f;
	int i;

	n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	program[n] = 0;
	n = snprintf(command, sizeof(command), "addr2line -e '%s'", program);
	for (i = 0; i < nplaces; i++)	/* the line of the call, not the next one */
		n += snprintf(command + n, sizeof(command) - n, " %p", (char *)places[i].pc - 1);
	fflush(stdout);
	f = popen(command, "r");
	for (i = 0; f && i < nplaces; i++) {
		if (!fgets(places[i].file, sizeof(places[i].file), f))
			break;
		colon = strrchr(places[i].file, ':');
		if (colon) {
			*colon = 0;
			places[i].line = atoi(colon + 1);
		}
	}
	if (f)
		pclose(f);
}

static void print_line(const struct place *p)
{
	char text[300] = "";
	FILE *f = fopen(p->file, "r");
	int i;

	for (i = 0; f && i < p->line; i++)
		if (!fgets(text, sizeof(text), f))
			break;
	if (f)
		fclose(f);
	text[strcspn(text, "\n")] = 0;
	printf("%s:%d: %s", basename_of(p->file), p->line, text + strspn(text, " \t"));
}

/* ---- The story ---- */

static void print_move(int move)
{
	int i = MOVE_THREAD(move);
	struct thread *t = &world.threads[i];

	printf("  T%d ", i);
	switch (MOVE_WHAT(move)) {
	case MOVE_DIE:
		printf("IS KILLED ");
		if (t->status == SLEEP) {
			printf("while it sleeps");
			return;
		}
		printf("before it ");
		break;
	case MOVE_TIMEOUT:
		printf("times out");
		return;
	case MOVE_SPURIOUS:
		printf("wakes up for no reason");
		return;
	case MOVE_SIGNAL:
		printf("gets a signal%s", t->status == SLEEP ? "" : " before it ");
		if (t->status == SLEEP)
			return;
		break;
	case MOVE_REUSE:
		printf("is a new process");
		return;
	case MOVE_STEP:
		break;
	default:
		printf("%s %d", t->what, MOVE_WHAT(move) - MOVE_CHOICE);
		return;
	}
	if (t->pc) {
		printf("%s    | ", t->what);
		print_line(place_of(t->pc));
	} else {
		printf("[%s:%d] %s", basename_of(t->file), t->line, t->what);
	}
}

/* What other threads see of the state; the trace prints what changes. */
struct seen {
	unsigned word[MUTEXES];
	unsigned char reused[MUTEXES], slot[THREADS], status[THREADS];
};

static struct seen look(void)
{
	struct seen s;
	int i;

	memset(&s, 0, sizeof(s));
	for (i = 0; i < MUTEXES; i++) {
		s.word[i] = WORD(&world.mutexes[i].m);
		s.reused[i] = world.mutexes[i].reused;
	}
	for (i = 0; i < options.threads; i++) {
		s.slot[i] = SLOT(&world.threads[i]) != NULL;
		s.status[i] = world.threads[i].status;
	}
	return s;
}

static void print_changes(const struct seen *old, const struct seen *new)
{
	int i;

	for (i = 0; i < MUTEXES; i++) {
		if (new->reused[i] && !old->reused[i])
			printf("; the memory%s is reused", i ? " of the second mutex" : "");
		if (new->word[i] != old->word[i])
			printf("; word%s %#x -> %#x", i ? " 2" : "", old->word[i], new->word[i]);
	}
	for (i = 0; i < options.threads; i++) {
		if (new->slot[i] != old->slot[i])
			printf("; T%d's slot is %s", i, new->slot[i] ? "set" : "clear");
		if (new->status[i] == SLEEP && old->status[i] != SLEEP)
			printf("; T%d sleeps", i);
		if (new->status[i] == RUN && old->status[i] == SLEEP)
			printf("; T%d runs again", i);
		if (new->status[i] == GONE && old->status[i] != GONE)
			printf("; T%d is gone", i);
	}
}

static void replay(const int *moves, int n, int print)
{
	struct seen old, new;
	int k, move;

	search_begin();
	old = look();
	for (k = 0; k < n; k++) {
		failed = NULL;
		for (move = moves[k]; move >= 0 && !failed; move = search_forced()) {
			struct thread *t = &world.threads[MOVE_THREAD(move)];

			if (t->pc)
				place_of(t->pc);
			if (print)
				print_move(move);
			search_move(move);
			new = look();
			if (print) {
				print_changes(&old, &new);
				printf("\n");
			}
			old = new;
		}
	}
}

void trace_print(const int *moves, int n)
{
	replay(moves, n, 0);
	find_places();
	replay(moves, n, 1);
}
