/* Test timed locks of robust PI mutexes with invalid timeouts.
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

static pthread_mutex_t mutex;
static const struct timespec before_1970 = { -1, 0 };
static const struct timespec invalid = { 1, 1000000000 };

static void *
time_out (void *closure)
{
  TEST_COMPARE (pthread_mutex_timedlock (&mutex, &before_1970), ETIMEDOUT);
  TEST_COMPARE (pthread_mutex_timedlock (&mutex, &invalid), EINVAL);
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
      let_owner_die (&mutex);
      TEST_COMPARE (pthread_mutex_timedlock (&mutex, &before_1970),
		    EOWNERDEAD);
      xpthread_join (xpthread_create (NULL, time_out, NULL));
      xpthread_mutex_consistent (&mutex);
      xpthread_mutex_unlock (&mutex);
      let_owner_die (&mutex);
      TEST_COMPARE (pthread_mutex_timedlock (&mutex, &invalid), EOWNERDEAD);
      xpthread_mutex_consistent (&mutex);
      xpthread_mutex_unlock (&mutex);
      xpthread_mutex_destroy (&mutex);

      /* The kernel does not find the owner.  */
      init_robust_mutex (&mutex, &kinds[i]);
      mutex.__data.__lock = 0x3ffffffe;
      time_out (NULL);
    }
  return 0;
}

#include <support/test-driver.c>
