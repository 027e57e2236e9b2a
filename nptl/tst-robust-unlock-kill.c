/* Test that killing a process in an unlock leaves reused memory alone.
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

/* The test stops a process at each instruction of pthread_mutex_unlock and
   kills it there.  If the process has unlocked the mutex, the test first uses
   the memory for something else, with the TID in place of the futex word: the
   kernel must not set FUTEX_OWNER_DIED in it (bug 14485).  If the process has
   not unlocked the mutex yet, the kernel must set FUTEX_OWNER_DIED.  The test
   also kills the process at each instruction of pthread_mutex_lock of a free
   mutex.

   With UNRECOVERABLE, the test does the same for a lock that acquires the
   mutex, finds it unrecoverable, and unlocks it.  */

#include "tst-robust-unlock.h"

#include <sys/ptrace.h>
#include <support/xptrace.h>

/* An unlock has far fewer instructions.  It never ends if each step clears the
   monitor of a load-exclusive instruction.  */
#define MOST_STEPS 2000

/* What the process does.  */
enum { LOCK, TRYLOCK, TIMEDLOCK, UNLOCK };

/* Exit status of the process.  */
#define NO_PTRACE 2

static struct shared
{
  pthread_mutex_t mutex;
  bool done;
} *shared;

#define LOCK_WORD (*(volatile unsigned int *) &shared->mutex.__data.__lock)

#ifdef UNRECOVERABLE
static void
lock_only (int unused)
{
  xpthread_mutex_lock (&shared->mutex);
}
#endif

static void
prepare (const struct kind *kind)
{
  init_robust_mutex (&shared->mutex, kind);
#ifdef UNRECOVERABLE
  run_process (lock_only, 0);
  TEST_COMPARE (pthread_mutex_lock (&shared->mutex), EOWNERDEAD);
  xpthread_mutex_unlock (&shared->mutex);
#endif
  shared->done = false;
}

static void
run (int how)
{
  struct timespec never = { 2000000000, 0 };
  if (how == UNLOCK)
    TEST_COMPARE (pthread_mutex_lock (&shared->mutex), 0);
  if (ptrace (PTRACE_TRACEME, 0, NULL, NULL) != 0)
    _exit (NO_PTRACE);
  raise (SIGSTOP);
  if (how == UNLOCK)
    pthread_mutex_unlock (&shared->mutex);
  else if (how == LOCK)
    pthread_mutex_lock (&shared->mutex);
  else if (how == TRYLOCK)
    pthread_mutex_trylock (&shared->mutex);
  else
    pthread_mutex_timedlock (&shared->mutex, &never);
  shared->done = true;
  while (true)
    pause ();
}

static void
lock (int unused)
{
  pthread_mutex_lock (&shared->mutex);
}

static void
end_process (pid_t pid)
{
  int status;
  TEST_COMPARE (kill (pid, SIGKILL), 0);
  xwaitpid (pid, &status, 0);
}

/* Kill the process after STEPS steps.  Return false if it has returned from
   the function by then.  */
static bool
kill_at_step (const struct kind *kind, int how, bool contended, int steps)
{
  pid_t waiter = -1;
  int status;

  prepare (kind);
  pid_t pid = start_process (run, how);
  xwaitpid (pid, &status, WUNTRACED);
  if (WIFEXITED (status) && WEXITSTATUS (status) == NO_PTRACE)
    FAIL_UNSUPPORTED ("ptrace is not permitted");
  TEST_VERIFY_EXIT (WIFSTOPPED (status));
  if (contended)
    {
      waiter = start_process (lock, 0);
      wait_until_blocked (waiter);
    }

  bool owned = LOCK_WORD != 0;
  for (int i = 0; i < steps && !shared->done; i++)
    {
      if (ptrace (PTRACE_SINGLESTEP, pid, NULL, NULL) != 0)
	FAIL_UNSUPPORTED ("the kernel cannot step: %m");
      xwaitpid (pid, &status, 0);
      TEST_VERIFY_EXIT (WIFSTOPPED (status));
      owned = owned || LOCK_WORD == pid;
    }
  /* The waiter must not use the memory any more.  */
  bool released = owned && (LOCK_WORD & FUTEX_TID_MASK) != pid;
  if (contended)
    end_process (waiter);
  if (released)
    LOCK_WORD = pid;
  bool done = shared->done;
  end_process (pid);
  if (released && LOCK_WORD != pid)
    {
      support_record_failure ();
      printf ("error: %s, %scontended: %x became %x after step %d\n",
	      kind->name, contended ? "" : "un", pid, LOCK_WORD, steps);
    }
  else if (owned && !released && (LOCK_WORD & FUTEX_OWNER_DIED) == 0)
    {
      support_record_failure ();
      printf ("error: %s, %scontended: the owner's death is lost at step %d\n",
	      kind->name, contended ? "" : "un", steps);
    }
  return !done;
}

static void
kill_at_each_step (const struct kind *kind, int how, bool contended)
{
  /* Check first that the function returns at all.  */
  if (kill_at_step (kind, how, contended, MOST_STEPS))
    FAIL_UNSUPPORTED ("the instructions cannot be stepped");
  int steps = 0;
  while (kill_at_step (kind, how, contended, steps))
    steps++;
  printf ("info: %s, operation %d, %scontended: %d steps\n", kind->name, how,
	  contended ? "" : "un", steps);
  TEST_VERIFY (steps > 10);
}

static int
do_test (void)
{
  int scope = support_ptrace_scope ();
  if (scope > 1)
    FAIL_UNSUPPORTED ("ptrace_scope is %d", scope);
  if (!flag_is_used () || !kernel_has_flag ())
    FAIL_UNSUPPORTED ("the kernel does not help");
#ifdef UNRECOVERABLE
  /* A lock of an unrecoverable mutex makes the system call without waiters
     too, but only if the mutex is not a PI mutex.  */
  if (ENABLE_PI && !vdso_has_function ())
    FAIL_UNSUPPORTED ("the kernel does not help without waiters");
#endif

  shared = support_shared_allocate (sizeof (*shared));
  /* Resolve lazily bound functions before the first step.  */
  init_robust_mutex (&shared->mutex, &kinds[0]);
  xpthread_mutex_lock (&shared->mutex);
  pthread_mutex_unlock (&shared->mutex);
  TEST_COMPARE (pthread_mutex_trylock (&shared->mutex), 0);
  TEST_COMPARE (pthread_mutex_unlock (&shared->mutex), 0);
  TEST_COMPARE (pthread_mutex_timedlock (&shared->mutex,
					 &(struct timespec) { 0 }), 0);
  TEST_COMPARE (pthread_mutex_unlock (&shared->mutex), 0);

  /* Normal and recursive mutexes; the other types are like normal ones.  */
  for (int i = 0; i <= 2; i += 2)
    {
#ifdef UNRECOVERABLE
      for (int how = LOCK; how < UNLOCK; how++)
	kill_at_each_step (&kinds[i], how, false);
#else
      kill_at_each_step (&kinds[i], LOCK, false);
      if (vdso_has_function ())
	kill_at_each_step (&kinds[i], UNLOCK, false);
      kill_at_each_step (&kinds[i], UNLOCK, true);
#endif
    }
  support_shared_free (shared);
  return 0;
}

#define TIMEOUT 300
#include <support/test-driver.c>
