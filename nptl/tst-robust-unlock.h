/* Helpers for the tests of robust mutexes.
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

#ifndef _TST_ROBUST_UNLOCK_H
#define _TST_ROBUST_UNLOCK_H 1

#include <array_length.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <support/check.h>
#include <support/process_state.h>
#include <support/support.h>
#include <support/timespec.h>
#include <support/xthread.h>
#include <support/xunistd.h>

/* These are those of <linux/futex.h>, which cannot be included together with
   the internal headers.  */
#ifndef FUTEX_WAITERS
# define FUTEX_WAITERS 0x80000000
#endif
#ifndef FUTEX_OWNER_DIED
# define FUTEX_OWNER_DIED 0x40000000
#endif
/* Flag of the futex operations of Linux 7.2.  */
#ifndef FUTEX_ROBUST_UNLOCK
# define FUTEX_ROBUST_UNLOCK 512
#endif
struct kernel_robust_list_head
{
  void *list;			/* Points to itself if the list is empty.  */
  long int futex_offset;
  void *list_op_pending;
};

/* Defined to 1 by the tst-robustpi-* tests.  */
#ifndef ENABLE_PI
# define ENABLE_PI 0
#endif

/* One kind of robust mutex.  */
struct kind
{
  const char *name;
  int type;
  int pshared;
};

static const struct kind kinds[] =
{
  { "normal", PTHREAD_MUTEX_NORMAL, PTHREAD_PROCESS_SHARED },
  { "normal private", PTHREAD_MUTEX_NORMAL, PTHREAD_PROCESS_PRIVATE },
  { "recursive", PTHREAD_MUTEX_RECURSIVE, PTHREAD_PROCESS_SHARED },
  { "recursive private", PTHREAD_MUTEX_RECURSIVE, PTHREAD_PROCESS_PRIVATE },
  { "errorcheck", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PROCESS_SHARED },
  { "errorcheck private", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PROCESS_PRIVATE },
  { "adaptive", PTHREAD_MUTEX_ADAPTIVE_NP, PTHREAD_PROCESS_SHARED },
  { "adaptive private", PTHREAD_MUTEX_ADAPTIVE_NP, PTHREAD_PROCESS_PRIVATE },
};

static inline void
init_robust_mutex (pthread_mutex_t *mutex, const struct kind *kind)
{
  pthread_mutexattr_t attr;
  xpthread_mutexattr_init (&attr);
  xpthread_mutexattr_settype (&attr, kind->type);
  xpthread_mutexattr_setpshared (&attr, kind->pshared);
  xpthread_mutexattr_setrobust (&attr, PTHREAD_MUTEX_ROBUST);
  if (ENABLE_PI)
    xpthread_mutexattr_setprotocol (&attr, PTHREAD_PRIO_INHERIT);
  int result = pthread_mutex_init (mutex, &attr);
  if (ENABLE_PI && result == ENOTSUP)
    FAIL_UNSUPPORTED ("the kernel has no PI futexes");
  TEST_COMPARE (result, 0);
  xpthread_mutexattr_destroy (&attr);
}

/* Apply the SECCOMP_RET_* ACTION to all future futex calls of this thread
   whose operation, under MASK, is OP.  False if there are no filters here.  */
static inline bool
filter_futex (unsigned int mask, unsigned int op, unsigned int action)
{
#ifdef __NR_futex
  struct sock_filter code[] =
    {
      BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
# ifdef __NR_futex_time64
      BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, __NR_futex_time64, 1, 0),
# endif
      BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, __NR_futex, 0, 4),
      /* The operation is an int, the lower half of the argument.  */
      BPF_STMT (BPF_LD | BPF_W | BPF_ABS,
		offsetof (struct seccomp_data, args[1])
		+ (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0)),
      BPF_STMT (BPF_ALU | BPF_AND | BPF_K, mask),
      BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, op, 0, 1),
      BPF_STMT (BPF_RET | BPF_K, action),
      BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
  struct sock_fprog filter = { array_length (code), code };
  return (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
	  && prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
#else
  return false;
#endif
}

static inline bool
filter_robust_unlock (unsigned int action)
{
  return filter_futex (FUTEX_ROBUST_UNLOCK, FUTEX_ROBUST_UNLOCK, action);
}

/* Skip the test if filters are not possible.  */
static inline void
require_filters (void)
{
  pid_t pid = xfork ();
  if (pid == 0)
    _exit (filter_robust_unlock (SECCOMP_RET_ALLOW) ? 0 : 1);
  int status;
  xwaitpid (pid, &status, 0);
  if (status != 0)
    FAIL_UNSUPPORTED ("seccomp filters are not possible");
}

/* A thread that waits for a mutex, then unlocks it.  */
struct waiter
{
  pthread_mutex_t *mutex;
  int expected;			/* From its lock.  */
  pid_t tid;
  pthread_t thread;
};

static void *
waiter_thread (void *closure)
{
  struct waiter *w = closure;
  __atomic_store_n (&w->tid, gettid (), __ATOMIC_RELEASE);
  TEST_COMPARE (pthread_mutex_lock (w->mutex), w->expected);
  if (w->expected == EOWNERDEAD)
    xpthread_mutex_consistent (w->mutex);
  if (w->expected != ENOTRECOVERABLE)
    xpthread_mutex_unlock (w->mutex);
  return NULL;
}

/* Start it, and return once it sleeps.  */
static inline void
start_waiter (struct waiter *w, pthread_mutex_t *mutex, int expected)
{
  w->mutex = mutex;
  w->expected = expected;
  w->tid = 0;
  w->thread = xpthread_create (NULL, waiter_thread, w);
  while (__atomic_load_n (&w->tid, __ATOMIC_ACQUIRE) == 0)
    sched_yield ();
  /* Each thread has a directory in /proc.  (support_thread_state_wait is
     missing before glibc 2.43.)  */
  support_process_state_wait (w->tid, support_process_state_sleeping);
}

/* The thread must hold no robust mutex and be about to use none.  */
static inline void
check_no_robust_mutex (void)
{
  struct kernel_robust_list_head *head;
  size_t length;
  TEST_COMPARE (syscall (__NR_get_robust_list, 0, &head, &length), 0);
  TEST_COMPARE (length, sizeof (*head));
  TEST_VERIFY (head->list == &head->list);
  TEST_VERIFY (head->list_op_pending == NULL);
}

#endif /* tst-robust-unlock.h */
