/* Test a free robust mutex with FUTEX_WAITERS set in its word.
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

/* A change under development for Linux makes the kernel keep FUTEX_WAITERS in
   the word of a mutex that it unlocks.  This test stores such a word.  */

#include "tst-robust.h"

enum { LOCK, TRYLOCK, TIMEDLOCK, CLOCKLOCK, COND_WAIT, COND_TIMEDWAIT, COUNT };

static const char *const names[] =
{
  "lock", "trylock", "timedlock", "clocklock", "cond_wait", "cond_timedwait"
};

static pthread_mutex_t mutex;
static pthread_cond_t cond;
static int how;
static volatile bool in_wait;

/* The lock word is the first member.  */
#define LOCK_WORD (*(volatile unsigned int *) &mutex)

static void *
take (void *closure)
{
  struct timespec realtime = in_ms (CLOCK_REALTIME, 10000);
  struct timespec monotonic = in_ms (CLOCK_MONOTONIC, 10000);
  switch (how)
    {
    case LOCK:
      TEST_COMPARE (pthread_mutex_lock (&mutex), 0);
      break;
    case TRYLOCK:
      TEST_COMPARE (pthread_mutex_trylock (&mutex), 0);
      break;
    case TIMEDLOCK:
      TEST_COMPARE (pthread_mutex_timedlock (&mutex, &realtime), 0);
      break;
    case CLOCKLOCK:
      TEST_COMPARE (pthread_mutex_clocklock (&mutex, CLOCK_MONOTONIC,
					     &monotonic), 0);
      break;
    default:
      xpthread_mutex_lock (&mutex);
      in_wait = true;
      if (how == COND_WAIT)
	TEST_COMPARE (pthread_cond_wait (&cond, &mutex), 0);
      else
	TEST_COMPARE (pthread_cond_timedwait (&cond, &mutex, &realtime), 0);
    }
  /* The bit is still there, for other waiters.  */
  TEST_COMPARE (LOCK_WORD, FUTEX_WAITERS | gettid ());
  TEST_COMPARE (pthread_mutex_unlock (&mutex), 0);
  TEST_COMPARE (LOCK_WORD, 0);
  return NULL;
}

static int
do_test (void)
{
  for (int i = 0; i < array_length (kinds); i++)
    for (how = 0; how < COUNT; how++)
      {
	printf ("info: %s: %s\n", kinds[i].name, names[how]);
	init_robust_mutex (&mutex, &kinds[i]);
	TEST_COMPARE (pthread_cond_init (&cond, NULL), 0);
	in_wait = false;
	if (how < COND_WAIT)
	  LOCK_WORD = FUTEX_WAITERS;
	pthread_t thread = xpthread_create (NULL, take, NULL);
	if (how >= COND_WAIT)
	  {
	    while (!in_wait)
	      sched_yield ();
	    /* The thread unlocks the mutex when it waits.  */
	    xpthread_mutex_lock (&mutex);
	    xpthread_mutex_unlock (&mutex);
	    LOCK_WORD = FUTEX_WAITERS;
	    TEST_COMPARE (pthread_cond_signal (&cond), 0);
	  }
	xpthread_join (thread);
	TEST_COMPARE (pthread_cond_destroy (&cond), 0);
	xpthread_mutex_destroy (&mutex);
      }
  return 0;
}

#include <support/test-driver.c>
