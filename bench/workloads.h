/* SPDX-License-Identifier: MIT */
/*
 * The workloads. Each file that includes this one defines WORKLOAD(name, kind,
 * robust, shared, pi, type, text). bench/robust-bench.c runs the workloads,
 * bench/compare judges them, and bench/targets names them.
 *
 *   FLOOR	two uncontended locked compare-exchanges on one word
 *   PAIR	lock and unlock by one thread while nobody waits
 *   OWN	two threads, each with its own mutex
 *   ONE	two threads on one mutex
 *   PROCESSES	two processes on one mutex
 *   DEATH	lock after the owner's death, make consistent, unlock
 *   HANDOVER	from before the unlock until the sleeping waiter has the mutex
 *   START	start a program that does nothing, and wait for its end
 */
#define NORMAL		PTHREAD_MUTEX_NORMAL
#define RECURSIVE	PTHREAD_MUTEX_RECURSIVE
#define ERRORCHECK	PTHREAD_MUTEX_ERRORCHECK

WORKLOAD("floor",		FLOOR,	   0, 0, 0, NORMAL,	"two locked compare-exchanges")
WORKLOAD("normal-private",	PAIR,	   0, 0, 0, NORMAL,	"not robust: must not change")
WORKLOAD("robust-private",	PAIR,	   1, 0, 0, NORMAL,	"robust, private")
WORKLOAD("robust-shared",	PAIR,	   1, 1, 0, NORMAL,	"robust, process-shared")
WORKLOAD("robust-pi",		PAIR,	   1, 0, 1, NORMAL,	"robust, PI, private")
WORKLOAD("robust-pi-shared",	PAIR,	   1, 1, 1, NORMAL,	"robust, PI, process-shared")
WORKLOAD("robust-recursive",	PAIR,	   1, 1, 0, RECURSIVE,	"robust, process-shared, recursive")
WORKLOAD("robust-errorcheck",	PAIR,	   1, 1, 0, ERRORCHECK,	"robust, process-shared, error-checking")
WORKLOAD("two-mutexes",		OWN,	   1, 1, 0, NORMAL,	"two threads, each its own mutex")
WORKLOAD("one-mutex-threads",	ONE,	   1, 1, 0, NORMAL,	"two threads, one mutex")
WORKLOAD("one-mutex-processes",	PROCESSES, 1, 1, 0, NORMAL,	"two processes, one mutex")
WORKLOAD("owner-death",		DEATH,	   1, 1, 0, NORMAL,	"recovery after the owner's death")
WORKLOAD("handover",		HANDOVER,  1, 1, 0, NORMAL,	"hand-over to a sleeping waiter")
WORKLOAD("handover-pi",		HANDOVER,  1, 1, 1, NORMAL,	"the same, PI")
WORKLOAD("start-dynamic",	START,	   0, 0, 0, NORMAL,	"start-up, dynamic")
WORKLOAD("start-static",	START,	   0, 0, 0, NORMAL,	"start-up, static")
