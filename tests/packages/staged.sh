# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced, after tests/packages/lib.sh, by the tests of the side-by-side packages that are
# no .deb. Each is built twice and compared, installed by its package manager into a root
# that is empty, compared file by file with the .deb of the same stages, used, and removed.
#
#   staged_test FORMAT LIBDIR MISSING   by packaging/FORMAT/build; LIBDIR is where
#       librobust-unlock.so is; MISSING, in order, what is asked for in that root
#
# The sourcing script has functions for $root: "add FILE..." and "add_anyway FILE...",
# without and with what is missing; "asked_for", which takes that out of what add says; and
# "take_away NAME..."

# nothing NAME OUTPUT: a command has found no difference.
nothing() { if [ -z "$2" ]; then passes "$1"; else fails "$1" "$2"; fi; }
# files_of DIR: what a package manager keeps is in /var.
files_of() { root_list "$1" | grep -v '^\./var[/ ]'; }

staged_test()
{
	local work root expected f missing out libc
	work=$BUILD/packages/$1
	root=$work/root expected=$work/expected
	umask 022
	# shellcheck disable=SC2154 # the sourcing script sets $top
	set -- "$@" "$top"/stage/glibc-[0-9.]*-x86_64 "$top"/stage/musl-[0-9.]*-x86_64
	rm -rf "$work"
	mkdir -p "$root/var" "$expected/$2"
	[ $# = 5 ] || die "there is more than one glibc or musl in stage/: keep one of each"
	"$top/packaging/deb/build" --to "$work/deb" --work "$work/build" "$4" "$5" >/dev/null || exit 1
	TZ=Pacific/Auckland "$top/packaging/$1/build" --to "$work/1" --work "$work/build" "$4" "$5" >/dev/null || exit 1
	(umask 077
	 TZ=America/Lima "$top/packaging/$1/build" --to "$work/2" --work "$work/build" "$4" "$5") >/dev/null || exit 1
	nothing "packaged twice" "$(diff -rq "$work/1" "$work/2")"

	for f in "$work"/deb/*.deb; do
		dpkg-deb -x "$f" "$expected" || exit 1
	done
	rm -r "$expected/usr/share/lintian" "$expected"/usr/share/doc/*/changelog.gz
	mv "$expected/usr/lib/x86_64-linux-gnu"/* "$expected/$2/"
	rmdir "$expected/usr/lib/x86_64-linux-gnu"

	set -- "$3" "$work"/1/*
	missing=$1
	shift
	out=$(add "$@" 2>&1)
	nothing "what it depends on" "$(printf '%s\n' "$out" | asked_for | LC_ALL=C sort | xargs | grep -vxF -e "$missing" && printf '%s\n' "$out")"
	out=$(add_anyway "$@" 2>&1) || fails "install" "$out"
	files_of "$expected" >"$work/files.expected"
	files_of "$root" >"$work/files"
	nothing "the files are those of the .deb" "$(diff "$work/files.expected" "$work/files" | head -n 8)"
	out=$(chroot "$root" /usr/bin/robust-check --version 2>&1) || fails "robust-check" "$out"
	for libc in glibc musl; do
		if out=$("$root/usr/lib/robust-libc/$libc/bin/robust-cc" -O2 -I"$top/tests/lib" -o "$work/$libc" \
			"$top/tests/mutex/contention.c" "$top"/tests/lib/*.c 2>&1 && "$work/$libc" 2>&1) &&
			"$root/usr/bin/robust-check" --json "$work/$libc" | grep -q '"patched": *true'; then
			passes "robust-cc, $libc"
		else
			fails "robust-cc, $libc" "$out"
		fi
	done
	# shellcheck disable=SC2046 # a list
	out=$(take_away $(sed -n 's/^Package: //p' "$top/packaging/deb/debian/control") 2>&1) || fails "remove" "$out"
	nothing "remove leaves nothing" "$(files_of "$root" | grep -e robust -e '^[^ ]* [^d]' | head -n 8)"
	root_remove "$work"
}
