/* Let a test answer the futex calls of another thread.
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

#ifndef _TST_ROBUST_NOTIFY_H
#define _TST_ROBUST_NOTIFY_H 1

#include "tst-robust.h"

#include <poll.h>
#include <sys/ioctl.h>

/* Since Linux 5.5.  */
#ifdef SECCOMP_USER_NOTIF_FLAG_CONTINUE

/* The answer to a futex call: an error number, 0, or DO_CALL, which leaves
   the call to the kernel.  */
enum { DO_CALL = -1 };
typedef int (*answer_t) (const struct seccomp_data *data);

static inline bool
is_lock_pi (const struct seccomp_data *data)
{
  int op = data->args[1] & 0x7f;
  return op == FUTEX_LOCK_PI || op == FUTEX_LOCK_PI2;
}

struct answered
{
  void *(*run) (void *);
  void *closure;
  unsigned int mask;
  unsigned int op;
  int listener;
};

static void *
answered_thread (void *closure)
{
  struct answered *a = closure;
  int fd = filter_futex (a->mask, a->op, SECCOMP_RET_USER_NOTIF,
			 SECCOMP_FILTER_FLAG_NEW_LISTENER);
  __atomic_store_n (&a->listener, fd, __ATOMIC_RELEASE);
  if (fd >= 0)
    a->run (a->closure);
  return NULL;
}

/* Run RUN in a new thread.  ANSWER answers each of its futex calls whose
   operation, masked with MASK, is OP.  */
static inline void
run_answered (void *(*run) (void *), void *closure, unsigned int mask,
	      unsigned int op, answer_t answer)
{
  struct answered a = { run, closure, mask, op, -2 };
  pthread_t thread = xpthread_create (NULL, answered_thread, &a);
  while (__atomic_load_n (&a.listener, __ATOMIC_ACQUIRE) == -2)
    sched_yield ();
  if (a.listener < 0)
    FAIL_UNSUPPORTED ("seccomp notifications are not possible");

  struct pollfd pfd = { a.listener, POLLIN };
  int result;
  /* The thread may make futex calls until it has ended.  */
  while ((result = pthread_tryjoin_np (thread, NULL)) == EBUSY)
    if (poll (&pfd, 1, 10) == 1 && (pfd.revents & POLLIN) != 0)
      {
	/* A future kernel may write more.  */
	union
	{
	  struct seccomp_notif notif;
	  char space[1024];
	} in = { 0 };
	union
	{
	  struct seccomp_notif_resp resp;
	  char space[1024];
	} out = { 0 };
	TEST_COMPARE (ioctl (a.listener, SECCOMP_IOCTL_NOTIF_RECV, &in), 0);
	int error = answer (&in.notif.data);
	out.resp.id = in.notif.id;
	if (error == DO_CALL)
	  out.resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else
	  out.resp.error = -error;
	TEST_COMPARE (ioctl (a.listener, SECCOMP_IOCTL_NOTIF_SEND, &out), 0);
      }
  TEST_COMPARE (result, 0);
  xclose (a.listener);
}

#endif /* SECCOMP_USER_NOTIF_FLAG_CONTINUE */

#endif /* tst-robust-notify.h */
