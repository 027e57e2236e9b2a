# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced, after scripts/lib.sh, by the scripts that package two staged libcs and the tools
# as .deb, .rpm and Arch package: the files of all three are laid out here.
#
#   staged_files FORMAT LIBDIR "$@"  read the arguments of packaging/FORMAT/build, and lay
#       out below $tree/files/PACKAGE what that package installs, stripped and with its
#       modes and times; librobust-unlock.so goes to LIBDIR. Sets $version, $work, $tree,
#       $glibc, $musl and $commit, and exports SOURCE_DATE_EPOCH.
#   fill_in FILE              replace @GLIBC@, @MUSL@ and @COMMIT@ in it.
#   staged_made DIR ENDING    move the packages with that ending from DIR to --to, in place
#       of older ones, and remove $tree.

# about PACKAGE: what it is, on one line, and more on the following ones.
about()
{
	sed -n "/^Package: $1\$/,/^\$/p" "$work/control" |
		sed -n 's/^Description: //p; s/^ \.$//p; s/^ //p'
}

# info STAGE KEY: what the stage says of itself.
info()
{
	[ -r "$1/robust-libc.info" ] || die "$1 is no staged libc: run make"
	sed -n "s/^$2=//p" "$1/robust-libc.info"
}

fill_in()
{
	sed -i -e "s/@GLIBC@/$(info "$glibc" version)/g" -e "s/@MUSL@/$(info "$musl" version)/g" \
		-e "s/@COMMIT@/$commit/g" "$1"
}

# shellcheck disable=SC2154 # the sourcing script sets $top
control=$top/packaging/deb/debian/control
packages=$(sed -n 's/^Package: //p' "$control")

# installed LIBC STAGE: the files of a libc, where its package has them. What is
# for a whole system is left out: its locales, and its programs, which differ from the
# system's only in the loader that they name.
installed()
{
	local prefix at triplet
	prefix=$(info "$2" installed)
	[ -n "$prefix" ] || die "$2 is of an older version of this project: run make"
	at=$tree/files/robust-libc-$1$prefix
	mkdir -p "$at"
	{ cp -a "$2"/. "$at/" && cp "$top/tools/robust-cc" "$top/tools/robust-run" "$at/bin/" &&
		ln -sf robust-cc "$at/bin/robust-c++"; } ||
		die "cannot copy $2"
	[ "$1" = glibc ] || return 0
	triplet=$(info "$2" triplet)
	(cd "$at" && rm -rf etc var sbin usr/sbin usr/bin usr/share "usr/lib/$triplet/audit" \
		"usr/lib/$triplet/getconf")
}

# documented PACKAGE FILE [NAME]: gzipped, in its directory of documents.
documented()
{
	local at
	at=$tree/files/$1/usr/share/$2
	mkdir -p "${at%/*}"
	gzip -9n <"$3" >"$at.gz" || die "$3 is not there any more: run make"
}

staged_files()
{
	local format libdir s p common t unlock
	format=$1 libdir=$2
	shift 2
	version='' to=$top/dist work=$BUILD/$format
	while [ $# -gt 0 ]; do
		case $1 in
		--version) version=${2:?--version needs a value}; shift 2 ;;
		--to) to=${2:?--to needs a value}; shift 2 ;;
		--work) work=${2:?--work needs a value}; shift 2 ;;
		-*) die "unknown option $1" ;;
		*) break ;;
		esac
	done
	[ $# = 2 ] || { say "usage: packaging/$format/build [--version VERSION] [--to DIR] [--work DIR] GLIBC-STAGE MUSL-STAGE"; exit 2; }
	# (Their full paths are looked for in what is packed.)
	glibc=$(realpath -sm -- "$1") musl=$(realpath -sm -- "$2")
	for s in "$glibc" "$musl"; do
		[ "$(info "$s" variant),$(info "$s" arch)" = patched,x86_64 ] ||
			die "$s is not patched or not for x86_64, and there are packages of no other"
	done
	[ "$(info "$glibc" libc),$(info "$musl" libc)" = glibc,musl ] ||
		die "give the stage of glibc first and that of musl second"

	commit=$("$top/scripts/this-commit")
	SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$top" log -1 --format=%ct 2>/dev/null)}
	[ -n "$SOURCE_DATE_EPOCH" ] ||
		die "this is no git clone: set SOURCE_DATE_EPOCH to the time of the release, in seconds"
	export SOURCE_DATE_EPOCH
	[ -n "$version" ] || version=0.$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d.%H%M%S)
	umask 022
	rm -rf "$work"
	{ mkdir -p "$work" && work=$(cd "$work" && pwd); } || die "cannot create $work"
	tree=$work/robust-libc

	cp "$control" "$work/control" && fill_in "$work/control"
	{
		sed '/^@MIT@$/,$d' "$top/packaging/deb/debian/copyright.in"
		sed '1,2d; s/^$/./; s/^/ /' "$top/LICENSES/MIT.txt"
	} >"$work/copyright"
	fill_in "$work/copyright"
	for p in $packages; do
		mkdir -p "$tree/files/$p/usr/share/doc/$p"
		cp "$work/copyright" "$tree/files/$p/usr/share/doc/$p/" || die "cannot write to $work"
	done

	installed glibc "$glibc"
	installed musl "$musl"
	documented robust-libc-glibc doc/robust-libc-glibc/LICENSES "$BUILD/src/glibc-$(info "$glibc" version)-patched/LICENSES"
	documented robust-libc-musl doc/robust-libc-musl/COPYRIGHT "$BUILD/src/musl-$(info "$musl" version)-patched/COPYRIGHT"

	common=$tree/files/robust-libc-common
	mkdir -p "$common/usr/bin"
	cp "$BUILD/bin/robust-check" "$common/usr/bin/" || die "run make: there is no robust-check"
	for t in robust-run robust-cc robust-c++; do
		cp "$top/tools/robust-select" "$common/usr/bin/$t" || exit 1
	done
	cp "$top/tools/robust-watch" "$common/usr/bin/" || exit 1
	for t in run cc check; do
		documented robust-libc-common "man/man1/robust-$t.1" "$top/doc/man/robust-$t.1"
	done
	documented robust-libc-common man/man8/robust-watch.8 "$top/doc/man/robust-watch.8"
	ln -s robust-cc.1.gz "$common/usr/share/man/man1/robust-c++.1.gz"

	unlock=$tree/files/librobust-unlock
	mkdir -p "$unlock/$libdir"
	cp "$BUILD/lib/librobust-unlock.so" "$unlock/$libdir/" || die "run make: there is no librobust-unlock.so"
	documented librobust-unlock man/man7/librobust-unlock.7 "$top/doc/man/librobust-unlock.7"

	# Debuggers and checkers need the symbols of a libc and its loader; nothing here is
	# for the debugging packages of a distribution.
	# shellcheck disable=SC2016 # for the shell that find starts
	{ find "$tree"/files/robust-libc-*/usr/lib -type f \( -name '*.a' -o -name '*.o' -o -name '*.so*' \) \
		-exec sh -ec 'for f; do case $(head -c 4 "$f" | tr -d "\0"),$f in
			?ELF,*/libc.so* | ?ELF,*/ld-linux* | ?ELF,*.[ao] | "!<ar,"*) how=--strip-debug ;;
			?ELF,*) how=--strip-unneeded ;;
			*) continue ;;
		esac; strip $how --enable-deterministic-archives "$f"; done' strip {} + &&
		strip "$common/usr/bin/robust-check" &&
		strip --remove-section=.comment --strip-unneeded "$unlock/$libdir/librobust-unlock.so"; } ||
		die "strip failed"

	# libc.so.6 and the loaders are run.
	(cd "$tree" && find . \( -type d -o -path '*/bin/*' -o -path '*/lib*/ld-*' -o -path '*/lib/*/libc.so.6' \
		-o -path '*/musl/lib/libc.so' \) ! -type l -exec chmod 755 {} + -o -type f -exec chmod 644 {} +)
	# dpkg-deb only makes later times earlier, and a stage may be older than the commit.
	find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

staged_made()
{
	local p
	mkdir -p "$to" || die "cannot write to $to"
	for p in $packages; do
		rm -f "$to/$p"[-_][0-9]*"$2"
		mv "$1/$p"[-_][0-9]*"$2" "$to/" || die "cannot write to $to"
		ls "$to/$p"[-_][0-9]*"$2"
	done
	rm -rf "$tree"
}
