/* Unlock of a robust futex that the kernel can complete.
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

#ifndef _FUTEX_ROBUST_UNLOCK_H
#define _FUTEX_ROBUST_UNLOCK_H 1

#include <atomic.h>
#include <ldsodefs.h>
#include <lowlevellock-futex.h>
#include <pthreadP.h>

/* The unlock of a robust mutex is two stores: one to the futex word, which
   releases the mutex, and one that clears robust_head.list_op_pending.
   Between the two, another thread may acquire the mutex, destroy it and use
   its memory for something else.  If this thread dies there, the kernel finds
   the address in list_op_pending, and if the word at this address happens to
   be equal to the thread's TID, the kernel sets FUTEX_OWNER_DIED in memory
   that is no longer a mutex (bug 14485).

   Only the kernel can make the two stores one step, as seen by its own walk
   of the robust list.  Since Linux 7.2 it does so in two ways:

   - A vDSO function tries to change the word from TID to 0 and, if it was
     TID, clears list_op_pending.  If the thread is interrupted between the
     two, the kernel clears list_op_pending before it delivers a signal, a
     fatal one included (futex_fixup_robust_unlock in include/linux/futex.h).

   - FUTEX_ROBUST_UNLOCK is a flag of FUTEX_WAKE and FUTEX_UNLOCK_PI, with the
     address of list_op_pending as UADDR2.  The former stores 0 to the word
     (with release semantics), clears list_op_pending and wakes a waiter; the
     latter hands the mutex over as always and then clears list_op_pending
     (kernel/futex/waitwake.c, kernel/futex/pi.c).

   GLRO (dl_futex_robust_try_unlock) points to the function, or to one that
   takes its place (see dl-futex-robust.h).  It is null if the kernel does not
   help.  */

/* Unlock the robust MUTEX, with waiters or without, and clear
   list_op_pending.  The calling thread must own the mutex, must have set
   list_op_pending to it, must have removed it from the robust list, and must
   be done with all fields but __lock: the mutex may cease to exist before
   this function returns.  Returns 0, or an error from FUTEX_UNLOCK_PI.  After
   an error, the calling thread still owns the mutex, which is in the robust
   list again.  But if __owner is PTHREAD_MUTEX_NOTRECOVERABLE, the mutex is
   not put back into the list, and list_op_pending stays set.  */
extern int __futex_robust_unlock (pthread_mutex_t *mutex) attribute_hidden;

/* Likewise, but without the first try, which needs no system call.  */
extern int __futex_robust_unlock_contended (pthread_mutex_t *mutex)
  attribute_hidden;

/* Inline version of __futex_robust_unlock; what needs a system call is out of
   line.  */
static __always_inline int
futex_robust_unlock (pthread_mutex_t *mutex)
{
  int *futex = &mutex->__data.__lock;
  unsigned int (*try_unlock) (unsigned int *, unsigned int, void *)
    = GLRO (dl_futex_robust_try_unlock);

  /* If there are no waiters, the word is just the TID, and the
     compare-and-exchange releases the mutex.  If we die before it, the kernel
     finds a word with our TID and sets FUTEX_OWNER_DIED.  If we die after it,
     the kernel finds list_op_pending clear, if it helps.  This is the same for
     all futexes because a PI futex without waiters has no state in the
     kernel.  */
  int tid = THREAD_GETMEM (THREAD_SELF, tid);
  if (__glibc_likely (atomic_load_relaxed (futex) == tid))
    {
      if (__glibc_likely (try_unlock != NULL))
	{
	  if (__glibc_likely (try_unlock ((unsigned int *) futex, tid,
					  &THREAD_SELF->robust_head
					  .list_op_pending)
			      == THREAD_GETMEM (THREAD_SELF, tid)))
	    return 0;
	}
      else if (__glibc_likely (atomic_compare_exchange_weak_release (futex,
								     &tid,
								     0)))
	{
	  /* The kernel does not help.  This violates the mutex destruction
	     requirements; see __futex_robust_unlock_contended.  */
	  __asm ("" ::: "memory");
	  THREAD_SETMEM (THREAD_SELF, robust_head.list_op_pending, NULL);
	  return 0;
	}
    }
  return __futex_robust_unlock_contended (mutex);
}

/* FUTEX_UNLOCK_PI has failed with ERR, and the calling thread still owns
   MUTEX.  Undo what the unlock has done.  For a robust MUTEX, clear
   list_op_pending.  For any other, restore __nusers if DECR is nonzero.
   Return ERR.  */
extern int __pthread_mutex_pi_unlock_failed (pthread_mutex_t *mutex, int decr,
					     int err) attribute_hidden;

#endif /* futex-robust-unlock.h */
