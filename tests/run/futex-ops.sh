# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced by tests/run/objects and tests/run/check-archs, after scripts/lib.sh: read
# from a libc's objects what the libc asks the kernel for.

# of_arch ARCH: set $width, the size of pointers, and $symbol, the vDSO's, if any.
of_arch()
{
	case $1 in
	i386 | x32 | arm) width=32 ;;
	*) width=64 ;;
	esac
	# shellcheck disable=SC2034 # the sourcing scripts use it
	case $1 in
	x86_64 | i386 | x32 | aarch64) symbol=__vdso_futex_robust_list${width}_try_unlock ;;
	*) symbol= ;;
	esac
}

# The ops FUTEX_WAKE (1) and FUTEX_UNLOCK_PI (7) with FUTEX_ROBUST_UNLOCK (512) and,
# for 32-bit pointers, with FUTEX_ROBUST_LIST32 (1024).
ops_of_width() { case $1 in 32) echo "1537 1543" ;; *) echo "513 519" ;; esac; }

# ops: print those among the constants of a disassembly. FUTEX_PRIVATE_FLAG may be added
# later and is left out. A compiler that chooses between the two without a branch
# masks their difference, -6, and adds it to FUTEX_UNLOCK_PI's.
ops()
{
	awk '
	function value(s,   i, v) {
		if (s !~ /^0x/)
			return s + 0
		for (i = 3; i <= length(s); i++)
			v = 16 * v + index("0123456789abcdef", substr(s, i, 1)) - 1
		return v
	}
	{
		line = $0
		sub(/(\/\/|@).*/, "", line)
		sub(/[0-9a-f]+ <.*/, "", line)
		while (match(line, /[$#,](0x)?[0-9a-f]+/)) {
			v = value(substr(line, RSTART + 1, RLENGTH - 1))
			line = substr(line, RSTART + RLENGTH)
			if (v >= 128 && int(v / 128) % 2)
				v -= 128
			if (v == 513 || v == 519 || v == 1025 || v == 1031 || v == 1537 || v == 1543)
				seen[v] = 1
		}
		if ($0 ~ /^[^#]*and .*[$#]0xf+a,/)
			masked = 1
	}
	END {
		for (v = 519; masked && v <= 1543; v += 512)
			if (v in seen)
				seen[v - 6] = 1
		for (v = 513; v <= 1543; v++)
			if (v in seen)
				printf "%s%d", n++ ? " " : "", v
	}'
}

# check_ops OBJDUMP WIDTH OBJECT LABEL
check_ops()
{
	local got
	got=$("$1" -d --no-show-raw-insn "$3" | ops)
	[ "$got" = "$(ops_of_width "$2")" ] ||
		die "$4 passes futex(2) the ops '$got', expected '$(ops_of_width "$2")'"
}

# check_symbol SYMBOL FILE LABEL: FILE looks up SYMBOL and no other (none, if empty).
check_symbol()
{
	local got
	got=$(grep -ao '__vdso_futex_robust_list[0-9]*_try_unlock' "$2" | sort -u)
	[ "$got" = "$1" ] || die "$3 looks up '$got' in the vDSO, expected '$1'"
}
