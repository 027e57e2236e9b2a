/* Test EINVAL of FUTEX_LOCK_PI.
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

/* pthread_mutex_lock and pthread_mutex_timedlock return the error.
   pthread_cond_wait must not return, because it has no mutex.  */

#define ENABLE_PI 1
#include "tst-robust.h"

#ifndef ERRORS
# define ERRORS EINVAL
#endif

static struct shared
{
  pthread_mutex_t mutex;
  pthread_cond_t cond;
  bool locked;
} *shared;

static void
refused_lock (int error)
{
  struct timespec timeout = in_ms (CLOCK_REALTIME, 10);
  refuse_lock_pi (error);
  TEST_COMPARE (pthread_mutex_timedlock (&shared->mutex, &timeout), error);
  check_no_robust_mutex ();
  TEST_COMPARE (pthread_mutex_lock (&shared->mutex), error);
  check_no_robust_mutex ();
}

static void
refused_wait (int error)
{
  xpthread_mutex_lock (&shared->mutex);
  refuse_lock_pi (error);
  __atomic_store_n (&shared->locked, true, __ATOMIC_RELEASE);
  pthread_cond_wait (&shared->cond, &shared->mutex);
}

static void
init_cond (void)
{
  pthread_condattr_t attr;
  TEST_COMPARE (pthread_condattr_init (&attr), 0);
  TEST_COMPARE (pthread_condattr_setpshared (&attr, PTHREAD_PROCESS_SHARED),
		0);
  TEST_COMPARE (pthread_cond_init (&shared->cond, &attr), 0);
  TEST_COMPARE (pthread_condattr_destroy (&attr), 0);
}

static int
do_test (void)
{
  static const int errors[] = { ERRORS };

  require_filters ();
  shared = support_shared_allocate (sizeof (*shared));
  for (int i = 0; i < array_length (kinds); i++)
    for (int j = 0; j < array_length (errors); j++)
      {
	if (kinds[i].pshared != PTHREAD_PROCESS_SHARED)
	  continue;
	printf ("info: %s, %s\n", kinds[i].name, strerrorname_np (errors[j]));
	init_robust_mutex (&shared->mutex, &kinds[i]);
	xpthread_mutex_lock (&shared->mutex);
	run_process (refused_lock, errors[j]);
	xpthread_mutex_unlock (&shared->mutex);

	/* See tst-robustpi-cond-enomem.  */
	if (errors[j] == ENOMEM)
	  continue;
	init_cond ();
	shared->locked = false;
	pid_t pid = start_process (refused_wait, errors[j]);
	while (!__atomic_load_n (&shared->locked, __ATOMIC_ACQUIRE))
	  sched_yield ();
	/* The process owns the mutex until it waits.  */
	xpthread_mutex_lock (&shared->mutex);
	xpthread_cond_signal (&shared->cond);
	kill_blocked_process (pid);
	xpthread_mutex_unlock (&shared->mutex);
      }
  support_shared_free (shared);
  return 0;
}

#include <support/test-driver.c>
