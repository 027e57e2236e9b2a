/* SPDX-License-Identifier: MIT */
/* The parts of the kernel's interface that older headers lack. */
#ifndef FUTEX_H
#define FUTEX_H

#include <linux/futex.h>

/* uapi/linux/futex.h of Linux 7.2 */
#ifndef FUTEX_ROBUST_UNLOCK
#define FUTEX_ROBUST_UNLOCK	512
#define FUTEX_ROBUST_LIST32	1024
#endif

/* A libc asks for a slot of the size of a pointer. */
#define ROBUST_UNLOCK_FLAGS (sizeof(void *) == 4 ? \
	FUTEX_ROBUST_UNLOCK | FUTEX_ROBUST_LIST32 : FUTEX_ROBUST_UNLOCK)

#define PAGE	4096

#endif
