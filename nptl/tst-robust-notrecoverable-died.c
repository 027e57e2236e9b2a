/* Test that another death leaves an unrecoverable mutex unrecoverable.
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

/* A thread that finds the mutex unrecoverable acquires and unlocks it.  The
   test sets the futex word as the kernel does if the thread dies in
   between.  */

#include "tst-robust.h"

static pthread_mutex_t mutex;

static int
do_test (void)
{
  struct timespec timeout = in_ms (CLOCK_REALTIME, 60000);

  for (int i = 0; i < array_length (kinds); i++)
    {
      printf ("info: %s\n", kinds[i].name);
      init_robust_mutex (&mutex, &kinds[i]);
      let_owner_die (&mutex);
      TEST_COMPARE (pthread_mutex_lock (&mutex), EOWNERDEAD);
      xpthread_mutex_unlock (&mutex);
      TEST_COMPARE (pthread_mutex_lock (&mutex), ENOTRECOVERABLE);

      mutex.__data.__lock = FUTEX_OWNER_DIED;
      TEST_COMPARE (pthread_mutex_lock (&mutex), ENOTRECOVERABLE);
      TEST_COMPARE (mutex.__data.__lock, 0);
      mutex.__data.__lock = FUTEX_OWNER_DIED;
      TEST_COMPARE (pthread_mutex_trylock (&mutex), ENOTRECOVERABLE);
      TEST_COMPARE (mutex.__data.__lock, 0);
      mutex.__data.__lock = FUTEX_OWNER_DIED;
      TEST_COMPARE (pthread_mutex_timedlock (&mutex, &timeout),
		    ENOTRECOVERABLE);
      TEST_COMPARE (mutex.__data.__lock, 0);
      check_no_robust_mutex ();
      xpthread_mutex_destroy (&mutex);
    }
  return 0;
}

#include <support/test-driver.c>
