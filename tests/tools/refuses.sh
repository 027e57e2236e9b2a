# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced, after scripts/lib.sh, by tests of bad input.

# refuses STATUS PATTERN COMMAND...: check that COMMAND fails and prints PATTERN. STATUS
# "any" is any but 0.
refuses()
{
	local want pattern got
	want=$1 pattern=$2
	shift 2
	out=$("$@" 2>&1 </dev/null)
	got=$?
	[ "$got" != 0 ] || die "'$*' was accepted: $out"
	[ "$want" = any ] || [ "$got" = "$want" ] ||
		die "'$*' ended with status $got, expected $want: $out"
	printf '%s\n' "$out" | grep -qE -e "$pattern" ||
		die "'$*' did not say '$pattern' but: $out"
}
