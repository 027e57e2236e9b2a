/* Test errors from FUTEX_TRYLOCK_PI.
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
lock_only (int unused)
{
  xpthread_mutex_lock (mutex);
}

static void
refused_trylock (int error)
{
  refuse_futex (FUTEX_TRYLOCK_PI, error);
  TEST_COMPARE (pthread_mutex_trylock (mutex),
		error == EINVAL || error == ENOMEM ? error : EBUSY);
  check_no_robust_mutex ();
}

static int
do_test (void)
{
  require_filters ();
  mutex = support_shared_allocate (sizeof (*mutex));
  for (int i = 0; i < array_length (kinds); i++)
    {
      if (kinds[i].pshared != PTHREAD_PROCESS_SHARED)
	continue;
      printf ("info: %s\n", kinds[i].name);
      init_robust_mutex (mutex, &kinds[i]);
      run_process (lock_only, 0);
      run_process (refused_trylock, EINVAL);
      run_process (refused_trylock, ENOMEM);
      run_process (refused_trylock, ESRCH);
      TEST_COMPARE (pthread_mutex_trylock (mutex), EOWNERDEAD);
      xpthread_mutex_unlock (mutex);
    }
  support_shared_free (mutex);
  return 0;
}

#include <support/test-driver.c>
