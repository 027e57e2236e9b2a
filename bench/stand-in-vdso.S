/* SPDX-License-Identifier: MIT */
/*
 * A stand-in for the vDSO of Linux 7.2, FOR MEASURING ONLY: an ELF file with the
 * one function that releases a robust mutex, and with the same instructions as in
 * the kernel's image (disassemble it to compare). Unlike the real one, it is not
 * safe: no kernel knows this code, and none clears the slot if the thread ends
 * between the two stores. bench/with-vdso maps it.
 */
	.text
	.globl	__vdso_futex_robust_list64_try_unlock
	.type	__vdso_futex_robust_list64_try_unlock, @function
	.balign	16
/* unsigned (unsigned *lock %rdi, unsigned tid %esi, unsigned long *slot %rdx) */
__vdso_futex_robust_list64_try_unlock:
	mov	%esi, %eax
	xor	%ecx, %ecx
	lock cmpxchg %ecx, (%rdi)
	jnz	1f
	mov	%rcx, (%rdx)
1:	ret
	.size	__vdso_futex_robust_list64_try_unlock, . - __vdso_futex_robust_list64_try_unlock
	.section .note.GNU-stack, "", @progbits
