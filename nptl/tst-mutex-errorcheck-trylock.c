/* Test pthread_mutex_trylock by the owner of an error-checking mutex.
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
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include <support/check.h>
#include <support/xthread.h>

static int
do_test (void)
{
  static const int protocols[] =
    {
      PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT, PTHREAD_PRIO_PROTECT
    };

  for (int i = 0; i < 3; i++)
    for (int robust = 0; robust < 2; robust++)
      {
	pthread_mutexattr_t attr;
	pthread_mutex_t mutex;

	printf ("info: protocol %d, %srobust\n", protocols[i],
		robust ? "" : "not ");
	xpthread_mutexattr_init (&attr);
	xpthread_mutexattr_settype (&attr, PTHREAD_MUTEX_ERRORCHECK);
	xpthread_mutexattr_setprotocol (&attr, protocols[i]);
	if (robust)
	  xpthread_mutexattr_setrobust (&attr, PTHREAD_MUTEX_ROBUST);
	int result = pthread_mutex_init (&mutex, &attr);
	xpthread_mutexattr_destroy (&attr);
	/* There are no robust mutexes with a priority ceiling.  */
	if (result == ENOTSUP)
	  continue;
	TEST_COMPARE (result, 0);
	/* A priority ceiling needs this policy, which needs a privilege.  */
	struct sched_param param
	  = { .sched_priority = sched_get_priority_min (SCHED_FIFO) };
	if (protocols[i] == PTHREAD_PRIO_PROTECT
	    && pthread_setschedparam (pthread_self (), SCHED_FIFO,
				      &param) != 0)
	  {
	    puts ("info: not tested, no privilege for SCHED_FIFO");
	    continue;
	  }
	xpthread_mutex_lock (&mutex);
	TEST_COMPARE (pthread_mutex_trylock (&mutex), EBUSY);
	xpthread_mutex_unlock (&mutex);
	xpthread_mutex_destroy (&mutex);
      }
  return 0;
}

#include <support/test-driver.c>
