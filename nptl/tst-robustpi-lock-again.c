/* Test that pthread_mutex_lock tries again after EAGAIN and EINTR.
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

/* These two errors of FUTEX_LOCK_PI come from filters and emulators only.  */

#define ENABLE_PI 1
#include "tst-robust-notify.h"

#ifdef SECCOMP_USER_NOTIF_FLAG_CONTINUE

static pthread_mutex_t mutex;
static int calls;

/* The owner of the mutex runs this.  Unlock it before the third try.  */
static int
answer (const struct seccomp_data *data)
{
  if (!is_lock_pi (data))
    return DO_CALL;
  if (++calls == 1)
    return EAGAIN;
  xpthread_mutex_unlock (&mutex);
  return EINTR;
}

static void *
run (void *closure)
{
  TEST_COMPARE (pthread_mutex_lock (&mutex), 0);
  TEST_COMPARE (mutex.__data.__lock & FUTEX_TID_MASK, gettid ());
  xpthread_mutex_unlock (&mutex);
  check_no_robust_mutex ();
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
      xpthread_mutex_lock (&mutex);
      calls = 0;
      run_answered (run, NULL, 0, 0, answer);
      TEST_COMPARE (calls, 2);
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
