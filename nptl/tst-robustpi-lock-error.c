/* Test EINVAL from FUTEX_LOCK_PI.
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

/* pthread_mutex_lock and pthread_mutex_timedlock return the error.  See
   tst-robustpi-cond-error for pthread_cond_wait.  */

#define ENABLE_PI 1
#include "tst-robust.h"

#ifndef ERRORS
# define ERRORS EINVAL
#endif

static pthread_mutex_t *mutex;

static void
refused_lock (int error)
{
  struct timespec timeout = in_ms (CLOCK_REALTIME, 10);
  refuse_lock_pi (error);
  TEST_COMPARE (pthread_mutex_timedlock (mutex, &timeout), error);
  check_no_robust_mutex ();
  TEST_COMPARE (pthread_mutex_lock (mutex), error);
  check_no_robust_mutex ();
}

static int
do_test (void)
{
  static const int errors[] = { ERRORS };

  require_filters ();
  mutex = support_shared_allocate (sizeof (*mutex));
  for (int i = 0; i < array_length (kinds); i++)
    for (int j = 0; j < array_length (errors); j++)
      {
	if (kinds[i].pshared != PTHREAD_PROCESS_SHARED)
	  continue;
	printf ("info: %s, %s\n", kinds[i].name, strerrorname_np (errors[j]));
	init_robust_mutex (mutex, &kinds[i]);
	xpthread_mutex_lock (mutex);
	run_process (refused_lock, errors[j]);
	xpthread_mutex_unlock (mutex);
      }
  support_shared_free (mutex);
  return 0;
}

#include <support/test-driver.c>
