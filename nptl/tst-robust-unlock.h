/* Find out what the kernel offers for unlocking robust mutexes.
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

#ifndef _TST_ROBUST_UNLOCK_H
#define _TST_ROBUST_UNLOCK_H 1

#include "tst-robust.h"

#include <link.h>
#include <sys/auxv.h>

/* Flag of the futex operations of Linux 7.2.  */
#ifndef FUTEX_ROBUST_UNLOCK
# define FUTEX_ROBUST_UNLOCK 512
#endif

static inline const ElfW(Ehdr) *
vdso (void)
{
  return (const ElfW(Ehdr) *) getauxval (AT_SYSINFO_EHDR);
}

/* The name of the function, if glibc looks it up on this architecture.
   Architectures other than x86 define TEST_ROBUST_UNLOCK_VDSO in their
   Makefile.  */
#if defined __x86_64__ || defined __i386__ || defined TEST_ROBUST_UNLOCK_VDSO
# define VDSO_FUNCTION (sizeof (void *) == 4				\
			? "__vdso_futex_robust_list32_try_unlock"	\
			: "__vdso_futex_robust_list64_try_unlock")
#endif

/* Look into the vDSO without the help of libc.  */
static inline bool
vdso_has_function (void)
{
#ifdef VDSO_FUNCTION
  const ElfW(Ehdr) *ehdr = vdso ();
  if (ehdr != NULL)
    {
      const ElfW(Phdr) *phdr = (const void *) ehdr + ehdr->e_phoff;
      for (int i = 0; i < ehdr->e_phnum; i++)
	if (phdr[i].p_type == PT_LOAD)
	  return memmem ((const void *) ehdr + phdr[i].p_offset,
			 phdr[i].p_filesz, VDSO_FUNCTION,
			 strlen (VDSO_FUNCTION) + 1) != NULL;
    }
#endif
  return false;
}

/* Does glibc use the flag if there are waiters?  On x86, a vDSO without the
   function is that of an older kernel.  */
static inline bool
flag_is_used (void)
{
#if defined __x86_64__ || defined __i386__
  return vdso () == NULL || vdso_has_function ();
#else
  return true;
#endif
}

/* Does the kernel know the flag?  */
static inline bool
kernel_has_flag (void)
{
  int word = 0;
  void *slot = &word;
  unsigned int op = FUTEX_WAKE | FUTEX_ROBUST_UNLOCK;
  if (sizeof (void *) == 4)
    op |= 1024;			/* FUTEX_ROBUST_LIST32.  */
  return syscall (FUTEX_CALL, &word, op, 1, NULL, &slot, 0) == 0;
}

#endif /* tst-robust-unlock.h */
