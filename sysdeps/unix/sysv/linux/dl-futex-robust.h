/* Choose how robust mutexes are unlocked.
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

#ifndef _DL_FUTEX_ROBUST_H
#define _DL_FUTEX_ROBUST_H 1

#include <stddef.h>
#include <atomic.h>
#include <dl-tunables.h>
#include <dl-vdso.h>
#include <ldsodefs.h>
#include <sysdep.h>

/* An architecture whose vDSO has a function that unlocks a robust futex
   defines HAVE_FUTEX_ROBUST_UNLOCK_VSYSCALL in its sysdep.h: the name of the
   function for the robust list of its ABI (list64 for 8-byte pointers, list32
   for 4-byte ones).  It also defines FUTEX_ROBUST_UNLOCK_VSYSCALL_SINCE_FLAG
   if no kernel for it has FUTEX_ROBUST_UNLOCK without the function.  (Kernels
   without CONFIG_RSEQ, and user-mode Linux, are then treated as older ones.)
   All architectures have had the flag since Linux 7.2: those that get the
   function later must not define the second macro.  */

/* Without the function in the vDSO: the traditional uncontended unlock.  For
   what happens if the thread dies between the two stores, see
   futex-robust-unlock.h.  */
static unsigned int
futex_robust_try_unlock_without_vdso (unsigned int *lock, unsigned int tid,
				      void *pop)
{
  unsigned int oldval = atomic_load_relaxed (lock);
  do
    if (oldval != tid)
      return oldval;
  while (!atomic_compare_exchange_weak_release (lock, &oldval, 0));
  __asm ("" ::: "memory");
  *(void **) pop = NULL;
  return tid;
}

/* The strict setting of the tunable: leave each unlock to the system call.  */
static unsigned int
futex_robust_try_unlock_never (unsigned int *lock, unsigned int tid, void *pop)
{
  return 0;
}

/* Return the function that unlocks a robust mutex without waiters.  It returns
   TID if it has replaced TID with 0 in *LOCK and has cleared *POP.  A null
   pointer also means that contended unlocks must not use FUTEX_ROBUST_UNLOCK.
   The tunable glibc.pthread.robust_unlock selects the null pointer if it is 0,
   and the strict setting if it is 2; 1 is the default.  Like those of the
   other vDSO functions, the pointer is null in the libc.so that dlopen loads
   into a static program, because __rtld_static_init does not set it.  */
static inline void *
setup_futex_robust_try_unlock (void)
{
  int policy = TUNABLE_GET_FULL (glibc, pthread, robust_unlock, int32_t, NULL);
  if (policy == 0)
    return NULL;

#ifdef HAVE_FUTEX_ROBUST_UNLOCK_VSYSCALL
  void *function = dl_vdso_vsym (HAVE_FUTEX_ROBUST_UNLOCK_VSYSCALL);
  if (function != NULL)
    return function;
#endif
  if (policy == 2)
    return futex_robust_try_unlock_never;

#ifdef FUTEX_ROBUST_UNLOCK_VSYSCALL_SINCE_FLAG
  /* A vDSO without the function is that of a kernel without the flag.  Do not
     try the flag then: a seccomp filter may kill the process for an unknown
     one.  The absence of a vDSO says nothing.  */
  if (GLRO (dl_sysinfo_map) != NULL)
    return NULL;
#endif
  return futex_robust_try_unlock_without_vdso;
}

#endif /* dl-futex-robust.h */
