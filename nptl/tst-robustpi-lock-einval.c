/* Test EINVAL of FUTEX_LOCK_PI after the owner has ended.
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
lock (int error)
{
  refuse_lock_pi (EINVAL);
  TEST_COMPARE (pthread_mutex_lock (mutex), error);
}

static void
time_out (int error)
{
  struct timespec timeout = in_ms (CLOCK_REALTIME, 10);
  refuse_lock_pi (EINVAL);
  TEST_COMPARE (pthread_mutex_timedlock (mutex, &timeout), error);
  check_no_robust_mutex ();
}

static int
do_test (void)
{
  require_filters ();
  mutex = support_shared_allocate (sizeof (*mutex));
  init_robust_mutex (mutex, &kinds[0]);

  xpthread_mutex_lock (mutex);
  run_process (lock, EINVAL);
  run_process (time_out, EINVAL);
  xpthread_mutex_unlock (mutex);

  /* The ID of no thread.  */
  mutex->__data.__lock = 0x3ffffffe;
  run_blocked_process (lock, 0);
  run_process (time_out, ETIMEDOUT);
  support_shared_free (mutex);
  return 0;
}

#include <support/test-driver.c>
