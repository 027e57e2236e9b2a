/* Test a PI mutex whose owner ends with the mutex locked.
   Copyright The GNU Toolchain Authors.
   This file is part of the GNU C Library.

   The GNU C Library is free software; you can redistribute it and/or
   modify it under the terms of the GNU Lesser General Public
   License as published by the Free Software Foundation; either
   version 2.1 of the License, or (at your option) any later version.

   The GNU C Library is distributed in the hope that it will be useful,
   but WITHOUT ANY WARRANTY; without even the implied warranty of
   MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
   Lesser General Public License for more details.

   You should have received a copy of the GNU Lesser General Public
   License along with the GNU C Library; if not, see
   <https://www.gnu.org/licenses/>.  */

/* The mutex is not robust, so nobody may acquire it: lock blocks, timedlock
   times out, trylock fails.  */

#include "tst-robust.h"

#define TIMEOUT 60
#define WAITERS 2

static pthread_mutex_t *mutex;

static void
lock_and_pause (int unused)
{
  xpthread_mutex_lock (mutex);
  pause ();
}

static void
lock (int unused)
{
  pthread_mutex_lock (mutex);
  FAIL_EXIT1 ("pthread_mutex_lock returned");
}

static void
time_out (int unused)
{
  struct timespec timeout = in_ms (CLOCK_REALTIME, 100);
  TEST_COMPARE (pthread_mutex_timedlock (mutex, &timeout), ETIMEDOUT);
}

static void
fail_to_lock (int unused)
{
  struct timespec timeout = in_ms (CLOCK_REALTIME, 10);
  int result;
  TEST_COMPARE (pthread_mutex_trylock (mutex), EBUSY);
  /* The kernel returns EINVAL until the waiter to which it hands the mutex
     over has run.  */
  do
    result = pthread_mutex_timedlock (mutex, &timeout);
  while (result == EINVAL);
  TEST_COMPARE (result, ETIMEDOUT);
  TEST_COMPARE (pthread_mutex_trylock (mutex), EBUSY);
}

static pid_t
start_sleeper (void (*subtest) (int))
{
  pid_t pid = start_process (subtest, 0);
  wait_until_blocked (pid);
  return pid;
}

static void
kill_sleeper (pid_t pid)
{
  int status;
  TEST_COMPARE (waitpid (pid, &status, WNOHANG), 0);
  TEST_COMPARE (kill (pid, SIGKILL), 0);
  xwaitpid (pid, &status, 0);
}

static void
owner_ends (void (*waiter) (int), int n)
{
  pid_t pids[WAITERS];
  pid_t owner = start_sleeper (lock_and_pause);
  for (int i = 0; i < n; i++)
    pids[i] = start_sleeper (waiter);
  kill_sleeper (owner);
  run_process (fail_to_lock, 0);
  if (waiter == time_out)
    for (int i = 0; i < n; i++)
      {
	int status;
	xwaitpid (pids[i], &status, 0);
	TEST_COMPARE (status, 0);
      }
  run_process (fail_to_lock, 0);
  run_blocked_process (lock, 0);
  run_process (fail_to_lock, 0);
  if (waiter != time_out)
    for (int i = 0; i < n; i++)
      kill_sleeper (pids[i]);
  run_process (fail_to_lock, 0);
}

static int
do_test (void)
{
  static const int types[] =
    {
      PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK,
      PTHREAD_MUTEX_ADAPTIVE_NP
    };

  mutex = support_shared_allocate (sizeof (*mutex));
  for (int i = 0; i < array_length (types); i++)
    for (int n = 0; n <= WAITERS; n++)
      {
	printf ("info: type %d, %d waiters\n", types[i], n);
	pthread_mutexattr_t attr;
	xpthread_mutexattr_init (&attr);
	xpthread_mutexattr_settype (&attr, types[i]);
	xpthread_mutexattr_setpshared (&attr, PTHREAD_PROCESS_SHARED);
	xpthread_mutexattr_setprotocol (&attr, PTHREAD_PRIO_INHERIT);
	int result = pthread_mutex_init (mutex, &attr);
	if (result == ENOTSUP)
	  FAIL_UNSUPPORTED ("the kernel has no PI futexes");
	TEST_COMPARE (result, 0);
	owner_ends (lock, n);
	xpthread_mutex_init (mutex, &attr);
	owner_ends (time_out, n);
	xpthread_mutexattr_destroy (&attr);
      }
  support_shared_free (mutex);
  return 0;
}

#include <support/test-driver.c>
