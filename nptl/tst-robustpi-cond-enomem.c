/* Test that pthread_cond_wait tries again after ENOMEM of FUTEX_LOCK_PI.
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
#include "tst-robust-notify.h"

#ifdef SECCOMP_USER_NOTIF_FLAG_CONTINUE

static pthread_mutex_t mutex;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static bool in_wait;
static int calls;

/* The kernel has no memory twice.  */
static int
answer (const struct seccomp_data *data)
{
  if (!is_lock_pi (data))
    return DO_CALL;
  return __atomic_add_fetch (&calls, 1, __ATOMIC_RELAXED) <= 2
	 ? ENOMEM : DO_CALL;
}

static void *
run (void *closure)
{
  xpthread_mutex_lock (&mutex);
  __atomic_store_n (&in_wait, true, __ATOMIC_RELAXED);
  TEST_COMPARE (pthread_cond_wait (&cond, &mutex), 0);
  TEST_COMPARE (mutex.__data.__lock & FUTEX_TID_MASK, gettid ());
  xpthread_mutex_unlock (&mutex);
  check_no_robust_mutex ();
  return NULL;
}

/* Own the mutex until the waiting thread has to ask the kernel for it.  */
static void *
wake_up (void *closure)
{
  while (!__atomic_load_n (&in_wait, __ATOMIC_RELAXED))
    sched_yield ();
  xpthread_mutex_lock (&mutex);
  TEST_COMPARE (pthread_cond_signal (&cond), 0);
  while (__atomic_load_n (&calls, __ATOMIC_RELAXED) < 2)
    sched_yield ();
  xpthread_mutex_unlock (&mutex);
  return NULL;
}

static int
do_test (void)
{
  require_filters ();
  for (int i = 0; i < array_length (kinds); i++)
    {
      printf ("info: %s\n", kinds[i].name);
      init_robust_mutex (&mutex, &kinds[i]);
      in_wait = false;
      calls = 0;
      pthread_t thread = xpthread_create (NULL, wake_up, NULL);
      run_answered (run, NULL, 0, 0, answer);
      xpthread_join (thread);
      xpthread_mutex_destroy (&mutex);
    }
  return 0;
}

#else
static int
do_test (void)
{
  FAIL_UNSUPPORTED ("the kernel headers have no seccomp notifications");
}
#endif

#include <support/test-driver.c>
