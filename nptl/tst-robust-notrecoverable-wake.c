/* Test that all waiters of an unrecoverable robust mutex fail.
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

#include "tst-robust.h"

#define MOST_WAITERS 4

static pthread_mutex_t *mutex;

static void
lock_only (int unused)
{
  xpthread_mutex_lock (mutex);
}

static void
fail_to_lock (int how)
{
  struct timespec timeout = in_ms (CLOCK_REALTIME, 60000);
  int result;
  if (how % 2 == 0)
    result = pthread_mutex_lock (mutex);
  else
    result = pthread_mutex_timedlock (mutex, &timeout);
  TEST_COMPARE (result, ENOTRECOVERABLE);
}

static int
do_test (void)
{
  mutex = support_shared_allocate (sizeof (*mutex));
  for (int i = 0; i < array_length (kinds); i++)
    {
      if (kinds[i].pshared != PTHREAD_PROCESS_SHARED)
	continue;
      for (int n = 0; n <= MOST_WAITERS; n++)
	{
	  printf ("info: %s: %d waiters\n", kinds[i].name, n);
	  pid_t pids[MOST_WAITERS];
	  init_robust_mutex (mutex, &kinds[i]);
	  run_process (lock_only, 0);
	  TEST_COMPARE (pthread_mutex_lock (mutex), EOWNERDEAD);
	  for (int j = 0; j < n; j++)
	    pids[j] = start_process (fail_to_lock, j);
	  for (int j = 0; j < n; j++)
	    wait_until_blocked (pids[j]);
	  /* Without pthread_mutex_consistent.  */
	  xpthread_mutex_unlock (mutex);
	  for (int j = 0; j < n; j++)
	    {
	      int status;
	      xwaitpid (pids[j], &status, 0);
	      TEST_COMPARE (status, 0);
	    }
	  check_no_robust_mutex ();
	  xpthread_mutex_destroy (mutex);
	}
    }
  support_shared_free (mutex);
  return 0;
}

#include <support/test-driver.c>
