# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced, after lib.sh and roots.sh, by the scripts that build a source package of
# Debian's with a series of this project, in a root of its release. They set $top and
#   libc, suffix           such as glibc, and the suffix of Debian's version
#   version_in SUITE       a function: print the version there, such as 2.41
#   patches                a glob for the names of the patches in debian/patches
#   patch_name FILE NAME   a function: print the name of a patch there
#   overlay                directories of new files for the source, or nothing
#   profiles               build profiles, or nothing
# and call, in this order, deb_options, deb_fetch, deb_root, deb_source, build and
# deb_packages. The release is $SUITE, or trixie if it is not set. With --source-only
# they end with deb_source, and do not need a root: this machine's dpkg-source makes
# the source. Everything is kept in build/deb-LIBC (for a release other than trixie, in
# build/deb-LIBC-SUITE). The file inputs there has the checksums of a build's inputs, and
# only a change of these makes the source again. The packages go to $DIST (default: dist/ and
# the same name).

# deb_options MEGABYTES [--source-only]: the space for a build, and the command line.
deb_options()
{
	source_only=
	# shellcheck disable=SC2154 # scripts/lib.sh sets $me
	case $#,${2-} in
	1,) ;;
	2,--source-only) source_only=1 ;;
	*) say "usage: $me [--source-only]"; exit 2 ;;
	esac
	# shellcheck disable=SC2154 # the sourcing script sets these
	suite=${SUITE:-trixie} place=deb-$libc
	[ "$suite" = trixie ] || place=$place-$suite
	version=$(version_in "$suite")
	[ -n "$version" ] || die "SUITE=$suite: it is trixie, forky or sid"
	# shellcheck disable=SC2154 # the sourcing script sets $top
	series=$top/$libc-patches/$version
	work=$BUILD/$place
	root=$work/root
	dist=${DIST:-$top/dist/$place}
	log=$BUILD/log/$place
	jobs=${JOBS:-$(nproc)}
	path=/usr/sbin:/usr/bin:/sbin:/bin
	sources=$root/build
	[ -z "$source_only" ] || sources=$work/source-only
	tree=$sources/$libc-$version
	# The inputs of the build, apart from the version.
	# shellcheck disable=SC2154 # the sourcing script sets $overlay
	from="$overlay $libc-patches/$version $(patches_of "$libc" "$version") packaging/deb-$libc packaging/deb-source.sh scripts/series/flat-patches" || exit 1

	if [ -n "$source_only" ]; then
		require_space "$sources" 1000
	else
		roots_possible
		require_space "$BUILD" "$1"
		mkdir -p "$dist.new" || die "cannot create $dist.new"
	fi
	# shellcheck disable=SC2154 # the sourcing script sets $suite
	[ -r "$series/SHA256SUMS" ] || die "$series: there is no series for $suite's $libc"
	# (A long From: is folded.)
	author=$(sed -n '/^From: /,/^Date: /{ s/^From: //; /^Date: /d; p; }' \
		"$top/$(patches_of "$libc" "$version" | head -n 1)" |
		tr -s '\n ' ' ' | sed 's/ $//')
	case $author in
	?*' <'?*@?*'>') ;;
	*) die "$series: the author of the first patch, '$author', has no address" ;;
	esac
}

# deb_fetch: fetch Debian's source package.
# shellcheck disable=SC2154 # the sourcing script sets $suffix
deb_fetch()
{
	fetched=$work/fetched
	if [ -z "$(find "$fetched" -name '*.dsc' 2>/dev/null)" ]; then
		rm -rf "$fetched.new" "$fetched"
		mkdir -p "$fetched.new" || die "cannot create $fetched.new"
		say "  fetching the source package of $libc $version"
		"$top/scripts/archive" debian-source "$libc" "$version" "$fetched.new" "$suite" >/dev/null || exit 1
		mv "$fetched.new" "$fetched"
	fi
	dsc=$(find "$fetched" -name '*.dsc' | sort -V | tail -n 1)
	debian_version=$(sed -n 's/^Version: //p' "$dsc" | head -n 1)
	new_version=$debian_version$suffix
}

# deb_root PACKAGE...: make a root with these and the build dependencies.
deb_root()
{
	[ -z "$source_only" ] || return 0
	[ ! -e "$root/build/.ready" ] || return 0
	[ ! -e "$root" ] || root_remove "$root"
	root_make "$root" "$suite" "$@"
	mkdir -p "$root/build/deps"
	cp "$fetched"/* "$root/build/deps/" || die "cannot write $root/build/deps"
	step "build dependencies" "$log-deps.log" root_apt "$root" ${profiles:+-P "$profiles"} \
		build-dep "/build/deps/${dsc##*/}"
	: >"$root/build/.ready"
}

inputs()
{
	echo "$new_version"
	# shellcheck disable=SC2086 # $from is a list
	(cd "$top" && find $from -type f | LC_ALL=C sort -u | xargs sha256sum)
}

# add_patch TREE FILE NAME: add it at the end of debian/patches/series.
add_patch()
{
	local added
	added=$(patch_name "$2" "$3")
	{ cp "$2" "$1/debian/patches/$added" && echo "$added" >>"$1/debian/patches/series"; } ||
		die "cannot write $1/debian/patches"
}

# in_sources COMMAND...: run it in $sources, inside the root if there is one.
in_sources()
{
	if [ -n "$source_only" ]; then
		(cd "$sources" && "$@")
	else
		root_run "$root" sh -c 'cd /build && exec "$@"' in_sources "$@"
	fi
}

make_source()
{
	local p changed
	rm -rf "$new" "$tree"
	mkdir -p "$new"
	cp "$fetched"/* "$new/" || return 1
	in_sources dpkg-source --no-check --skip-patches -x "new/${dsc##*/}" new/tree || return 1
	printf '\n' >>"$new/tree/debian/patches/series"
	"$top/scripts/series/flat-patches" --output "$new/patches" "$libc-$version" || return 1
	for p in "$new/patches/$libc-$version"/robust-*.patch; do
		add_patch "$new/tree" "$p" "$(basename "$p" .patch)"
	done
	# The date of the last change to the inputs, so that the time of the build does
	# not matter.
	# shellcheck disable=SC2086 # $from is a list
	changed=$(git -C "$top" log -1 --format=%ct -- $from 2>/dev/null)
	[ -n "$changed" ] || changed=$(stat -c %Y "$series/SHA256SUMS")
	{
		printf '%s (%s) %s; urgency=medium\n\n' "$libc" "$new_version" "$suite"
		# (With "Local package", lintian does not take this for an NMU.)
		printf '  * Local package: release robust mutexes with the help of the kernel\n'
		# shellcheck disable=SC2154 # the sourcing script sets $patches
		printf '    (debian/patches/%s).\n\n' "$patches"
		printf ' -- %s  %s\n\n' "$author" "$(LC_ALL=C date -R -u -d "@$changed")"
		cat "$new/tree/debian/changelog"
	} >"$new/changelog" && mv "$new/changelog" "$new/tree/debian/changelog" || return 1
	# SOURCE_DATE_EPOCH of the build is what dpkg reads there, or else the time.
	[ "$(in_sources dpkg-parsechangelog -l new/tree/debian/changelog -S Timestamp)" = "$changed" ] ||
		die "dpkg-parsechangelog does not understand debian/changelog with the new entry"
	# dpkg-source applies all patches, with no fuzz.
	in_sources sh -c 'cd new && dpkg-source -b tree && dpkg-source --no-check -x "$@"' sh \
		"${libc}_$new_version.dsc" "../$libc-$version" || return 1
	rm -rf "$new/tree" "$new/patches"
}

# deb_source: make the source with the series. With --source-only, exit.
deb_source()
{
	local new
	new=$sources/new
	inputs >"$sources/inputs.new"
	if ! cmp -s "$sources/inputs.new" "$sources/inputs" || [ ! -d "$tree" ]; then
		rm -f "$sources/inputs" "$sources/tested"
		step "source package $new_version" "$log-source.log" make_source
		mv "$sources/inputs.new" "$sources/inputs"
	fi
	[ -z "$source_only" ] || {
		say "  $new/${libc}_$new_version.dsc"
		exit 0
	}
}

in_build()
{
	root_run "$root" env "PATH=$path" CCACHE_DIR=/build/ccache \
		CCACHE_COMPILERCHECK=content "$@"
}

# build ARGUMENTS...
build()
{
	in_build "DEB_BUILD_OPTIONS=parallel=$jobs nocheck" \
		"DEB_BUILD_PROFILES=$profiles" sh -c "cd /build/$libc-$version &&
		exec dpkg-buildpackage -uc -us \"\$@\"" build "$@"
}

# deb_packages PACKAGE...: copy what was built to $dist. These must be there.
deb_packages()
{
	local p
	rm -rf "$dist.new"
	mkdir "$dist.new" || die "cannot create $dist.new"
	{ find "$root/build" -maxdepth 1 -name "*_${new_version}_*" ! -name '*.log' \
		-exec cp -t "$dist.new" {} + &&
		cp "$root/build/new/${libc}_$new_version".* \
			"$root/build/new/${libc}_$version".orig.tar.* "$dist.new/"; } ||
		die "not all that should have been built is there (see $root/build)"
	for p; do
		[ -s "$dist.new/${p}_${new_version}_amd64.deb" ] || die "the build made no $p"
	done
	{ (cd "$dist.new" && LC_ALL=C sha256sum -- *.*) >"$work/SHA256SUMS" &&
		mv "$work/SHA256SUMS" "$dist.new/" && rm -rf "$dist" && mv "$dist.new" "$dist"; } ||
		die "cannot write $dist"
	say "  $dist: $(find "$dist" -name '*.deb' | wc -l) packages of $libc $new_version"
}
