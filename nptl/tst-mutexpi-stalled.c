/* Test a PI mutex whose owner ends with the mutex locked.
   Copyright The GNU Toolchain Authors.
   SPDX-License-Identifier: LGPL-2.1-or-later
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
   times out, trylock fails.  The same for two threads that wait for each other
   with two mutexes, if they are not error-checking.  */

#include <array_length.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <support/check.h>
#include <support/process_state.h>
#include <support/support.h>
#include <support/timespec.h>
#include <support/xthread.h>
#include <support/xunistd.h>

#define WAITERS 2

static struct shared
{
  pthread_mutex_t first;
  pthread_mutex_t second;
} *shared;

static struct timespec
in_ms (int ms)
{
  return timespec_add (xclock_now (CLOCK_REALTIME),
		       make_timespec (0, ms * 1000000));
}

static pid_t
start (void (*f) (void))
{
  pid_t pid = xfork ();
  if (pid == 0)
    {
      f ();
      _exit (support_record_failure_is_failed ());
    }
  return pid;
}

/* As start, and return once the process sleeps.  */
static pid_t
start_sleeper (void (*f) (void))
{
  pid_t pid = start (f);
  support_process_state_wait (pid, support_process_state_sleeping);
  return pid;
}

static void
check_exit (pid_t pid)
{
  int status;
  xwaitpid (pid, &status, 0);
  TEST_COMPARE (status, 0);
}

static void
kill_sleeper (pid_t pid)
{
  int status;
  TEST_COMPARE (waitpid (pid, &status, WNOHANG), 0);
  TEST_COMPARE (kill (pid, SIGKILL), 0);
  xwaitpid (pid, &status, 0);
  TEST_VERIFY (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
}

static void
lock_and_pause (void)
{
  xpthread_mutex_lock (&shared->first);
  pause ();
}

static void
lock_in_vain (void)
{
  pthread_mutex_lock (&shared->first);
  FAIL_EXIT1 ("pthread_mutex_lock returned");
}

static void
time_out (void)
{
  struct timespec timeout = in_ms (300);
  TEST_COMPARE (pthread_mutex_timedlock (&shared->first, &timeout), ETIMEDOUT);
}

static void
fail_to_lock (void)
{
  struct timespec timeout = in_ms (10);
  TEST_COMPARE (pthread_mutex_trylock (&shared->first), EBUSY);
  TEST_COMPARE (pthread_mutex_timedlock (&shared->first, &timeout), ETIMEDOUT);
  TEST_COMPARE (pthread_mutex_trylock (&shared->first), EBUSY);
}

static void
owner_ends (void (*waiter) (void), int n)
{
  pid_t pids[WAITERS];
  pid_t owner = start_sleeper (lock_and_pause);
  for (int i = 0; i < n; i++)
    pids[i] = start_sleeper (waiter);
  kill_sleeper (owner);
  check_exit (start (fail_to_lock));
  if (waiter == time_out)
    for (int i = 0; i < n; i++)
      check_exit (pids[i]);
  check_exit (start (fail_to_lock));
  pid_t late = start_sleeper (lock_in_vain);
  check_exit (start (fail_to_lock));
  kill_sleeper (late);
  if (waiter != time_out)
    for (int i = 0; i < n; i++)
      kill_sleeper (pids[i]);
  check_exit (start (fail_to_lock));
}

static void
lock_both (void)
{
  xpthread_mutex_lock (&shared->second);
  xpthread_mutex_lock (&shared->first);
  xpthread_mutex_unlock (&shared->first);
  xpthread_mutex_unlock (&shared->second);
}

static void
deadlock (int type)
{
  xpthread_mutex_lock (&shared->first);
  pid_t pid = start_sleeper (lock_both);
  struct timespec timeout = in_ms (10);
  TEST_COMPARE (pthread_mutex_trylock (&shared->second), EBUSY);
  TEST_COMPARE (pthread_mutex_timedlock (&shared->second, &timeout),
		type == PTHREAD_MUTEX_ERRORCHECK ? EDEADLK : ETIMEDOUT);
  if (type == PTHREAD_MUTEX_ERRORCHECK)
    TEST_COMPARE (pthread_mutex_lock (&shared->second), EDEADLK);
  xpthread_mutex_unlock (&shared->first);
  check_exit (pid);
  xpthread_mutex_lock (&shared->second);
  xpthread_mutex_unlock (&shared->second);
}

static int
do_test (void)
{
  static const int types[] =
    {
      PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK,
      PTHREAD_MUTEX_ADAPTIVE_NP
    };

  shared = support_shared_allocate (sizeof (*shared));
  for (int i = 0; i < array_length (types); i++)
    for (int n = 0; n <= WAITERS; n++)
      {
	printf ("info: type %d, %d waiters\n", types[i], n);
	pthread_mutexattr_t attr;
	xpthread_mutexattr_init (&attr);
	xpthread_mutexattr_settype (&attr, types[i]);
	xpthread_mutexattr_setpshared (&attr, PTHREAD_PROCESS_SHARED);
	xpthread_mutexattr_setprotocol (&attr, PTHREAD_PRIO_INHERIT);
	int result = pthread_mutex_init (&shared->first, &attr);
	if (result == ENOTSUP)
	  FAIL_UNSUPPORTED ("the kernel has no PI futexes");
	TEST_COMPARE (result, 0);
	owner_ends (lock_in_vain, n);
	xpthread_mutex_init (&shared->first, &attr);
	owner_ends (time_out, n);

	xpthread_mutex_init (&shared->first, &attr);
	xpthread_mutex_init (&shared->second, &attr);
	deadlock (types[i]);
	xpthread_mutexattr_destroy (&attr);
      }
  support_shared_free (shared);
  return 0;
}

#include <support/test-driver.c>
