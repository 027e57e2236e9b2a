/* Test pthread_cond_wait with a robust mutex.
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

/* The unlock inside of pthread_cond_wait and its lock afterwards have to be
   those of a robust mutex, whatever helps to release it.  */

#include "tst-robust-unlock.h"

#define WAITERS 4

static pthread_mutex_t mutex;
static pthread_cond_t cond;
static int waiting;
static int woken;
static int expected;

/* Wait for the condition variable, and on the way out for the mutex.  */
static void *
cond_waiter (void *closure)
{
  xpthread_mutex_lock (&mutex);
  waiting++;
  int result = pthread_cond_wait (&cond, &mutex);
  if (expected == ENOTRECOVERABLE)
    TEST_COMPARE (result, ENOTRECOVERABLE);
  else
    {
      /* The first one inherits from the dead owner.  */
      TEST_COMPARE (result, woken == 0 ? expected : 0);
      if (result == EOWNERDEAD)
	xpthread_mutex_consistent (&mutex);
      woken++;
      xpthread_mutex_unlock (&mutex);
    }
  check_no_robust_mutex ();
  return NULL;
}

static void *
lock_and_end (void *closure)
{
  xpthread_mutex_lock (&mutex);
  if (closure != NULL)
    TEST_COMPARE (pthread_cond_broadcast (&cond), 0);
  return NULL;
}

static void
check (const struct kind *kind)
{
  pthread_t threads[WAITERS];

  init_robust_mutex (&mutex, kind);
  TEST_COMPARE (pthread_cond_init (&cond, NULL), 0);
  waiting = woken = 0;
  for (int i = 0; i < WAITERS; i++)
    threads[i] = xpthread_create (NULL, cond_waiter, NULL);
  /* That the mutex can be had shows that pthread_cond_wait releases it.  */
  for (bool all = false; !all; sched_yield ())
    {
      xpthread_mutex_lock (&mutex);
      all = waiting == WAITERS;
      xpthread_mutex_unlock (&mutex);
    }
  switch (expected)
    {
    case 0:
      xpthread_mutex_lock (&mutex);
      TEST_COMPARE (pthread_cond_broadcast (&cond), 0);
      xpthread_mutex_unlock (&mutex);
      break;
    case EOWNERDEAD:
      xpthread_join (xpthread_create (NULL, lock_and_end, &mutex));
      break;
    default:
      xpthread_join (xpthread_create (NULL, lock_and_end, NULL));
      TEST_COMPARE (pthread_mutex_lock (&mutex), EOWNERDEAD);
      TEST_COMPARE (pthread_cond_broadcast (&cond), 0);
      xpthread_mutex_unlock (&mutex);
    }
  for (int i = 0; i < WAITERS; i++)
    xpthread_join (threads[i]);
  if (expected != ENOTRECOVERABLE)
    TEST_COMPARE (woken, WAITERS);
  TEST_COMPARE (pthread_cond_destroy (&cond), 0);
  xpthread_mutex_destroy (&mutex);
}

static int
do_test (void)
{
  static const int results[] = { 0, EOWNERDEAD, ENOTRECOVERABLE };
  for (int i = 0; i < array_length (kinds); i++)
    for (int j = 0; j < array_length (results); j++)
      {
	expected = results[j];
	printf ("info: %s: %s\n", kinds[i].name,
		expected == 0 ? "success" : strerrorname_np (expected));
	for (int round = 0; round < 20; round++)
	  check (&kinds[i]);
      }
  return 0;
}

#include <support/test-driver.c>
