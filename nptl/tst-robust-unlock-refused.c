/* Test the release of a robust mutex if FUTEX_ROBUST_UNLOCK is refused.
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

/* A sandbox may refuse what it does not know, from the start of the process
   or later.  The unlock has to release the mutex all the same, to wake who
   waits, and to leave nothing behind for the kernel.  */

#include "tst-robust-unlock.h"

static void
contended_unlock (pthread_mutex_t *mutex)
{
  struct waiter waiter;
  xpthread_mutex_lock (mutex);
  start_waiter (&waiter, mutex, 0);
  xpthread_mutex_unlock (mutex);
  xpthread_join (waiter.thread);
  check_no_robust_mutex ();
  TEST_COMPARE (pthread_mutex_trylock (mutex), 0);
  xpthread_mutex_unlock (mutex);
}

static void
refuse (const struct kind *kind, int error, bool later)
{
  printf ("info: %s: %s%s\n", kind->name, strerrorname_np (error),
	  later ? ", later" : "");
  fflush (stdout);
  pid_t pid = xfork ();
  if (pid == 0)
    {
      pthread_mutex_t mutex;
      init_robust_mutex (&mutex, kind);
      if (later)
	contended_unlock (&mutex);
      TEST_VERIFY_EXIT (filter_robust_unlock (SECCOMP_RET_ERRNO | error));
      for (int i = 0; i < 3; i++)
	contended_unlock (&mutex);
      xpthread_mutex_destroy (&mutex);
      _exit (0);
    }
  int status;
  xwaitpid (pid, &status, 0);
  TEST_COMPARE (status, 0);
}

static int
do_test (void)
{
  static const int errors[] = { ENOSYS, EPERM, EINVAL, EFAULT };
  require_filters ();
  for (int i = 0; i < array_length (kinds); i++)
    for (int j = 0; j < array_length (errors); j++)
      {
	refuse (&kinds[i], errors[j], false);
	refuse (&kinds[i], errors[j], true);
      }
  return 0;
}

#include <support/test-driver.c>
