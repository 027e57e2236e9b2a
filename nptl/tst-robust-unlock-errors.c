/* Test errors of the futex call that unlocks a robust mutex.
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

/* The test answers the futex calls that have FUTEX_ROBUST_UNLOCK set.
   nptl/Makefile selects the strict setting, so that the calls are made with
   any kernel.  */

#include "tst-robust-notify.h"
#include "tst-robust-unlock.h"

#ifdef SECCOMP_USER_NOTIF_FLAG_CONTINUE

/* What the kernel, or something in front of it, does.  */
static const struct behavior
{
  const char *name;
  int error;
  bool releases;
  bool clears;
  bool wakes;
  int calls;			/* Of two unlocks.  */
} behaviors[] =
{
  { "ENOSYS", ENOSYS, false, false, false, 1 },
  { "EPERM", EPERM, false, false, false, 2 },
  { "EAGAIN", EAGAIN, false, false, false, 2 },
  { "EINVAL, nothing done", EINVAL, false, false, false, 2 },
  { "EFAULT, nothing done", EFAULT, false, false, false, 2 },
  { "success, nothing done", 0, false, false, false, 2 },
  { "success", 0, true, true, true, 2 },
  { "EINVAL after the release", EINVAL, true, true, true, 2 },
  { "EFAULT, slot not cleared", EFAULT, true, false, false, 1 },
  { "success, slot not cleared", 0, true, false, false, 1 },
};

static const struct behavior *behavior;
static pthread_mutex_t mutex;
static int calls;

/* The next owner.  */
#define OTHER_TID 0x3ffffffe

static int
answer (const struct seccomp_data *data)
{
  int *word = (int *) (uintptr_t) data->args[0];
  void **slot = (void **) (uintptr_t) data->args[4];

  calls++;
  if (behavior->releases)
    __atomic_store_n (word, OTHER_TID, __ATOMIC_RELEASE);
  if (behavior->clears)
    *slot = NULL;
  if (behavior->wakes)
    syscall (FUTEX_CALL, word, FUTEX_WAKE, 1);
  return behavior->error;
}

struct waiter
{
  int expected;
  pid_t tid;
};

static void *
wait_for_wake (void *closure)
{
  struct waiter *w = closure;
  struct timespec timeout = { 60, 0 };

  __atomic_store_n (&w->tid, gettid (), __ATOMIC_RELEASE);
  /* Robust mutexes are never private to the kernel.  */
  TEST_COMPARE (syscall (FUTEX_CALL, &mutex, FUTEX_WAIT, w->expected,
			 &timeout), 0);
  return NULL;
}

static void *
run (void *closure)
{
  const struct kind *kind = closure;

  for (int i = 0; i < 2; i++)
    {
      int calls_before = calls;
      struct waiter w = { 0 };
      pthread_t thread;

      init_robust_mutex (&mutex, kind);
      xpthread_mutex_lock (&mutex);
      w.expected = mutex.__data.__lock |= FUTEX_WAITERS;
      /* The kernel does not let FUTEX_WAKE and PI futexes mix.  */
      if (!ENABLE_PI)
	{
	  thread = xpthread_create (NULL, wait_for_wake, &w);
	  while (__atomic_load_n (&w.tid, __ATOMIC_ACQUIRE) == 0)
	    sched_yield ();
	  support_thread_state_wait (w.tid, support_process_state_sleeping);
	}
      TEST_COMPARE (pthread_mutex_unlock (&mutex), 0);
      check_no_robust_mutex ();
      TEST_COMPARE (mutex.__data.__lock,
		    behavior->releases && calls != calls_before
		    ? OTHER_TID : 0);
      if (!ENABLE_PI)
	xpthread_join (thread);
    }
  TEST_COMPARE (calls, behavior->calls);
  return NULL;
}

static int
do_test (void)
{
  require_filters ();
  for (int i = 0; i < array_length (kinds); i++)
    for (int j = 0; j < array_length (behaviors); j++)
      {
	behavior = &behaviors[j];
	printf ("info: %s: %s\n", kinds[i].name, behavior->name);
	calls = 0;
	run_answered (run, (void *) &kinds[i], FUTEX_ROBUST_UNLOCK,
		      FUTEX_ROBUST_UNLOCK, answer);
      }
  return 0;
}

#else
static int
do_test (void)
{
  FAIL_UNSUPPORTED ("the kernel headers have no seccomp notifications");
}
#endif

#include <support/test-driver.c>
