/* Release of a robust futex under the eyes of the kernel.
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

#ifndef _FUTEX_ROBUST_UNLOCK_H
#define _FUTEX_ROBUST_UNLOCK_H 1

#include <errno.h>
#include <stdbool.h>
#include <atomic.h>
#include <ldsodefs.h>
#include <lowlevellock-futex.h>
#include <pthread_mutex_conf.h>
#include <pthreadP.h>
#include <sysdep.h>
#include <futex-robust-vdso.h>

/* The release of a robust mutex is two stores: one to the futex word, which
   gives the lock away, and one that clears robust_head.list_op_pending.
   Between the two the mutex may already have been acquired and destroyed by
   another thread, and its memory may be in use for something else.  If this
   thread dies there, the kernel finds the address in list_op_pending, and if
   the word at this address happens to be equal to the thread's TID, it sets
   FUTEX_OWNER_DIED in memory which has ceased to be a mutex (bug 14485).

   Only the kernel can make the two stores one step, as seen by its own walk
   of the robust list.  Since Linux 7.2 it does so in two ways:

   - A vDSO function tries to change the word from TID to 0 and, if it was
     TID, clears the slot.  If the thread is interrupted between the two, the
     kernel clears the slot before it delivers a signal, a fatal one included
     (futex_fixup_robust_unlock in include/linux/futex.h).

   - FUTEX_ROBUST_UNLOCK is a flag of FUTEX_WAKE and FUTEX_UNLOCK_PI.  The
     former stores 0 to the word (with release semantics), clears the slot
     UADDR2 points to and wakes; the latter hands over the lock as always and
     then clears the slot (kernel/futex/waitwake.c, kernel/futex/pi.c).  */

#ifndef FUTEX_ROBUST_UNLOCK
# define FUTEX_ROBUST_UNLOCK	512
#endif
#ifndef FUTEX_ROBUST_LIST32
# define FUTEX_ROBUST_LIST32	1024
#endif

/* With 4-byte pointers the slot has 4 bytes.  A 64-bit kernel clears 8 bytes
   unless it is told, and a 32-bit kernel clears none.  */
#define FUTEX_ROBUST_UNLOCK_FLAGS					\
  (sizeof (void *) == 4							\
   ? FUTEX_ROBUST_UNLOCK | FUTEX_ROBUST_LIST32 : FUTEX_ROBUST_UNLOCK)

/* Values of the tunable glibc.pthread.robust_unlock.  */
enum
{
  ROBUST_UNLOCK_STOCK = 0,	/* Without the kernel, always.  */
  ROBUST_UNLOCK_DEFAULT = 1,	/* No system call if there are no waiters.  */
  ROBUST_UNLOCK_STRICT = 2	/* Always ask the kernel, unless refused.  */
};

/* After the system call has been refused, this many releases do without it,
   those of the other threads included.  A refusal need not hold: a seccomp
   filter may be in force for some threads only, and a process may be restored
   from a checkpoint on another machine.  */
#define ROBUST_UNLOCK_RETRY 1024

/* Release the robust mutex whose futex word is *FUTEX and wake one waiter.
   OP is FUTEX_WAKE or, for a priority-inheritance mutex, FUTEX_UNLOCK_PI.
   PRIVATE is LLL_PRIVATE or LLL_SHARED.  The calling thread must own the
   mutex, must have set list_op_pending to it and must have removed it from
   the robust list; it must be done with all other fields.

   Returns true if the mutex has been released and list_op_pending is clear.
   The mutex must not be accessed any more.

   Returns false if the mutex has not been released: the caller still owns
   it, list_op_pending is still set, and the caller has to do both
   stores on its own.  This is the case if the kernel cannot help, if there is
   no vDSO function and no waiter, for which a system call would be too much
   (unless the tunable asks for it), if something refused the system call, or
   if it answered EAGAIN twice.
   (A seccomp filter that kills the thread for an unknown flag cannot be
   helped, other than by the tunable.)  */
static __always_inline bool
futex_robust_unlock (int *futex, int op, int private)
{
  int policy = __mutex_aconf.robust_unlock;
  if (__glibc_unlikely (policy == ROBUST_UNLOCK_STOCK))
    return false;

  unsigned int tid = THREAD_GETMEM (THREAD_SELF, tid);

#ifdef HAVE_FUTEX_ROBUST_UNLOCK_VSYSCALL
  /* If there are no waiters, the word is just the TID and the locked
     compare-exchange in the vDSO is the store that releases.  If we die
     before it, the kernel sees a word with our TID and marks it; from then
     on it sees an empty slot.  It is one function for all kinds of futexes
     because a PI futex without waiters has no state in the kernel.  */
  unsigned int (*try_unlock) (unsigned int *, unsigned int, void *)
    = GLRO (dl_vdso_futex_robust_try_unlock);
  if (__glibc_likely (try_unlock != NULL))
    {
      if (__glibc_likely (try_unlock ((unsigned int *) futex, tid,
				      &THREAD_SELF->robust_head.list_op_pending)
			  == tid))
	return true;
    }
# ifdef FUTEX_ROBUST_UNLOCK_VSYSCALL_SINCE_FLAG
  /* Function and flag came with the same kernel version, so a vDSO without
     the former normally is that of an older kernel, which need not be asked.
     Nothing follows from there being no vDSO.  */
  else if (policy != ROBUST_UNLOCK_STRICT && GLRO (dl_sysinfo_map) != NULL)
    return false;
# endif
  else
#endif
  /* The kernel may know the flag nevertheless: if there are waiters it is
     asked, and if it refuses, it is not asked again for a while.  */
  if (policy != ROBUST_UNLOCK_STRICT && atomic_load_relaxed (futex) == tid)
    return false;

  /* Threads may overwrite each other's count; it is only a hint.  */
  int skip = atomic_load_relaxed (&__robust_unlock_skip);
  if (__glibc_unlikely (skip > 0))
    {
      atomic_store_relaxed (&__robust_unlock_skip, skip - 1);
      return false;
    }

  /* There may be waiters, and nothing has been stored so far.  The store
     that releases is now one of the kernel's, and it clears the slot before
     it returns to user space or handles a fatal signal.  */
  long int ret;
  for (int tries = 0; tries < 2; ++tries)
    {
      ret = INTERNAL_SYSCALL_CALL (futex, futex,
				   __lll_private_flag
				   (op | FUTEX_ROBUST_UNLOCK_FLAGS, private),
				   1, NULL,
				   &THREAD_SELF->robust_head.list_op_pending);
      /* With EAGAIN the kernel has found the word without FUTEX_WAITERS and
	 then, before it stored anything, with it: a waiter has come, and is
	 gone or about to go.  (Only in strict mode; otherwise a word without
	 FUTEX_WAITERS does not get here.)  Nobody clears the bit while we own
	 the mutex, so the next call succeeds.  No third one: a filter may
	 always answer that.  FUTEX_WAKE never does.  */
      if (op == FUTEX_WAKE
	  || __glibc_likely (!INTERNAL_SYSCALL_ERROR_P (ret)
			     || INTERNAL_SYSCALL_ERRNO (ret) != EAGAIN))
	break;
    }

  /* Most errors come before any store: ENOSYS from a kernel that does not
     know the flag, EPERM from a filter or if the word is not ours.  Apart from
     them, the result does not tell whether the mutex has been released.
     FUTEX_WAKE returns EINVAL after it has released the mutex and cleared the
     slot, if the memory meanwhile is used for a PI futex with waiters; a
     seccomp filter or an emulator may report success without having done
     anything.  The slot, which belongs to this thread, tells: the kernel
     clears it right after the store.  */
  if (__glibc_likely (!INTERNAL_SYSCALL_ERROR_P (ret))
      || (op == FUTEX_WAKE && INTERNAL_SYSCALL_ERRNO (ret) == EINVAL)
      || INTERNAL_SYSCALL_ERRNO (ret) == EFAULT)
    {
      if (__glibc_likely (THREAD_GETMEM (THREAD_SELF,
					 robust_head.list_op_pending)
			  == NULL))
	return true;

      /* As long as the word has our TID, the mutex is ours, because nobody
	 else may replace that, and nothing has been stored.  If it has not,
	 the mutex has been released and must not be released again: the
	 kernel was not able to clear the slot, which it reports as EFAULT
	 (FUTEX_WAKE does so without waking anybody), or an emulator has
	 ignored the flag of FUTEX_UNLOCK_PI.  */
      if ((atomic_load_relaxed (futex) & FUTEX_TID_MASK) != tid)
	{
	  if (op == FUTEX_WAKE)
	    lll_futex_wake (futex, 1, private);
	  THREAD_SETMEM (THREAD_SELF, robust_head.list_op_pending, NULL);
	  return true;
	}
    }

  /* EAGAIN is about the state of this mutex, and nothing has been stored.  */
  if (!(INTERNAL_SYSCALL_ERROR_P (ret)
	&& INTERNAL_SYSCALL_ERRNO (ret) == EAGAIN))
    atomic_store_relaxed (&__robust_unlock_skip, ROBUST_UNLOCK_RETRY);
  return false;
}

#endif /* futex-robust-unlock.h */
