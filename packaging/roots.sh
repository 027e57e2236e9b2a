# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced after scripts/lib.sh: root directories of Debian releases, for making and
# testing packages. Needs root (for debootstrap, chroot and the mounts).
#
#   root_make DIR SUITE [PACKAGE...]  make a fresh root in DIR, of bookworm, trixie or
#       another suite, with these packages added. The result of debootstrap is kept
#       for a day as build/roots/SUITE*.tar, and unpacked.
#   root_run DIR COMMAND...           run it in the root, as root there, with
#       /proc, /sys and /dev. The mounts and the processes have namespaces of their
#       own, so both end with COMMAND, however it ends. With $root_bind set to
#       "FROM:TO", the machine's directory FROM is the root's TO.
#   root_remove DIR...
#   root_list DIR                     print every file of the root, its kind, mode,
#       owner and, on another line, checksum, in order: a comparison of two lists shows
#       what was left behind. Files that any use of apt changes are left out.
#
# The apt sources of a root include SUITE's backports (forky and sid have none). apt takes
# packages from there only with "-t SUITE-backports".

roots=$BUILD/roots

roots_possible()
{
	[ "$(id -u)" = 0 ] || die "roots of Debian releases can only be made as root"
	# shellcheck disable=SC2154 # the sourcing script sets $top
	"$top/scripts/prerequisites" install packages || exit 1
}

root_run()
{
	local root_dir
	root_dir=$1
	shift
	# shellcheck disable=SC2016 # not for this shell to expand
	unshare --mount --pid --fork --kill-child --propagation private sh -c '
		root=$1 bind=$2
		shift 2
		mount -t proc proc "$root/proc" &&
			mount --rbind /sys "$root/sys" &&
			mount --rbind /dev "$root/dev" || exit 125
		if [ -n "$bind" ]; then
			mkdir -p "$root${bind#*:}" &&
				mount --bind "${bind%%:*}" "$root${bind#*:}" || exit 125
		fi
		exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			HOME=/root LC_ALL=C.UTF-8 TERM=dumb DEBIAN_FRONTEND=noninteractive \
			${http_proxy:+http_proxy="$http_proxy"} \
			${https_proxy:+https_proxy="$https_proxy"} "$@"' \
		root_run "$root_dir" "${root_bind-}" "$@"
}

# root_apt DIR ARGUMENTS...: run apt-get in the root.
root_apt()
{
	local root_dir
	root_dir=$1
	shift
	root_run "$root_dir" apt-get -q -y -o Dpkg::Use-Pty=0 \
		-o APT::Install-Recommends=false "$@"
}

# root_bootstrap DIR SUITE PACKAGE...
root_bootstrap()
{
	local boot_dir root_suite uri script s
	boot_dir=$1 root_suite=$2
	shift 2
	{ uri=$(apt_mirror) && [ -n "$uri" ]; } ||
		die "the machine's apt configuration has no archive with its own suite (/etc/os-release)"
	mkdir -p "$roots/packages"
	# A debootstrap that is older than the release has no script for it: use sid's.
	script=/usr/share/debootstrap/scripts/$root_suite
	[ -e "$script" ] || script=${script%/*}/sid
	debootstrap --variant=minbase --cache-dir="$roots/packages" "$root_suite" "$boot_dir" "$uri" "$script" || {
		tail -n 20 "$boot_dir/debootstrap/debootstrap.log" 2>/dev/null
		return 1
	}
	rm -f "$boot_dir"/etc/apt/sources.list.d/*
	for s in "$root_suite" "$root_suite-backports"; do
		case $s in
		forky-backports | sid-backports) ;;
		*) echo "deb $uri $s main" ;;
		esac
	done >"$boot_dir/etc/apt/sources.list"
	# What the machine needs to reach that archive: proxies, and the clock of
	# a snapshot.
	apt-config dump 2>/dev/null | grep -E '^Acquire::(https?::Proxy|Check-|Retries)' \
		>"$boot_dir/etc/apt/apt.conf.d/90machine"
	# This keeps packages from starting services.
	printf '#!/bin/sh\nexit 101\n' >"$boot_dir/usr/sbin/policy-rc.d"
	chmod 755 "$boot_dir/usr/sbin/policy-rc.d"
	root_apt "$boot_dir" update || return 1
	[ $# = 0 ] || root_apt "$boot_dir" install "$@" || return 1
	root_apt "$boot_dir" clean
}

# root_tarball SUITE PACKAGE...: make it if it is missing or old; sets $tarball.
root_tarball()
{
	local root_suite new
	root_suite=$1
	tarball=$roots/$1.tar
	[ $# = 1 ] || tarball=$roots/$1-$(printf '%s\n' "$@" | cksum | cut -d ' ' -f 1).tar
	# After a while, a root's package lists name files that are gone.
	[ -z "$(find "$tarball" -mtime -1 2>/dev/null)" ] || return 0
	shift
	roots_possible
	require_space "$BUILD" 2000
	mkdir -p "$roots"
	new=$roots/new.$$
	step "debootstrap $root_suite" "$BUILD/log/root-$root_suite.log" \
		root_bootstrap "$new" "$root_suite" "$@"
	{ tar -C "$new" --numeric-owner -cf "$tarball.$$" . && mv "$tarball.$$" "$tarball"; } ||
		die "cannot write $tarball"
	root_remove "$new"
}

root_make()
{
	local made_dir f
	roots_possible
	made_dir=$1
	shift
	[ ! -e "$made_dir" ] || die "$made_dir exists already"
	root_tarball "$@"
	{ mkdir -p "$made_dir" && tar -C "$made_dir" --numeric-owner -xpf "$tarball"; } ||
		die "cannot unpack $tarball"
	# The network may have changed since the tarball was made.
	for f in resolv.conf hosts; do
		[ ! -e /etc/$f ] || cp -L /etc/$f "$made_dir/etc/$f"
	done
}

root_remove()
{
	local gone
	for gone; do
		# The rm must not reach anything that is mounted there.
		! grep -qF " $(realpath -m "$gone")/" /proc/self/mounts ||
			die "$gone: something is mounted below it, so it is not removed"
		rm -rf --one-file-system "$gone"
	done
}

root_list()
{
	(
		cd "$1" || exit 1
		set -- . -xdev \( -path ./var/lib/apt/lists -o -path ./var/cache/apt \
			-o -path ./var/log -o -path ./tmp -o -path ./proc -o -path ./sys \
			-o -path ./dev -o -path ./run \) -prune -o
		{
			find "$@" -printf '%p %y %m %U:%G %l\n'
			find "$@" -type f -exec sha256sum {} + |
				sed 's|^\([0-9a-f]\{64\}\)  \(.*\)|\2 \1|'
		} | grep -vE '^\./(var/lib/dpkg/(status(-old)?|available(-old)?|lock[^ ]*|triggers/Lock)|var/lib/apt/extended_states|var/cache/debconf/[^ ]*|var/cache/ldconfig/aux-cache|etc/resolv\.conf|etc/hosts) ' |
			LC_ALL=C sort
	)
}
