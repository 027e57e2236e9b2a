/* Test a robust PI mutex whose owner the kernel does not find.
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

#define ENABLE_PI 1
#include "tst-robust.h"

static pthread_mutex_t *mutex;

static void
lock (int unused)
{
  pthread_mutex_lock (mutex);
}

static void
time_out (int unused)
{
  struct timespec timeout = in_ms (CLOCK_REALTIME, 10);
  TEST_COMPARE (pthread_mutex_timedlock (mutex, &timeout), ETIMEDOUT);
  check_no_robust_mutex ();
}

static int
do_test (void)
{
  mutex = support_shared_allocate (sizeof (*mutex));
  for (int i = 0; i < array_length (kinds); i++)
    {
      if (kinds[i].pshared != PTHREAD_PROCESS_SHARED)
	continue;
      printf ("info: %s\n", kinds[i].name);
      init_robust_mutex (mutex, &kinds[i]);
      /* No thread has this ID.  */
      mutex->__data.__lock = 0x3ffffffe;
      run_blocked_process (lock, 0);
      run_process (time_out, 0);
      TEST_COMPARE (pthread_mutex_trylock (mutex), EBUSY);
      check_no_robust_mutex ();
    }
  support_shared_free (mutex);
  return 0;
}

#include <support/test-driver.c>
