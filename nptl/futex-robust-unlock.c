/* Unlock a robust mutex with the help of the kernel.
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

#include <errno.h>
#include <stdbool.h>
#include <futex-internal.h>
#include <futex-robust-unlock.h>
#include <sysdep.h>

/* With 4-byte pointers list_op_pending has 4 bytes.  Without the second flag a
   64-bit kernel clears 8 bytes, and a 32-bit kernel none.  */
#define FUTEX_ROBUST_UNLOCK_FLAGS					\
  (sizeof (void *) == 4							\
   ? FUTEX_ROBUST_UNLOCK | FUTEX_ROBUST_LIST32 : FUTEX_ROBUST_UNLOCK)

/* The kernel has returned ENOSYS for the flag to this thread, or an emulator
   does not pass the flag on.  Per thread, because a seccomp filter may apply
   to some threads only.  */
static __thread bool flag_unknown attribute_tls_model_ie;

int
__futex_robust_unlock_contended (pthread_mutex_t *mutex)
{
  int *futex = &mutex->__data.__lock;
  int op = ((PTHREAD_MUTEX_TYPE (mutex) & PTHREAD_MUTEX_PRIO_INHERIT_NP) != 0
	    ? FUTEX_UNLOCK_PI : FUTEX_WAKE);
  int private = PTHREAD_ROBUST_MUTEX_PSHARED (mutex);

  if (GLRO (dl_futex_robust_try_unlock) != NULL && !flag_unknown)
    {
      /* With the strict setting, it is possible that FUTEX_WAITERS is not set
	 yet.  A waiter that sets it during the system call would make
	 FUTEX_UNLOCK_PI fail with EAGAIN.  Where compare-and-exchange is
	 emulated, as on hppa, the waiter's store could overwrite that of
	 FUTEX_WAKE.  */
      if ((atomic_load_relaxed (futex) & FUTEX_WAITERS) == 0)
	atomic_fetch_or_relaxed (futex, FUTEX_WAITERS);

      /* The kernel stores 0 itself and clears list_op_pending before it
	 returns to user space or handles a fatal signal.  */
      long int ret = INTERNAL_SYSCALL_CALL
	(futex, futex,
	 __lll_private_flag (op | FUTEX_ROBUST_UNLOCK_FLAGS, private),
	 1, NULL, &THREAD_SELF->robust_head.list_op_pending);

      if (INTERNAL_SYSCALL_ERROR_P (ret)
	  && INTERNAL_SYSCALL_ERRNO (ret) != EINVAL
	  && INTERNAL_SYSCALL_ERRNO (ret) != EFAULT)
	{
	  /* The kernel has stored nothing.  */
	  if (INTERNAL_SYSCALL_ERRNO (ret) == ENOSYS)
	    flag_unknown = true;
	}
      /* These two errors may come after the store, and a seccomp filter or an
	 emulator may report success without having done anything.
	 list_op_pending, which no other thread changes, says whether the mutex
	 has been unlocked.  */
      else if (__glibc_likely (THREAD_GETMEM (THREAD_SELF,
					      robust_head.list_op_pending)
			       == NULL))
	return 0;
      /* As long as the word has our TID, we own the mutex: no other thread
	 may change the TID.  Otherwise the mutex has been unlocked, and we
	 must not unlock it again: an emulator has not passed on the address of
	 list_op_pending (then FUTEX_WAKE has woken no thread) or has ignored
	 the flag of FUTEX_UNLOCK_PI.  The memory may be gone already, so do
	 not take this path a second time.  */
      else if ((atomic_load_relaxed (futex) & FUTEX_TID_MASK)
	       != THREAD_GETMEM (THREAD_SELF, tid))
	{
	  flag_unknown = true;
	  /* Not futex_wake, for which unexpected errors are fatal.  */
	  if (op == FUTEX_WAKE)
	    lll_futex_wake (futex, 1, private);
	  THREAD_SETMEM (THREAD_SELF, robust_head.list_op_pending, NULL);
	  return 0;
	}
    }

  /* The kernel does not help, and we still own the mutex.  If we die before
     the release, the kernel sets FUTEX_OWNER_DIED.  If we die between the
     release and the wake-up, it wakes a waiter (since Linux 5.5, if no thread
     has acquired the mutex meanwhile), because list_op_pending is set.  */
  if (op == FUTEX_UNLOCK_PI)
    {
      /* Leave every word that is not just the TID to the kernel.  */
      int oldval = atomic_load_relaxed (futex);
      do
	if (oldval != THREAD_GETMEM (THREAD_SELF, tid))
	  {
	    int err = futex_unlock_pi ((unsigned int *) futex, private);
	    if (__glibc_likely (err == 0))
	      break;
	    /* Only the caller knows whether the mutex was unrecoverable
	       before.  */
	    if (mutex->__data.__owner == PTHREAD_MUTEX_NOTRECOVERABLE)
	      return err;
	    return __pthread_mutex_pi_unlock_failed (mutex, 0, err);
	  }
      while (!atomic_compare_exchange_weak_release (futex, &oldval, 0));
    }
  else if ((atomic_exchange_release (futex, 0) & FUTEX_WAITERS) != 0)
    futex_wake ((unsigned int *) futex, 1, private);

  /* We must clear op_pending after we unlock the mutex.  This violates the
     mutex destruction requirements because another thread could acquire the
     mutex, destroy it, and reuse the memory for something else; then, if this
     thread crashes, and the memory happens to have a value equal to the TID,
     the kernel will believe it is still related to the mutex (which has been
     destroyed already) and will modify some other random object.  */
  __asm ("" ::: "memory");
  THREAD_SETMEM (THREAD_SELF, robust_head.list_op_pending, NULL);
  return 0;
}

int
__futex_robust_unlock (pthread_mutex_t *mutex)
{
  return futex_robust_unlock (mutex);
}
