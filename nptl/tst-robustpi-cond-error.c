/* Test EINVAL, EAGAIN and EINTR from FUTEX_LOCK_PI in pthread_cond_wait.
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

/* The function must not return without the mutex.  It tries again, with
   delays, until the mutex is free.  */

#define ENABLE_PI 1
#include "tst-robust-notify.h"

#ifndef ERRORS
# define ERRORS EINVAL, EAGAIN, EINTR
#endif

#ifdef SECCOMP_USER_NOTIF_FLAG_CONTINUE

static pthread_mutex_t mutex;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static bool in_wait;
static int error;
static int calls;
static struct timespec first;

static int
answer (const struct seccomp_data *data)
{
  if (!is_lock_pi (data))
    return DO_CALL;
  struct timespec now;
  xclock_gettime (CLOCK_MONOTONIC, &now);
  if (calls == 0)
    first = now;
  /* Two delays of 5 ms.  */
  else if (calls == 2)
    TEST_VERIFY (support_timespec_ns (timespec_sub (now, first)) >= 10000000);
  __atomic_store_n (&calls, calls + 1, __ATOMIC_RELEASE);
  return error;
}

static void *
run (void *closure)
{
  xpthread_mutex_lock (&mutex);
  __atomic_store_n (&in_wait, true, __ATOMIC_RELEASE);
  TEST_COMPARE (pthread_cond_wait (&cond, &mutex), 0);
  TEST_COMPARE (mutex.__data.__lock & FUTEX_TID_MASK, gettid ());
  xpthread_mutex_unlock (&mutex);
  check_no_robust_mutex ();
  return NULL;
}

/* Own the mutex during three calls of the waiting thread.  */
static void *
wake_up (void *closure)
{
  while (!__atomic_load_n (&in_wait, __ATOMIC_ACQUIRE))
    sched_yield ();
  xpthread_mutex_lock (&mutex);
  xpthread_cond_signal (&cond);
  while (__atomic_load_n (&calls, __ATOMIC_ACQUIRE) < 3)
    sched_yield ();
  xpthread_mutex_unlock (&mutex);
  return NULL;
}

static int
do_test (void)
{
  static const int errors[] = { ERRORS };

  require_filters ();
  for (int i = 0; i < array_length (kinds); i++)
    for (int j = 0; j < array_length (errors); j++)
      {
	error = errors[j];
	printf ("info: %s, %s\n", kinds[i].name, strerrorname_np (error));
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
