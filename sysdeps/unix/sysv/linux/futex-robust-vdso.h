/* The vDSO function that releases a robust futex.  Generic version.
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

/* An architecture whose vDSO has a robust futex try-unlock function defines
   HAVE_FUTEX_ROBUST_UNLOCK_VSYSCALL to the name of the symbol that matches
   the robust list of its ABI (list64 for 8-byte pointers, list32 for 4-byte
   ones) in a header of this name in its own sysdeps directory.  Without the
   macro nothing is looked up, and robust mutexes without waiters are released
   as before (see futex-robust-unlock.h).

   FUTEX_ROBUST_UNLOCK_VSYSCALL_SINCE_FLAG is defined in addition if no kernel
   of this architecture has FUTEX_ROBUST_UNLOCK in futex(2) but not the
   function in its vDSO, so that the absence of the function implies the
   absence of the flag.  (Kernels without CONFIG_RSEQ, and user-mode Linux, are
   then treated as older kernels.)  The flag has been in Linux since 7.2 for
   all architectures: those which get the function later must not define
   it.  */
