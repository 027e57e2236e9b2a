/* Test that EAGAIN from FUTEX_UNLOCK_PI does not leave a mutex locked.
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
static int previous_op = -1;

/* Each operation fails the first time.  */
static int
answer (const struct seccomp_data *data)
{
  int op = data->args[1];
  if (op == previous_op)
    {
      previous_op = -1;
      return DO_CALL;
    }
  previous_op = op;
  return EAGAIN;
}

static void *
run (void *closure)
{
  const struct kind *kind = closure;

  /* With a waiter that has gone.  */
  init_robust_mutex (&mutex, kind);
  xpthread_mutex_lock (&mutex);
  __atomic_fetch_or (&mutex.__data.__lock, FUTEX_WAITERS, __ATOMIC_RELAXED);
  xpthread_mutex_unlock (&mutex);
  TEST_COMPARE (mutex.__data.__lock, 0);
  check_no_robust_mutex ();
  xpthread_mutex_destroy (&mutex);

  init_robust_mutex (&mutex, kind);
  let_owner_die (&mutex);
  TEST_COMPARE (pthread_mutex_lock (&mutex), EOWNERDEAD);
  xpthread_mutex_unlock (&mutex);
  TEST_COMPARE (pthread_mutex_lock (&mutex), ENOTRECOVERABLE);
  TEST_COMPARE (mutex.__data.__lock, 0);
  TEST_COMPARE (pthread_mutex_trylock (&mutex), ENOTRECOVERABLE);
  TEST_COMPARE (mutex.__data.__lock, 0);
  check_no_robust_mutex ();
  xpthread_mutex_destroy (&mutex);
  return NULL;
}

static int
do_test (void)
{
  require_filters ();
  for (int i = 0; i < array_length (kinds); i++)
    {
      printf ("info: %s\n", kinds[i].name);
      run_answered (run, (void *) &kinds[i], 0x7f, FUTEX_UNLOCK_PI, answer);
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
