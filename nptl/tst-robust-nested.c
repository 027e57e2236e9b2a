/* Test the unlocks of a recursive mutex whose owner died.
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

/* The new owner has locked the mutex more than once and has not made it
   consistent.  The last unlock makes it unrecoverable; all unlocks return
   0.  */

#include "tst-robust.h"

static pthread_mutex_t mutex;

static void *
try_lock (void *closure)
{
  TEST_COMPARE (pthread_mutex_trylock (&mutex), *(int *) closure);
  return NULL;
}

static void
check_others (int expected)
{
  xpthread_join (xpthread_create (NULL, try_lock, &expected));
}

static int
do_test (void)
{
  for (int i = 0; i < array_length (kinds); i++)
    {
      if (kinds[i].type != PTHREAD_MUTEX_RECURSIVE)
	continue;
      printf ("info: %s\n", kinds[i].name);
      init_robust_mutex (&mutex, &kinds[i]);
      let_owner_die (&mutex);
      TEST_COMPARE (pthread_mutex_lock (&mutex), EOWNERDEAD);
      TEST_COMPARE (pthread_mutex_trylock (&mutex), 0);
      xpthread_mutex_lock (&mutex);
      TEST_COMPARE (pthread_mutex_unlock (&mutex), 0);
      TEST_COMPARE (pthread_mutex_unlock (&mutex), 0);
      check_others (EBUSY);
      TEST_COMPARE (pthread_mutex_unlock (&mutex), 0);
      check_others (ENOTRECOVERABLE);
      TEST_COMPARE (pthread_mutex_unlock (&mutex), EPERM);
      check_no_robust_mutex ();
      xpthread_mutex_destroy (&mutex);
    }
  return 0;
}

#include <support/test-driver.c>
