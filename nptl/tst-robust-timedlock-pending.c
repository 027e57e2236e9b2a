/* Test that a failed lock leaves no reference to a robust mutex.
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

/* When the thread ends, the kernel would follow the reference to memory that
   may have been reused.  */

#include "tst-robust.h"

static pthread_mutex_t mutex;

static void *
fail_to_lock (void *closure)
{
  struct timespec past = make_timespec (1, 0);
  struct timespec invalid = make_timespec (1, -1);
  struct timespec soon = in_ms (CLOCK_REALTIME, 10);
  TEST_COMPARE (pthread_mutex_timedlock (&mutex, &past), ETIMEDOUT);
  check_no_robust_mutex ();
  TEST_COMPARE (pthread_mutex_timedlock (&mutex, &soon), ETIMEDOUT);
  check_no_robust_mutex ();
  TEST_COMPARE (pthread_mutex_timedlock (&mutex, &invalid), EINVAL);
  check_no_robust_mutex ();
  soon = in_ms (CLOCK_MONOTONIC, 10);
  TEST_COMPARE (pthread_mutex_clocklock (&mutex, CLOCK_MONOTONIC, &soon),
		ETIMEDOUT);
  check_no_robust_mutex ();
  return NULL;
}

static int
do_test (void)
{
  for (int i = 0; i < array_length (kinds); i++)
    {
      printf ("info: %s\n", kinds[i].name);
      init_robust_mutex (&mutex, &kinds[i]);
      xpthread_mutex_lock (&mutex);
      xpthread_join (xpthread_create (NULL, fail_to_lock, NULL));
      xpthread_mutex_unlock (&mutex);
      xpthread_mutex_destroy (&mutex);
    }
  return 0;
}

#include <support/test-driver.c>
