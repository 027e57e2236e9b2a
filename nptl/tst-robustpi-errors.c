/* Test errors of the futex operations for robust PI mutexes.
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

#define ENABLE_PI 1
#include "tst-robust-unlock.h"

/* See FUTEX_WAITERS.  */
#ifndef FUTEX_CMD_MASK
# define FUTEX_CMD_MASK 127
#endif
#ifndef FUTEX_LOCK_PI
# define FUTEX_LOCK_PI 6
#endif
#ifndef FUTEX_UNLOCK_PI
# define FUTEX_UNLOCK_PI 7
#endif
#ifndef FUTEX_TRYLOCK_PI
# define FUTEX_TRYLOCK_PI 8
#endif

static pthread_mutex_t *mutex;

static struct timespec
in_10_ms (void)
{
  return timespec_add (xclock_now (CLOCK_REALTIME),
		       make_timespec (0, 10000000));
}

static void
refuse (int op, int error)
{
  TEST_VERIFY_EXIT (filter_futex (FUTEX_CMD_MASK, op,
				  SECCOMP_RET_ERRNO | error));
}

/* Lock the mutex in a new process, which has to sleep.  */
static void
check_lock_blocks (int refused)
{
  pid_t pid = xfork ();
  if (pid == 0)
    {
      if (refused != 0)
	refuse (FUTEX_LOCK_PI, refused);
      pthread_mutex_lock (mutex);
      _exit (1);
    }
  support_process_state_wait (pid, support_process_state_sleeping);
  usleep (10000);
  int status;
  TEST_COMPARE (waitpid (pid, &status, WNOHANG), 0);
  TEST_COMPARE (kill (pid, SIGKILL), 0);
  xwaitpid (pid, &status, 0);
  TEST_VERIFY (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
}

/* Run a subtest in a new process.  */
static void
in_process (void (*subtest) (int), int argument)
{
  pid_t pid = xfork ();
  if (pid == 0)
    {
      subtest (argument);
      _exit (support_record_failure_is_failed ());
    }
  int status;
  xwaitpid (pid, &status, 0);
  TEST_COMPARE (status, 0);
}

static void
refused_lock (int error)
{
  struct timespec timeout = in_10_ms ();
  refuse (FUTEX_LOCK_PI, error);
  TEST_COMPARE (pthread_mutex_timedlock (mutex, &timeout),
		error == EPERM ? ETIMEDOUT : error);
  check_no_robust_mutex ();
  if (error != EPERM)
    {
      TEST_COMPARE (pthread_mutex_lock (mutex), error);
      check_no_robust_mutex ();
    }
}

static void
refused_trylock (int error)
{
  refuse (FUTEX_TRYLOCK_PI, error);
  TEST_COMPARE (pthread_mutex_trylock (mutex),
		error == EINVAL || error == ENOMEM ? error : EBUSY);
  check_no_robust_mutex ();
}

/* Keep the mutex.  */
static void
refused_unlock (int error)
{
  refuse (FUTEX_UNLOCK_PI, error);
  xpthread_mutex_lock (mutex);
  __atomic_fetch_or (&mutex->__data.__lock, FUTEX_WAITERS, __ATOMIC_RELAXED);
  TEST_COMPARE (pthread_mutex_unlock (mutex), error);
  TEST_COMPARE (mutex->__data.__lock & ~FUTEX_WAITERS, gettid ());
  TEST_COMPARE (pthread_mutex_unlock (mutex), error);
}

static void
lock_only (int unused)
{
  xpthread_mutex_lock (mutex);
}

static const struct timespec before_1970 = { -1, 0 };
static const struct timespec invalid = { 1, 1000000000 };

static void
time_out (int unused)
{
  TEST_COMPARE (pthread_mutex_timedlock (mutex, &before_1970), ETIMEDOUT);
  TEST_COMPARE (pthread_mutex_timedlock (mutex, &invalid), EINVAL);
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
      xpthread_mutex_lock (mutex);
      in_process (refused_lock, EINVAL);
      in_process (refused_lock, ENOMEM);
      in_process (refused_lock, EPERM);
      check_lock_blocks (EPERM);
      xpthread_mutex_unlock (mutex);

      /* The kernel does not find the owner.  */
      mutex->__data.__lock = 0x3ffffffe;
      struct timespec timeout = in_10_ms ();
      TEST_COMPARE (pthread_mutex_timedlock (mutex, &timeout), ETIMEDOUT);
      TEST_COMPARE (pthread_mutex_trylock (mutex), EBUSY);
      check_lock_blocks (0);
      check_no_robust_mutex ();

      init_robust_mutex (mutex, &kinds[i]);
      in_process (refused_unlock, EINVAL);
      in_process (refused_trylock, EINVAL);
      in_process (refused_trylock, ENOMEM);
      in_process (refused_trylock, ESRCH);
      TEST_COMPARE (pthread_mutex_lock (mutex), EOWNERDEAD);
      xpthread_mutex_consistent (mutex);
      xpthread_mutex_unlock (mutex);

      in_process (lock_only, 0);
      TEST_COMPARE (pthread_mutex_timedlock (mutex, &before_1970), EOWNERDEAD);
      in_process (time_out, 0);
      xpthread_mutex_consistent (mutex);
      xpthread_mutex_unlock (mutex);
      in_process (lock_only, 0);
      TEST_COMPARE (pthread_mutex_timedlock (mutex, &invalid), EOWNERDEAD);
      xpthread_mutex_unlock (mutex);
      check_no_robust_mutex ();
    }
  support_shared_free (mutex);
  return 0;
}

#include <support/test-driver.c>
