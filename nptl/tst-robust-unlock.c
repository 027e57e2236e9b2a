/* Test which way a robust mutex is released.
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

/* The tunable glibc.pthread.robust_unlock, the vDSO and the kernel decide
   whether an unlock makes a system call with FUTEX_ROBUST_UNLOCK.  A process
   is killed if it does, so this can be seen; an unlock by way of the vDSO is
   one that makes none with the strict setting (tst-robust-unlock-strict).  */

#include "tst-robust-unlock.h"

#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/resource.h>

#include <futex-robust-vdso.h>

/* Value of the tunable, see nptl/Makefile.  */
#ifndef POLICY
# define POLICY 1
#endif

static bool vdso_is_mapped;
static bool vdso_has_function;

#ifdef HAVE_FUTEX_ROBUST_UNLOCK_VSYSCALL
/* Look into the vDSO without the help of libc.  */
static void
look_into_vdso (void)
{
  const ElfW(Ehdr) *ehdr = (const ElfW(Ehdr) *) getauxval (AT_SYSINFO_EHDR);
  if (ehdr == NULL)
    return;
  vdso_is_mapped = true;

  const ElfW(Phdr) *phdr = (const void *) ehdr + ehdr->e_phoff;
  const ElfW(Dyn) *dynamic = NULL;
  const void *base = ehdr;
  for (int i = 0; i < ehdr->e_phnum; i++)
    if (phdr[i].p_type == PT_LOAD)
      base = (const void *) ehdr + phdr[i].p_offset - phdr[i].p_vaddr;
    else if (phdr[i].p_type == PT_DYNAMIC)
      dynamic = (const void *) ehdr + phdr[i].p_offset;
  TEST_VERIFY_EXIT (dynamic != NULL);

  const ElfW(Sym) *symbols = NULL;
  const char *names = NULL;
  for (; dynamic->d_tag != DT_NULL; dynamic++)
    if (dynamic->d_tag == DT_SYMTAB)
      symbols = base + dynamic->d_un.d_ptr;
    else if (dynamic->d_tag == DT_STRTAB)
      names = base + dynamic->d_un.d_ptr;
  /* The kernel's linker script puts the names after the symbols.  */
  TEST_VERIFY_EXIT (symbols != NULL && (const char *) symbols < names);
  for (; (const char *) (symbols + 1) <= names; symbols++)
    if (strcmp (names + symbols->st_name,
		HAVE_FUTEX_ROBUST_UNLOCK_VSYSCALL) == 0)
      vdso_has_function = true;
}
#else
static void
look_into_vdso (void)
{
}
#endif

static bool
expect_system_call (bool contended)
{
  switch (POLICY)
    {
    case 0:
      return false;
    case 1:
#ifdef FUTEX_ROBUST_UNLOCK_VSYSCALL_SINCE_FLAG
      /* A vDSO without the function is that of an older kernel.  */
      if (vdso_is_mapped && !vdso_has_function)
	return false;
#endif
      return contended;
    default:
      return contended || !vdso_has_function;
    }
}

/* Refuse the system call with this error, and need it.  */
static void *
need_refused (void *error)
{
  pthread_mutex_t mutex;
  struct waiter waiter;

  if (!filter_robust_unlock (SECCOMP_RET_ERRNO | *(int *) error))
    _exit (2);
  init_robust_mutex (&mutex, &kinds[0]);
  xpthread_mutex_lock (&mutex);
  start_waiter (&waiter, &mutex, 0);
  xpthread_mutex_unlock (&mutex);
  xpthread_join (waiter.thread);
  xpthread_mutex_destroy (&mutex);
  return NULL;
}

/* Does the unlock make the system call?  If ERROR is not 0, this was the
   answer to an earlier one, of this thread or of ANOTHER.  */
static bool
makes_system_call (const struct kind *kind, bool contended, int error,
		   bool another)
{
  pid_t pid = xfork ();
  if (pid == 0)
    {
      pthread_mutex_t mutex;
      struct waiter waiter;
      struct rlimit no_core = { 0, 0 };

      setrlimit (RLIMIT_CORE, &no_core);
      if (another)
	xpthread_join (xpthread_create (NULL, need_refused, &error));
      else if (error != 0)
	need_refused (&error);
      init_robust_mutex (&mutex, kind);
      xpthread_mutex_lock (&mutex);
      if (contended)
	start_waiter (&waiter, &mutex, 0);
      if (!filter_robust_unlock (SECCOMP_RET_TRAP))
	_exit (2);
      xpthread_mutex_unlock (&mutex);
      if (contended)
	xpthread_join (waiter.thread);
      _exit (0);
    }
  int status;
  xwaitpid (pid, &status, 0);
  if (status == 0)
    return false;
  TEST_VERIFY (WIFSIGNALED (status));
  TEST_COMPARE (WTERMSIG (status), SIGSYS);
  return true;
}

static void *
lock_and_end (void *mutex)
{
  xpthread_mutex_lock (mutex);
  return NULL;
}

/* All that a robust mutex is for, with waiters and without.  */
static void
check_semantics (const struct kind *kind)
{
  pthread_mutex_t mutex;
  struct waiter waiter;

  init_robust_mutex (&mutex, kind);
  for (int i = 0; i < 3; i++)
    {
      TEST_COMPARE (pthread_mutex_unlock (&mutex), EPERM);
      xpthread_mutex_lock (&mutex);
      if (kind->type == PTHREAD_MUTEX_RECURSIVE)
	{
	  xpthread_mutex_lock (&mutex);
	  xpthread_mutex_unlock (&mutex);
	}
      start_waiter (&waiter, &mutex, 0);
      xpthread_mutex_unlock (&mutex);
      xpthread_join (waiter.thread);
      check_no_robust_mutex ();
    }

  /* The owner dies; the next one unlocks it with a waiter.  */
  xpthread_join (xpthread_create (NULL, lock_and_end, &mutex));
  TEST_COMPARE (pthread_mutex_lock (&mutex), EOWNERDEAD);
  xpthread_mutex_consistent (&mutex);
  start_waiter (&waiter, &mutex, 0);
  xpthread_mutex_unlock (&mutex);
  xpthread_join (waiter.thread);
  check_no_robust_mutex ();

  /* And once more; now the mutex becomes unrecoverable.  */
  xpthread_join (xpthread_create (NULL, lock_and_end, &mutex));
  TEST_COMPARE (pthread_mutex_lock (&mutex), EOWNERDEAD);
  start_waiter (&waiter, &mutex, ENOTRECOVERABLE);
  xpthread_mutex_unlock (&mutex);
  xpthread_join (waiter.thread);
  TEST_COMPARE (pthread_mutex_trylock (&mutex), ENOTRECOVERABLE);
  check_no_robust_mutex ();
  xpthread_mutex_destroy (&mutex);
}

static int
do_test (void)
{
  require_filters ();
  look_into_vdso ();
  printf ("info: there is %s vDSO with the function\n",
	  vdso_has_function ? "a" : "no");
  /* All of these first: an ENOSYS of an older kernel is remembered.  */
  for (int i = 0; i < array_length (kinds); i++)
    {
      printf ("info: %s\n", kinds[i].name);
      TEST_COMPARE (makes_system_call (&kinds[i], false, 0, false),
		    expect_system_call (false));
      TEST_COMPARE (makes_system_call (&kinds[i], true, 0, false),
		    expect_system_call (true));
      /* Other errors may be about a single mutex.  */
      TEST_COMPARE (makes_system_call (&kinds[i], true, ENOSYS, false), false);
      TEST_COMPARE (makes_system_call (&kinds[i], true, EPERM, false),
		    expect_system_call (true));
      TEST_COMPARE (makes_system_call (&kinds[i], true, ENOSYS, true),
		    expect_system_call (true));
    }
  for (int i = 0; i < array_length (kinds); i++)
    check_semantics (&kinds[i]);
  return 0;
}

#include <support/test-driver.c>
