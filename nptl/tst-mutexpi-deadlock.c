/* Test a deadlock of two PI mutexes.
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

/* Two processes wait for each other.  FUTEX_LOCK_PI fails with EDEADLK then,
   which only an error-checking mutex reports.  */

#include "tst-robust.h"

static struct shared
{
  pthread_mutex_t first;
  pthread_mutex_t second;
} *shared;

static void
lock_both (int unused)
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
  pid_t pid = start_process (lock_both, 0);
  wait_until_blocked (pid);

  struct robust_list_head *head = robust_list ();
  struct timespec timeout = in_ms (CLOCK_REALTIME, 10);
  TEST_COMPARE (pthread_mutex_trylock (&shared->second), EBUSY);
  TEST_COMPARE (pthread_mutex_timedlock (&shared->second, &timeout),
		type == PTHREAD_MUTEX_ERRORCHECK ? EDEADLK : ETIMEDOUT);
  TEST_VERIFY (head->list_op_pending == NULL);
  if (type == PTHREAD_MUTEX_ERRORCHECK)
    TEST_COMPARE (pthread_mutex_lock (&shared->second), EDEADLK);
  TEST_VERIFY (head->list_op_pending == NULL);
  xpthread_mutex_unlock (&shared->first);

  int status;
  xwaitpid (pid, &status, 0);
  TEST_COMPARE (status, 0);
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
    for (int robust = 0; robust < 2; robust++)
      {
	printf ("info: type %d, %srobust\n", types[i], robust ? "" : "not ");
	pthread_mutexattr_t attr;
	xpthread_mutexattr_init (&attr);
	xpthread_mutexattr_settype (&attr, types[i]);
	xpthread_mutexattr_setpshared (&attr, PTHREAD_PROCESS_SHARED);
	xpthread_mutexattr_setprotocol (&attr, PTHREAD_PRIO_INHERIT);
	if (robust)
	  xpthread_mutexattr_setrobust (&attr, PTHREAD_MUTEX_ROBUST);
	int result = pthread_mutex_init (&shared->first, &attr);
	if (result == ENOTSUP)
	  FAIL_UNSUPPORTED ("the kernel has no PI futexes");
	TEST_COMPARE (result, 0);
	xpthread_mutex_init (&shared->second, &attr);
	deadlock (types[i]);
	xpthread_mutexattr_destroy (&attr);
      }
  support_shared_free (shared);
  return 0;
}

#include <support/test-driver.c>
