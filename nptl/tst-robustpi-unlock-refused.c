/* Test errors from FUTEX_UNLOCK_PI.
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

static pthread_mutex_t *mutex;

static void
refused_unlock (int error)
{
  refuse_futex (FUTEX_UNLOCK_PI, error);
  int result = pthread_mutex_lock (mutex);
  __atomic_fetch_or (&mutex->__data.__lock, FUTEX_WAITERS, __ATOMIC_RELAXED);
  for (int i = 0; i < 2; i++)
    {
      TEST_COMPARE (pthread_mutex_unlock (mutex), error);
      TEST_COMPARE (mutex->__data.__lock & FUTEX_TID_MASK, gettid ());
      struct robust_list_head *head = robust_list ();
      TEST_VERIFY (head->list_op_pending == NULL);
      TEST_VERIFY (head->list.next != &head->list);
    }
  /* The mutex is as inconsistent as before.  */
  TEST_COMPARE (pthread_mutex_consistent (mutex),
		result == EOWNERDEAD ? 0 : EINVAL);
}

/* Likewise for a mutex that is not robust.  */
static void
refused_unlock_stalled (int error)
{
  refuse_futex (FUTEX_UNLOCK_PI, error);
  xpthread_mutex_lock (mutex);
  __atomic_fetch_or (&mutex->__data.__lock, FUTEX_WAITERS, __ATOMIC_RELAXED);
  for (int i = 0; i < 2; i++)
    {
      TEST_COMPARE (pthread_mutex_unlock (mutex), error);
      TEST_COMPARE (mutex->__data.__lock & FUTEX_TID_MASK, gettid ());
      TEST_COMPARE (mutex->__data.__owner, gettid ());
      TEST_COMPARE (pthread_mutex_destroy (mutex), EBUSY);
      check_no_robust_mutex ();
    }
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
      run_process (refused_unlock, EINVAL);
      run_process (refused_unlock, EPERM);
      TEST_COMPARE (pthread_mutex_lock (mutex), EOWNERDEAD);
      xpthread_mutex_unlock (mutex);

      pthread_mutexattr_t attr;
      xpthread_mutexattr_init (&attr);
      xpthread_mutexattr_settype (&attr, kinds[i].type);
      xpthread_mutexattr_setprotocol (&attr, PTHREAD_PRIO_INHERIT);
      xpthread_mutex_init (mutex, &attr);
      xpthread_mutexattr_destroy (&attr);
      run_process (refused_unlock_stalled, EINVAL);
    }
  support_shared_free (mutex);
  return 0;
}

#include <support/test-driver.c>
