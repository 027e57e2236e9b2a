/* The vDSO function that releases a robust futex.  AArch64 version.
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

/* The name under which the function has been posted for Linux, in version node
   LINUX_2.6.39 (arch/arm64/kernel/vdso/vdso.lds.S).  Until it is there, a null
   pointer is found.  No FUTEX_ROBUST_UNLOCK_VSYSCALL_SINCE_FLAG: Linux 7.2 and
   7.3 have the flag without the function.  */
#ifdef __LP64__
# define HAVE_FUTEX_ROBUST_UNLOCK_VSYSCALL \
  "__vdso_futex_robust_list64_try_unlock"
#endif
