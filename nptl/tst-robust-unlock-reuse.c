/* Test that an unlock does not use a robust mutex after its release.
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

/* A thread that gets a mutex may destroy it and free its memory, although
   the unlock of the former owner has not returned yet.  */

#include "tst-robust-unlock.h"

#define ROUNDS 2000

static char *page;
static size_t page_size;
static pthread_mutex_t *volatile mutex;
static pthread_barrier_t barrier;
static const struct kind *kind;

static void *
former_owner (void *closure)
{
  for (int i = 0; i < ROUNDS; i++)
    {
      xpthread_barrier_wait (&barrier);
      xpthread_mutex_lock (mutex);
      xpthread_barrier_wait (&barrier);
      /* Faults if it comes back to the mutex when that has gone.  */
      xpthread_mutex_unlock (mutex);
      check_no_robust_mutex ();
      xpthread_barrier_wait (&barrier);
    }
  return NULL;
}

static int
do_test (void)
{
  page_size = sysconf (_SC_PAGESIZE);
  xpthread_barrier_init (&barrier, NULL, 2);
  for (int k = 0; k < array_length (kinds); k++)
    {
      kind = &kinds[k];
      printf ("info: %s\n", kind->name);
      pthread_t thread = xpthread_create (NULL, former_owner, NULL);
      for (int i = 0; i < ROUNDS; i++)
	{
	  page = xmmap (NULL, page_size, PROT_READ | PROT_WRITE,
			MAP_ANONYMOUS | MAP_SHARED, -1);
	  mutex = (pthread_mutex_t *) page;
	  init_robust_mutex (mutex, kind);
	  xpthread_barrier_wait (&barrier);
	  xpthread_barrier_wait (&barrier);
	  if (i % 2 == 0)
	    xpthread_mutex_lock (mutex);
	  else
	    while (pthread_mutex_trylock (mutex) == EBUSY)
	      continue;
	  xpthread_mutex_unlock (mutex);
	  xpthread_mutex_destroy (mutex);
	  if (i % 4 < 2)
	    TEST_COMPARE (mprotect (page, page_size, PROT_NONE), 0);
	  else
	    {
	      /* The same address has other contents at once.  */
	      TEST_VERIFY_EXIT (mmap (page, page_size, PROT_READ | PROT_WRITE,
				      MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED,
				      -1, 0) == page);
	      memset (page, 0xa5, sizeof (pthread_mutex_t));
	    }
	  xpthread_barrier_wait (&barrier);
	  if (i % 4 >= 2)
	    for (int j = 0; j < page_size; j++)
	      TEST_COMPARE ((unsigned char) page[j],
			    j < sizeof (pthread_mutex_t) ? 0xa5 : 0);
	  xmunmap (page, page_size);
	}
      xpthread_join (thread);
    }
  xpthread_barrier_destroy (&barrier);
  return 0;
}

#define TIMEOUT 60
#include <support/test-driver.c>
