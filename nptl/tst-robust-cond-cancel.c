/* Test a pending cancellation in a wait with an inconsistent mutex.
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

/* The cleanup handler must run with the mutex.  */

#include "tst-robust.h"

static pthread_mutex_t mutex;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static bool cleaned_up;

static void
cleanup (void *closure)
{
  cleaned_up = true;
  xpthread_mutex_consistent (&mutex);
  xpthread_mutex_unlock (&mutex);
}

static void *
wait_canceled (void *closure)
{
  int how = *(int *) closure;
  struct timespec timeout = in_ms (how == 2 ? CLOCK_MONOTONIC : CLOCK_REALTIME,
				   60000);

  TEST_COMPARE (pthread_mutex_lock (&mutex), EOWNERDEAD);
  TEST_COMPARE (pthread_cancel (pthread_self ()), 0);
  pthread_cleanup_push (cleanup, NULL);
  if (how == 0)
    pthread_cond_wait (&cond, &mutex);
  else if (how == 1)
    pthread_cond_timedwait (&cond, &mutex, &timeout);
  else
    pthread_cond_clockwait (&cond, &mutex, CLOCK_MONOTONIC, &timeout);
  pthread_cleanup_pop (0);
  FAIL_EXIT1 ("the wait returned");
}

static int
do_test (void)
{
  for (int i = 0; i < array_length (kinds); i++)
    for (int how = 0; how < 3; how++)
      {
	printf ("info: %s\n", kinds[i].name);
	init_robust_mutex (&mutex, &kinds[i]);
	let_owner_die (&mutex);
	cleaned_up = false;
	TEST_VERIFY (xpthread_join (xpthread_create (NULL, wait_canceled,
						     &how))
		     == PTHREAD_CANCELED);
	TEST_VERIFY (cleaned_up);
	TEST_COMPARE (pthread_mutex_trylock (&mutex), 0);
	xpthread_mutex_unlock (&mutex);
	xpthread_mutex_destroy (&mutex);
      }
  return 0;
}

#include <support/test-driver.c>
