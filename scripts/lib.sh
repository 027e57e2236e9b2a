# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced by the scripts: messages, progress, and what they all look up.
# The sourcing script sets $top (the source tree) first. Everything that is made
# goes to $BUILD (default: build/ in the source tree).

BUILD=${BUILD:-$top/build}
me=${0##*/}

say() { printf '%s\n' "$*" >&2; }
die() { printf '%s: %s\n' "$me" "$*" >&2; exit 1; }

# Each script's --help is the comment at its top.
case $#,${1-} in
1,--help)
	sed -n '1,2d; /^#/!q; s/^# \{0,1\}//p' "$0"
	exit 0 ;;
1,--version)
	echo "robust-libc $(sed -n 's/^AC_INIT(.*, \[\(.*\)\])$/\1/p' "$top/configure.ac"), commit $("$top/scripts/this-commit")"
	exit 0 ;;
esac

# plain_path DIR: stop if the name of DIR does not allow a build there: make, the shell,
# gcc's -Wl, and lists of directories would split it.
plain_path()
{
	case $1 in
	*[[:space:]]* | *[\"\'\`\\\$\&\;\|\<\>\(\)\*\?\[\]#%=,:]*)
		die "$1: a libc cannot be built in a directory with a blank, or one of \"'\`\\\$&;|<>()*?[]#%=,: in its name: move the tree" ;;
	esac
}

# for_arch ARCH: set what differs between the architectures.
#   machine   the GNU name, triplet Debian's for its directories
#   compiler  the default for CC, and its package
#   headers   where the kernel's headers are, and their package
#   rtld      the dynamic linker of glibc, musl_arch part of the name of musl's
#   flavour   that of Debian's kernel package; empty if there is none
#   qemu      a file of each package that its machine emulator needs, and the package
arches='x86_64 i386 x32 aarch64 riscv64'
# shellcheck disable=SC2034 # the sourcing scripts use them
for_arch()
{
	flavour='' qemu=''
	case $1 in
	x86_64)
		machine=x86_64-linux-gnu debian=amd64
		rtld=lib64/ld-linux-x86-64.so.2 flavour=cloud-amd64 ;;
	i386)
		machine=i686-linux-gnu debian=i386
		rtld=lib/ld-linux.so.2 ;;
	x32)
		machine=x86_64-linux-gnux32 debian=x32
		rtld=libx32/ld-linux-x32.so.2 ;;
	aarch64)
		machine=aarch64-linux-gnu debian=arm64
		rtld=lib/ld-linux-aarch64.so.1 flavour=cloud-arm64
		qemu='qemu-system-aarch64 qemu-system-arm' ;;
	riscv64)
		machine=riscv64-linux-gnu debian=riscv64
		rtld=lib/ld-linux-riscv64-lp64d.so.1 flavour=riscv64
		qemu='qemu-system-riscv64 qemu-system-misc
/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin opensbi' ;;
	*) die "ARCH=$1: there is no such architecture here; there are: $arches" ;;
	esac
	triplet=$machine musl_arch=$1
	[ "$1" != i386 ] || triplet=i386-linux-gnu
	cross_tools
	[ "$1" != x86_64 ] || {
		compiler=gcc compiler_package=gcc
		headers=/usr/include headers_package=linux-libc-dev
	}
}

# cross_tools: set the compiler, the headers and their packages, from $machine and $debian.
# shellcheck disable=SC2034 # the sourcing scripts use them
cross_tools()
{
	compiler=$machine-gcc
	# Debian's package names have no underscore.
	compiler_package=gcc-$(printf %s "$machine" | tr _ -)
	headers=/usr/$machine/include
	headers_package=linux-libc-dev-$debian-cross
}

# versions_of LIBC: the versions that have a series, newest last.
versions_of()
{
	local f
	for f in "$top/$1-patches"/*/SHA256SUMS; do
		[ ! -e "$f" ] || basename "${f%/*}"
	done | sort -V
}

# all_series: all series, as LIBC-VERSION, on one line.
all_series()
{
	local each
	for each in glibc musl; do
		versions_of $each | sed "s/^/$each-/"
	done | xargs
}

# The three series that go upstream separately, in this order.
# shellcheck disable=SC2034 # the sourcing scripts use it
three='1-fixes 2-kernel-help 3-later'

# patches_of LIBC VERSION [1|2|3]: the paths, in the source tree, of the patches of a
# release, or of one of its three series, in order.
patches_of()
{
	awk -v libc="$1" -v want="${3-}" '/^# [123] / { part = $2 }
		/^[^#]/ && (want == "" || part == want) { print libc "-patches/" $0 }' \
		"$top/$1-patches/$2/series"
}

# name_of PATCH: its name without the directory and without the release of a variant.
name_of() { printf '%s\n' "${1##*/}" | sed 's/\.patch$//; s/-[0-9]*\.[0-9.]*[0-9]$//'; }

# overlay: print the files that are laid over a tree of glibc.
overlay()
{
	(cd "$top" && find nptl sysdeps -type f 2>/dev/null) | sort
}

# source_of NAME: the source of the test program of that name.
source_of() { ls "$top"/tests/*/"$1.c" 2>/dev/null; }

# build_fake_libc FILE: the library of preload/fake-libc.c.
build_fake_libc()
{
	gcc -O2 -Wall -Wextra -Werror -fvisibility=hidden -shared -fPIC -o "$1" \
		"$top/preload/fake-libc.c" "$top"/tests/lib/*.c || die "preload/fake-libc.c does not compile"
}

# copy_patches LIBC VERSION PREFIX: copy those of a release to PREFIX0001-NAME.patch, etc.
copy_patches()
{
	local p
	copied=0
	for p in $(patches_of "$1" "$2"); do
		copied=$((copied + 1))
		cp "$top/$p" "$3$(printf %04d $copied)-$(name_of "$p").patch" ||
			die "cannot copy $p to ${3%/*}"
	done
	[ $copied -gt 0 ] || die "$1-patches/$2/series names no patches"
}

# since BEGAN: print the time since BEGAN (a value of now), such as 3m07s.
now() { date +%s; }
since() { local s; s=$(($(now) - $1)); printf '%dm%02ds' $((s / 60)) $((s % 60)); }

# require_space DIR MEGABYTES: stop now rather than on a full disk.
require_space()
{
	local avail
	mkdir -p "$1" || die "cannot create $1"
	avail=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
	[ "$avail" -ge "$2" ] ||
		die "$1 has ${avail} MB left and $2 MB are needed: free some space and run make again; it continues where it stopped"
}

# one_at_a_time FILE: wait until no other process has this lock, and hold it until
# this process ends.
one_at_a_time()
{
	{ mkdir -p "${1%/*}" && exec 9>"$1"; } || die "cannot write $1"
	flock 9 || die "cannot lock $1 (flock is in util-linux)"
}

# apt_mirror: print the archive from which the machine's apt reads its own suite. (On
# sid, /etc/os-release has the name of the next release.)
apt_mirror()
{
	local codename uris
	[ -r /etc/os-release ] || return 1
	codename=$(. /etc/os-release; echo "${VERSION_CODENAME-}")
	uris=$(apt-get --print-uris update 2>/dev/null)
	for codename in "$codename" sid unstable testing; do
		printf '%s\n' "$uris" |
			sed -n "s|^'\(.*\)/dists/$codename/\(In\)\{0,1\}Release.*|\1|p"
	done | head -n 1
}

# tree_of PID: print PID and its descendants, parents first. (It starts no process.)
tree_of()
{
	local file list child
	echo "$1"
	for file in /proc/"$1"/task/*/children; do
		list=
		# (The file has no end of line, and is gone when the process is.)
		{ read -r list <"$file"; } 2>/dev/null || :
		for child in $list; do
			tree_of "$child"
		done
	done
}

# kill_tree PID: end PID and its descendants, all at once. A parent must not take the
# death of a child for a result, and a compiler must not outlive make, which removes
# the compiler's output.
kill_tree()
{
	# shellcheck disable=SC2046 # its output is a list
	kill $(tree_of "$1") 2>/dev/null
}

# step LABEL LOG COMMAND...: run COMMAND with its output in LOG, and show its
# progress. If it fails, show the end of the log and stop.
step()
{
	local step_label step_log t0 pid tick
	step_label=$1 step_log=$2
	shift 2
	mkdir -p "${step_log%/*}"
	say "  $step_label (log: ${step_log#"$top"/})"
	t0=$(now)
	"$@" >"$step_log" 2>&1 </dev/null &
	pid=$!
	trap 'kill_tree $pid; wait $pid; say "$me: interrupted; run make again to continue"; exit 130' INT TERM HUP
	tick=0
	while kill -0 $pid 2>/dev/null; do
		sleep 1
		tick=$((tick + 1))
		[ $((tick % 30)) -eq 0 ] || continue
		say "    ... $step_label: $(since "$t0"), $(wc -l <"$step_log") lines, now: $(tail -n 1 "$step_log" | cut -c1-60)"
	done
	if wait $pid; then
		trap - INT TERM HUP
		return 0
	fi
	trap - INT TERM HUP
	say "$me: $step_label failed; the end of $step_log:"
	tail -n 30 "$step_log" | cut -c1-300 >&2
	if grep -q 'No space left on device' "$step_log"; then
		say "$me: the disk is full: free some space and run make again"
	fi
	exit 1
}

# emulator_of ARCH: print the emulator for programs of ARCH, nothing if this machine
# runs them.
emulator_of()
{
	case $(uname -m),$1 in
	"$1,$1" | x86_64,i386 | x86_64,x32) ;;
	*) echo "qemu-$1" ;;
	esac
}
