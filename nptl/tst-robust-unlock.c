/* Test which way a robust mutex is unlocked.
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

/* This depends on the kernel, the vDSO and the tunable.  The test checks
   whether an unlock makes a system call with FUTEX_ROBUST_UNLOCK.  A seccomp
   filter kills the process if it does.  With the strict setting
   (tst-robust-unlock-strict), an unlock that makes no such call has used the
   vDSO.  */

#include "tst-robust-unlock.h"

#include <sys/resource.h>

/* Value of the tunable, see nptl/Makefile.  */
#ifndef POLICY
# define POLICY 1
#endif

static bool
expect_system_call (bool contended)
{
  switch (POLICY)
    {
    case 0:
      return false;
    case 1:
      return contended && flag_is_used ();
    default:
      return contended || !vdso_has_function ();
    }
}

static pthread_mutex_t mutex;

static void
unlock (int contended)
{
  struct rlimit no_core = { 0, 0 };
  setrlimit (RLIMIT_CORE, &no_core);
  xpthread_mutex_lock (&mutex);
  if (contended)
    __atomic_fetch_or (&mutex.__data.__lock, FUTEX_WAITERS, __ATOMIC_RELAXED);
  TEST_COMPARE (filter_futex (FUTEX_ROBUST_UNLOCK, FUTEX_ROBUST_UNLOCK,
			      SECCOMP_RET_TRAP, 0), 0);
  xpthread_mutex_unlock (&mutex);
  TEST_COMPARE (mutex.__data.__lock, 0);
  check_no_robust_mutex ();
}

static bool
makes_system_call (bool contended)
{
  int status;
  xwaitpid (start_process (unlock, contended), &status, 0);
  TEST_VERIFY (status == 0
	       || (WIFSIGNALED (status) && WTERMSIG (status) == SIGSYS));
  return status != 0;
}

static int
do_test (void)
{
  require_filters ();
  printf ("info: there is %s vDSO with the function\n",
	  vdso_has_function () ? "a" : "no");
  for (int i = 0; i < array_length (kinds); i++)
    {
      printf ("info: %s\n", kinds[i].name);
      init_robust_mutex (&mutex, &kinds[i]);
      TEST_COMPARE (makes_system_call (false), expect_system_call (false));
      TEST_COMPARE (makes_system_call (true), expect_system_call (true));
      xpthread_mutex_destroy (&mutex);
    }
  return 0;
}

#include <support/test-driver.c>
