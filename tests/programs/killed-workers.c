// SPDX-License-Identifier: MIT
/*
 * The workers of a web server take turns with a robust mutex. The server must go on
 * after SIGKILL ends two of them at the same time, under load.
 *
 * Usage: killed-workers ROUNDS PORT COMMAND...
 * COMMAND is a server that listens on PORT of 127.0.0.1. Its children are the
 * workers, and it replaces each one that dies.
 *
 * A round begins once all workers run. Within 3 s of a death (times TIMEOUTFACTOR)
 * a request must get an answer. If a connection breaks, its worker was killed, and
 * the test tries again. If no answer comes, the round is lost and the test restarts
 * the server. Exit status 1 if a round was lost.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "../lib/patience.h"

#define CLIENTS	2
#define MANY	64

static int port;
static pid_t server;

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void pause_us(int us)
{
	nanosleep(&(struct timespec) { 0, us * 1000L }, NULL);
}

static void lose(const char *what)
{
	fprintf(stderr, "killed-workers: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* One request: returns 1 if an answer came before @deadline, else 0. */
static int request(long deadline)
{
	static const char get[] = "GET /hello HTTP/1.0\r\n\r\n";
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int s = socket(AF_INET, SOCK_STREAM, 0), answer = 0;
	char got[64];

	if (s < 0)
		lose("socket");
	if (!connect(s, (struct sockaddr *)&to, sizeof(to)) &&
	    send(s, get, sizeof(get) - 1, MSG_NOSIGNAL) > 0) {
		long left = deadline - now_ms();

		answer = left > 0 && poll(&(struct pollfd) { s, POLLIN, 0 }, 1, left) == 1 &&
			 read(s, got, sizeof(got)) > 0;
	}
	close(s);
	return answer;
}

static int answers(int ms)
{
	long deadline = now_ms() + patience(ms);

	while (!request(deadline)) {
		if (now_ms() > deadline)
			return 0;
		pause_us(5000);
	}
	return 1;
}

/* The children of the server that are not dead. */
static int workers(pid_t *pids)
{
	char name[64], list[4096], *p = list, *end;
	int n = 0, fd;
	ssize_t size;

	snprintf(name, sizeof(name), "/proc/%d/task/%d/children", server, server);
	fd = open(name, O_RDONLY);
	if (fd < 0)
		lose(name);
	size = read(fd, list, sizeof(list) - 1);
	close(fd);
	for (list[size > 0 ? size : 0] = 0; n < MANY; p = end) {
		char state = 0;
		FILE *f;

		pids[n] = strtol(p, &end, 10);
		if (end == p)
			break;
		snprintf(name, sizeof(name), "/proc/%d/stat", pids[n]);
		f = fopen(name, "r");
		if (!f)
			continue;
		if (fscanf(f, "%*d (%*[^)]) %c", &state) == 1 && state != 'Z')
			n++;
		fclose(f);
	}
	return n;
}

static int start(char **command)
{
	pid_t pids[MANY];
	int n, before = 0;

	server = fork();
	if (!server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(*command, command);
		lose(*command);
	}
	if (!answers(60000)) {
		fprintf(stderr, "killed-workers: the server does not start\n");
		exit(1);
	}
	/* All workers run once their number does not change for a while. */
	while ((n = workers(pids)) != before) {
		before = n;
		usleep(patience(500000));
	}
	return n;
}

static void stop(void)
{
	pid_t pids[MANY];
	int n;

	kill(server, SIGSTOP);
	n = workers(pids);
	while (n--)
		kill(pids[n], SIGKILL);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

int main(int argc, char **argv)
{
	int rounds = argc > 3 ? atoi(argv[1]) : 0, usual, n, round, lost = 0;
	pid_t pids[MANY], clients[CLIENTS];

	if (rounds < 1)
		return 2;
	port = atoi(argv[2]);
	srand(1);
	usual = start(argv + 3);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = fork();
		if (!clients[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;) {
				request(now_ms() + 60000);
				pause_us(500);
			}
		}
	}

	for (round = 0; round < rounds; round++) {
		long until = now_ms() + patience(60000);
		int first, second;

		while ((n = workers(pids)) < usual && now_ms() < until)
			pause_us(5000);
		if (n < 2) {
			fprintf(stderr, "killed-workers: too few workers: %d\n", n);
			return 1;
		}
		pause_us(rand() % 20000);
		first = rand() % n;
		second = (first + 1 + rand() % (n - 1)) % n;
		kill(pids[first], SIGKILL);
		kill(pids[second], SIGKILL);
		if (!answers(3000)) {
			lost++;
			stop();
			usual = start(argv + 3);
		}
	}
	for (int i = 0; i < CLIENTS; i++)
		kill(clients[i], SIGKILL);
	stop();
	printf("# %d of %d rounds had no answer after the deaths of two of %d workers\n",
	       lost, round, usual);
	return lost > 0;
}
