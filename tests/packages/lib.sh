# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced, after scripts/lib.sh and packaging/roots.sh, by the tests of this directory:
# what they do in a root, and the lines that tests/run/check-packages reads. The sourcing
# script sets $root, $suite (the root's, a word of each line), $names (the packages) and
# $work (a directory).

# The exit status of the test: 1 after a failure.
status=0
passes() { echo "ok $1"; }
# shellcheck disable=SC2034 # the sourcing script ends with it
fails() { echo "not ok $1: $(shift; printf '%s' "$*" | tr '\n' ' ' | cut -c1-500)"; status=1; }
# has NAME TOOL PACKAGE: whether TOOL is installed; if not, say that NAME is skipped.
has() { command -v "$2" >/dev/null 2>&1 || { echo "skip $1: $2 is not installed (Debian package $3)"; return 1; }; }
# says NAME STATUS PATTERN COMMAND...: check the status and output of COMMAND in the root.
# shellcheck disable=SC2154 # the sourcing script sets $root and $suite
says()
{
	local what want pattern got
	what=$1 want=$2 pattern=$3
	shift 3
	out=$(root_run "$root" "$@" 2>&1)
	got=$?
	if [ $got -ne "$want" ]; then
		fails "$suite $what" "'$*' ended with status $got instead of $want: $out"
	elif ! printf '%s\n' "$out" | grep -qE -e "$pattern"; then
		fails "$suite $what" "'$*' did not say '$pattern': $out"
	else
		passes "$suite $what"
	fi
}
# left NAME [LIST]: the root has to be as it was when root_list wrote "before", or LIST.
# shellcheck disable=SC2154 # the sourcing script sets $work
left()
{
	local "then"
	then=$work/$suite.${2:-before}
	root_list "$root" >"$work/$suite.after"
	if [ -s "$then" ] && cmp -s "$then" "$work/$suite.after"; then
		passes "$suite $1 leaves nothing"
	else
		fails "$suite $1 leaves nothing" "$(diff "$then" "$work/$suite.after" | head -n 8)"
	fi
}
# apt NAME ARGUMENTS...: run apt-get in the root; returns 1 if that fails.
apt()
{
	local what
	what=$1
	shift
	if root_apt "$root" "$@" >"$work/$suite.apt" 2>&1; then
		passes "$suite $what"
	else
		fails "$suite $what" "$(grep -E '^(E:|dpkg:| )' "$work/$suite.apt" | tail -n 8)"
		return 1
	fi
}
# installed: print version and state of all packages, one line if these are the same.
# shellcheck disable=SC2016,SC2086,SC2154 # dpkg-query's format; $names is the sourcing script's list
installed() { root_run "$root" dpkg-query -W -f '${Version} ${db:Status-Status}\n' $names 2>/dev/null | sort -u; }
# debs old|new: print the packages in that directory of the root's /tmp, as paths there.
debs() { (cd "$root" && printf '/%s\n' "tmp/$1"/*.deb); }
# same_packages NAME DIR DIR: the second has to have all packages of the first, byte for
# byte.
same_packages()
{
	local f n
	for f in "$2"/*.deb; do
		n=${f##*/}
		if cmp -s "$f" "$3/$n"; then
			passes "$1: ${n%%_*}"
			continue
		fi
		[ -e "$3/$n" ] || { fails "$1: ${n%%_*}" "${3#"$top"/}/$n is missing: has a version changed?"; continue; }
		rm -rf "$work/a" "$work/b"
		dpkg-deb -R "$f" "$work/a" && dpkg-deb -R "$3/$n" "$work/b" 2>/dev/null
		fails "$1: ${n%%_*}" "these differ: $(diff -rq --no-dereference "$work/a" "$work/b" | awk '{ print $2 }' | head -n 5)"
		rm -rf "$work/a" "$work/b"
	done
}

# For what tests the packages of "make deb-glibc".
# glibc_packages: sets $dist, where the packages of "make deb-glibc" are, and $ours, their
# version. That they are missing is a skip with WHOLE_RUN=1.
# shellcheck disable=SC2154 # scripts/lib.sh sets $me
glibc_packages()
{
	local missing
	dist=${DIST:-$top/dist/deb-glibc}
	set -- "$dist"/libc6_*_amd64.deb
	if [ ! -e "$1" ]; then
		missing="there is no libc6 in $dist: run make deb-glibc, as root; it takes an hour"
		[ -n "${WHOLE_RUN-}" ] || die "$missing"
		echo "skip ${me##*/}: $missing"
		exit 0
	fi
	[ $# = 1 ] || die "there is more than one libc6 in $dist: remove dist/deb-glibc and run make deb-glibc"
	# shellcheck disable=SC2034 # the sourcing script uses it
	ours=$(dpkg-deb -f "$1" Version)
}
# check NAME COMMAND...: it ends with status 0.
check()
{
	local what out
	what=$1
	shift
	if out=$("$@" 2>&1); then passes "$suite $what"; else fails "$suite $what" "$out"; fi
}
# apt_of_readme WORD: the command of deb-glibc's README that has this word.
apt_of_readme()
{
	local line
	line=$(grep "^    .*$1" "$top/packaging/deb-glibc/README" | head -n 1)
	[ -n "$line" ] || die "packaging/deb-glibc/README: there is no command with $1"
	printf '%s\n' "$line" | sed 's/^ *//; s/apt-get/& -q -y -o Dpkg::Use-Pty=0/'
}
# The packages of glibc's source that the root has: their names, their versions.
# shellcheck disable=SC2016 # not for this shell to expand
of_glibc() { root_run "$root" dpkg-query -W -f '${db:Status-Status} ${source:Package} '"$1"'\n' | sed -n 's/^installed glibc //p'; }
# boot NAME CPUS [OPTION...]: copy the plan of that name to the root's $inside, run it in a
# VM that boots the root, with these options of tests/vm/run, and print its results.
# shellcheck disable=SC2154,SC2034 # the sourcing script sets $log and $inside, and ends with $status
boot()
{
	local booted cpus vm_log ended
	booted=$1 cpus=$2 vm_log=$log/packages-${me##*/}-$1.log
	shift 2
	say "  $booted: $(wc -l <"$work/$booted") tests in a VM that boots the root (log: ${vm_log#"$top"/})"
	cp "$work/$booted" "$root$inside/"
	{
		"$top/tests/vm/run" --root "$root" --cpus "$cpus" --memory 2048 --timeout 14000 \
			--log "$vm_log" "$@" -- "$inside/run-suite" "$inside/$booted"
		echo $? >"$work/$booted.ended"
	} | tee "$work/$booted.tap" | sed -un "s/^ok [0-9]* - \(.*\) # SKIP \(.*\)/skip $booted: \1: \2/p; t
		s/^ok [0-9]* - /ok $booted: /p
		s/^not ok [0-9]* - \(.*\)/not ok $booted: \1/p
		s/^#/#/p" | sed -u 's/^\(not ok [^(]*[^( ]\)$/\1: failed/; s/^\(not ok .*[^ ]\) (\(.*\))$/\1: \2/'
	! grep -q '^not ok' "$work/$booted.tap" || status=1
	ended=$(cat "$work/$booted.ended")
	[ "$ended,$(grep -cE '^(not )?ok ' "$work/$booted.tap")" = "0,$(wc -l <"$work/$booted")" ] ||
		fails "$booted: the VM" "status $ended, $(grep -cE '^(not )?ok ' "$work/$booted.tap") results of $(wc -l <"$work/$booted") tests"
}
