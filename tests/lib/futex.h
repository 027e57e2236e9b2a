/* SPDX-License-Identifier: MIT */
/* The kernel's interface, as far as older headers do not have it. */
#ifndef FUTEX_H
#define FUTEX_H

#include <linux/futex.h>

/* uapi/linux/futex.h of Linux 7.2 */
#ifndef FUTEX_ROBUST_UNLOCK
#define FUTEX_ROBUST_UNLOCK	512
#define FUTEX_ROBUST_LIST32	1024
#endif

/* What a libc asks for: the size of the slot is that of a pointer. */
#define ROBUST_UNLOCK_FLAGS (sizeof(void *) == 4 ? \
	FUTEX_ROBUST_UNLOCK | FUTEX_ROBUST_LIST32 : FUTEX_ROBUST_UNLOCK)

#define PAGE	4096

#endif
