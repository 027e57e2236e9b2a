/* Test that all waiters of an unrecoverable robust mutex fail.
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

#include "tst-robust-unlock.h"

#define MOST_WAITERS 8

struct shared
{
  pthread_mutex_t mutex;
  int ended;
};

static struct shared *shared;

static void
lock_and_exit (void)
{
  pid_t pid = xfork ();
  if (pid == 0)
    {
      xpthread_mutex_lock (&shared->mutex);
      _exit (0);
    }
  int status;
  xwaitpid (pid, &status, 0);
  TEST_COMPARE (status, 0);
}

static void
wait_in_vain (int how)
{
  struct timespec realtime = timespec_add (xclock_now (CLOCK_REALTIME),
					   make_timespec (60, 0));
  int result;
  if (how % 3 == 0)
    result = pthread_mutex_lock (&shared->mutex);
  else if (how % 3 == 1)
    result = pthread_mutex_timedlock (&shared->mutex, &realtime);
  else
    result = pthread_mutex_clocklock (&shared->mutex, CLOCK_REALTIME,
				      &realtime);
  TEST_COMPARE (result, ENOTRECOVERABLE);
  __atomic_add_fetch (&shared->ended, 1, __ATOMIC_RELAXED);
}

static int
do_test (void)
{
  shared = support_shared_allocate (sizeof (*shared));
  for (int i = 0; i < array_length (kinds); i++)
    {
      if (kinds[i].pshared != PTHREAD_PROCESS_SHARED)
	continue;
      for (int n = 0; n <= MOST_WAITERS; n++)
	{
	  printf ("info: %s: %d waiters\n", kinds[i].name, n);
	  pid_t pids[MOST_WAITERS];
	  init_robust_mutex (&shared->mutex, &kinds[i]);
	  shared->ended = 0;
	  lock_and_exit ();
	  TEST_COMPARE (pthread_mutex_lock (&shared->mutex), EOWNERDEAD);
	  for (int j = 0; j < n; j++)
	    {
	      pids[j] = xfork ();
	      if (pids[j] == 0)
		{
		  wait_in_vain (j);
		  _exit (0);
		}
	    }
	  for (int j = 0; j < n; j++)
	    support_process_state_wait (pids[j],
					support_process_state_sleeping);
	  /* Without pthread_mutex_consistent.  */
	  xpthread_mutex_unlock (&shared->mutex);
	  for (int j = 0; j < n; j++)
	    {
	      int status;
	      xwaitpid (pids[j], &status, 0);
	      TEST_COMPARE (status, 0);
	    }
	  TEST_COMPARE (shared->ended, n);
	  /* It stays so, and pthread_mutex_trylock does not keep it.  */
	  for (int j = 0; j < 3; j++)
	    {
	      TEST_COMPARE (pthread_mutex_trylock (&shared->mutex),
			    ENOTRECOVERABLE);
	      wait_in_vain (j);
	    }
	  /* Nor does another death change it.  This is what the kernel does if
	     a thread dies in one of these functions.  */
	  for (int j = 0; j < 4; j++)
	    {
	      shared->mutex.__data.__lock = FUTEX_OWNER_DIED;
	      if (j < 3)
		wait_in_vain (j);
	      else
		TEST_COMPARE (pthread_mutex_trylock (&shared->mutex),
			      ENOTRECOVERABLE);
	      TEST_COMPARE (shared->mutex.__data.__lock, 0);
	    }
	  check_no_robust_mutex ();
	  xpthread_mutex_destroy (&shared->mutex);
	}
    }
  support_shared_free (shared);
  return 0;
}

#include <support/test-driver.c>
