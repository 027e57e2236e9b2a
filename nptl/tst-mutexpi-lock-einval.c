/* Test EINVAL of FUTEX_LOCK_PI after the owner has ended.
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

/* The mutex is not robust: the kernel sets FUTEX_OWNER_DIED in the word of a
   robust one, and does not return EINVAL for it.  */

#include "tst-robust-notify.h"

static pthread_mutex_t *mutex;

static void
lock (int error)
{
  refuse_lock_pi (EINVAL);
  TEST_COMPARE (pthread_mutex_lock (mutex), error);
}

static void
time_out (int error)
{
  struct timespec timeout = in_ms (CLOCK_REALTIME, 10);
  refuse_lock_pi (EINVAL);
  TEST_COMPARE (pthread_mutex_timedlock (mutex, &timeout), error);
}

#ifdef SECCOMP_USER_NOTIF_FLAG_CONTINUE
static int calls;

/* Called by the owner of the mutex.  */
static int
answer (const struct seccomp_data *data)
{
  if (!is_lock_pi (data) || ++calls > 1)
    return DO_CALL;
  xpthread_mutex_unlock (mutex);
  return EINVAL;
}

static void *
lock_and_unlock (void *closure)
{
  TEST_COMPARE (pthread_mutex_lock (mutex), 0);
  xpthread_mutex_unlock (mutex);
  return NULL;
}
#endif

static int
do_test (void)
{
  require_filters ();
  mutex = support_shared_allocate (sizeof (*mutex));
  pthread_mutexattr_t attr;
  xpthread_mutexattr_init (&attr);
  xpthread_mutexattr_setprotocol (&attr, PTHREAD_PRIO_INHERIT);
  xpthread_mutexattr_setpshared (&attr, PTHREAD_PROCESS_SHARED);
  xpthread_mutex_init (mutex, &attr);
  xpthread_mutexattr_destroy (&attr);

  xpthread_mutex_lock (mutex);
  run_process (lock, EINVAL);
  run_process (time_out, EINVAL);
  xpthread_mutex_unlock (mutex);

  /* The ID of no thread.  */
  mutex->__data.__lock = 0x3ffffffe;
  run_blocked_process (lock, 0);
  run_process (time_out, ETIMEDOUT);
  mutex->__data.__lock = 0;

#ifdef SECCOMP_USER_NOTIF_FLAG_CONTINUE
  /* The owner has unlocked the mutex after the error.  */
  xpthread_mutex_lock (mutex);
  run_answered (lock_and_unlock, NULL, 0, 0, answer);
  TEST_COMPARE (calls, 2);
#else
  puts ("info: a change of the owner is not tested");
#endif
  support_shared_free (mutex);
  return 0;
}

#include <support/test-driver.c>
