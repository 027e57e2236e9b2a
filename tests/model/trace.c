// SPDX-License-Identifier: MIT
/* Print how a state is reached. */
#include "model.h"

const char *basename_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void describe(int move)
{
	int i = MOVE_THREAD(move);
	struct thread *t = &world.threads[i];

	switch (MOVE_WHAT(move)) {
	case MOVE_DIE:
		printf("  T%d (%d) KILLED before %s:%d %s%s", i, t->tls.tid, basename_of(t->file),
		       t->line, t->what, t->status == SLEEP ? " (asleep)" : "");
		break;
	case MOVE_TIMEOUT:
		printf("  T%d timeout", i);
		break;
	case MOVE_SPURIOUS:
		printf("  T%d spurious wake-up", i);
		break;
	case MOVE_STEP:
		printf("  T%d %s:%d %s", i, basename_of(t->file), t->line, t->what);
		break;
	default:
		printf("  T%d choice %d: %s", i, MOVE_WHAT(move) - MOVE_CHOICE, t->what);
	}
}

void trace_print(const int *moves, int n)
{
	int i, k;

	search_begin();
	for (k = 0; k < n; k++) {
		describe(moves[k]);
		search_move(moves[k]);
		printf("   | word %08x slots ", WORD(&world.mutex));
		for (i = 0; i < options.threads; i++)
			printf("%d", !!SLOT(&world.threads[i]));
		printf(" asleep ");
		for (i = 0; i < options.threads; i++)
			printf("%d", world.threads[i].status == SLEEP);
		printf("%s\n", world.reused ? " reused" : "");
	}
}
