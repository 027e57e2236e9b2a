/* Helpers for the tests of robust mutexes.
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

#ifndef _TST_ROBUST_H
#define _TST_ROBUST_H 1

#include <array_length.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>

#include <support/check.h>
#include <support/process_state.h>
#include <support/support.h>
#include <support/timespec.h>
#include <support/xthread.h>
#include <support/xunistd.h>

/* Some 32-bit architectures have only the second one.  */
#ifdef __NR_futex
# define FUTEX_CALL __NR_futex
#else
# define FUTEX_CALL __NR_futex_time64
#endif

/* Since Linux 5.14.  */
#ifndef FUTEX_LOCK_PI2
# define FUTEX_LOCK_PI2 13
#endif

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

static inline struct timespec
in_ms (clockid_t clock, int ms)
{
  return timespec_add (xclock_now (clock),
		       make_timespec (ms / 1000, ms % 1000 * 1000000));
}

/* The robust list of the calling thread.  */
static inline struct robust_list_head *
robust_list (void)
{
  struct robust_list_head *head;
  size_t length;
  TEST_COMPARE (syscall (__NR_get_robust_list, 0, &head, &length), 0);
  TEST_COMPARE (length, sizeof (*head));
  return head;
}

/* Check that the calling thread owns no robust mutex and has no lock or
   unlock pending.  */
static inline void
check_no_robust_mutex (void)
{
  struct robust_list_head *head = robust_list ();
  TEST_VERIFY (head->list.next == &head->list);
  TEST_VERIFY (head->list_op_pending == NULL);
}

/* Run SUBTEST in a new process.  */
static inline pid_t
start_process (void (*subtest) (int), int argument)
{
  pid_t pid = xfork ();
  if (pid == 0)
    {
      /* Do not outlive a test that gives up.  */
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      subtest (argument);
      _exit (support_record_failure_is_failed ());
    }
  return pid;
}

static inline void
run_process (void (*subtest) (int), int argument)
{
  int status;
  xwaitpid (start_process (subtest, argument), &status, 0);
  TEST_COMPARE (status, 0);
}

/* Wait until the process blocks or ends.  A later check of the test detects
   that it ended.  */
static inline void
wait_until_blocked (pid_t pid)
{
  support_process_state_wait (pid, support_process_state_sleeping
				   | support_process_state_zombie);
}

/* Check that the process blocks, and kill it.  */
static inline void
kill_blocked_process (pid_t pid)
{
  int status;
  wait_until_blocked (pid);
  usleep (10000);
  TEST_COMPARE (waitpid (pid, &status, WNOHANG), 0);
  TEST_COMPARE (kill (pid, SIGKILL), 0);
  xwaitpid (pid, &status, 0);
  TEST_VERIFY (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
}

/* Likewise, for a new process that runs SUBTEST.  */
static inline void
run_blocked_process (void (*subtest) (int), int argument)
{
  kill_blocked_process (start_process (subtest, argument));
}

/* A thread that locks MUTEX and ends.  */
static inline void *
lock_and_end (void *mutex)
{
  xpthread_mutex_lock (mutex);
  return NULL;
}

/* Lock MUTEX in a thread that then ends.  */
static inline void
let_owner_die (pthread_mutex_t *mutex)
{
  xpthread_join (xpthread_create (NULL, lock_and_end, mutex));
}

/* Make seccomp take ACTION for each futex call of the calling thread whose
   operation, masked with MASK, is OP.  Return the descriptor that FLAGS ask
   for, or -1 if filters are not possible.  */
static inline int
filter_futex (unsigned int mask, unsigned int op, unsigned int action,
	      unsigned int flags)
{
  struct sock_filter code[] =
    {
      BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
#ifdef __NR_futex_time64
      BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, __NR_futex_time64, 1, 0),
#endif
      BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, FUTEX_CALL, 0, 4),
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
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
    return syscall (__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  return -1;
}

/* Make all future futex calls with COMMAND fail with ERROR.  */
static inline void
refuse_futex (int command, int error)
{
  TEST_COMPARE (filter_futex (0x7f, command, SECCOMP_RET_ERRNO | error, 0),
		0);
}

/* Likewise for pthread_mutex_lock and pthread_mutex_timedlock.  */
static inline void
refuse_lock_pi (int error)
{
  refuse_futex (FUTEX_LOCK_PI, error);
  refuse_futex (FUTEX_LOCK_PI2, error);
}

static inline void
try_filter (int unused)
{
  _exit (filter_futex (0, 1, SECCOMP_RET_ALLOW, 0) != 0);
}

/* Skip the test if filters are not possible.  */
static inline void
require_filters (void)
{
  int status;
  xwaitpid (start_process (try_filter, 0), &status, 0);
  if (status != 0)
    FAIL_UNSUPPORTED ("seccomp filters are not possible");
}

#endif /* tst-robust.h */
