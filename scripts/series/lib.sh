# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced, after lib.sh, by the scripts that work on a series of patches as a
# whole: scratch trees under git, results as TAP, a build after each patch.

# Ignore the user's configuration of git, such as signed commits.
series_git()
{
	command -v git >/dev/null 2>&1 ||
		die "git is not installed (Debian package git)"
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	export GIT_COMMITTER_NAME=scratch GIT_COMMITTER_EMAIL=scratch@localhost
	unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
}

# The patches of a libc have two forms. The kept form has each text once, and a file
# "series" for each release. In the flat form, FLAT/VERSION has a release's own copy of
# each patch, under its plain name, and a file "series" with these names.
#
# flatten LIBC FLAT: make the flat form from the kept one.
# shellcheck disable=SC2154 # scripts/lib.sh and what sources it set $top
flatten()
{
	local v p
	for v in $(versions_of "$1"); do
		{ mkdir -p "$2/$v" && sed '/^#/!{ s,.*/,,; s/-[0-9]*\.[0-9.]*[0-9]\.patch$/.patch/; }' \
			"$top/$1-patches/$v/series" >"$2/$v/series" &&
			for p in $(patches_of "$1" "$v"); do
				cp "$top/$p" "$2/$v/$(name_of "$p").patch" || exit 1
			done; } || die "cannot copy $1-patches/$v to $2"
	done
}

# keep FLAT DIR: make the kept form from the flat one. A patch of one release is in
# VERSION/, one that several share in common/. If a newer release has another patch of
# that name, the newest of those that share it is in the name.
keep()
{
	local v p to
	{ mkdir -p "$2/common" && (cd "$1" && printf '%s\n' * | sort -rV | while read -r v; do
		mkdir -p "$2/$v" && sha256sum "$v"/*.patch || exit 1
	done) >"$2/sums" && awk '
		{ split($2, a, "/"); v[NR] = a[1]; name[NR] = a[2]; key[NR] = $1 a[2] }
		!(a[2] in newest) { newest[a[2]] = a[1] }
		!n[key[NR]]++ { first[key[NR]] = a[1] }
		END {
			for (i = 1; i <= NR; i++) {
				of = first[key[i]]
				to = name[i]
				if (n[key[i]] > 1 && of != newest[to]) sub(/\.patch$/, "-" of "&", to)
				print v[i], name[i], (n[key[i]] > 1 ? "common" : v[i]) "/" to
			}
		}' "$2/sums" >"$2/places" && while read -r v p to; do
		cp "$1/$v/$p" "$2/$to" || exit 1
	done <"$2/places" && for v in $(cd "$1" && ls); do
		awk -v v="$v" 'NR == FNR { if ($1 == v) to[$2] = $3; next }
			/^#/ { print; next } { print to[$0] }' "$2/places" "$1/$v/series" \
			>"$2/$v/series" || exit 1
	done && rm "$2/sums" "$2/places"; } || die "cannot write $2"
}

# kept DIR: print the files of the kept form there.
kept() { (cd "$1" && find common [0-9]* -name '*.patch' -o -name series) | LC_ALL=C sort; }

# touched PATCH...: print the files that they change.
touched()
{
	sed -n 's,^--- a/,,p' "$@" | sort -u
}

# put LIBC DIR: replace the kept form by that in DIR, without touching unchanged files.
put()
{
	local f
	{ kept "$2" | while read -r f; do
		cmp -s "$2/$f" "$top/$1-patches/$f" || {
			mkdir -p "$top/$1-patches/${f%/*}" &&
				cp "$2/$f" "$top/$1-patches/${f%/*}/.new" &&
				mv "$top/$1-patches/${f%/*}/.new" "$top/$1-patches/$f"
		} || exit 1
	done && kept "$top/$1-patches" | while read -r f; do
		[ -e "$2/$f" ] || rm "$top/$1-patches/$f" || exit 1
	done; } || die "cannot write $top/$1-patches"
}

# scratch_repository TREE FILE...: put these files of TREE under git, and only
# these: git needs no others, and this is quick.
scratch_repository()
{
	(
		cd "$1" || exit 1
		shift
		git init -q . && echo '*' >.git/info/exclude &&
			git config core.autocrlf false && git config gc.auto 0 &&
			git add -f -- "$@" &&
			GIT_AUTHOR_NAME=scratch GIT_AUTHOR_EMAIL=scratch@localhost \
				git commit -q -m release
	)
}

# distribute PATCH...: print "NUMBER FILE" for each file of the overlay, with the
# number of the patch that it belongs to, or 0 for none.
distribute()
{
	# shellcheck disable=SC2016 # it is awk's
	(cd "$top" && overlay | tr '\n' '\0' | xargs -0 awk -v files="$(overlay)" '
BEGIN {
	n = split(files, file, "\n")
	for (i = 1; i <= n; i++) {
		base[i] = file[i]
		sub(/.*\//, "", base[i])
		stem[i] = base[i]
		sub(/\.[^.]*$/, "", stem[i])
		at[file[i]] = i
	}
}
function included(s) {
	if (s !~ /^[ \t]*#[ \t]*include[ \t]*[<"]/) return ""
	sub(/^[^<"]*[<"]/, "", s)
	sub(/[>"].*/, "", s)
	sub(/.*\//, "", s)
	return s
}
FILENAME ~ /\.patch$/ {
	if (FNR == 1) number++
	if (!/^\+[^+]/) next
	s = included(substr($0, 2))
	words = split(substr($0, 2), word, /[^A-Za-z0-9_-]+/)
	for (i = 1; i <= n; i++) {
		if (i in where) continue
		if (s != "" && s == base[i]) where[i] = number
		else if (base[i] ~ /\.c$/)
			for (w = 1; w <= words; w++)
				if (word[w] == stem[i]) where[i] = number
	}
	next
}
(s = included($0)) != "" { pairs++; from[pairs] = at[FILENAME]; to[pairs] = s }
END {
	# A file has to come no later than the files that include it.
	do {
		again = 0
		for (p = 1; p <= pairs; p++) {
			if (!(from[p] in where)) continue
			for (i = 1; i <= n; i++)
				if (base[i] == to[p] && (!(i in where) || where[i] > where[from[p]])) {
					where[i] = where[from[p]]
					again = 1
				}
		}
	} while (again)
	for (i = 1; i <= n; i++) print where[i] + 0, file[i]
}' "$@")
}

# take PATCH [FILE...]: commit PATCH by git am, without files that match $leave_out but
# with these files of the overlay. $tree is the current directory.
# shellcheck disable=SC2154 # the sourcing script sets $work
take()
{
	local patch f
	patch=$1
	shift
	git am -q --no-3way ${leave_out:+"--exclude=$leave_out"} "$patch" >"$work/am" 2>&1 || {
		grep "^error" "$work/am" >&2
		die "${patch##*/}: git am does not take it on $name: see make check-patches"
	}
	[ $# -gt 0 ] || return 0
	for f; do
		{ mkdir -p "$(dirname "$f")" && cp "$top/$f" "$f" && chmod 644 "$f" &&
			git add -f -- "$f"; } || die "cannot add $f"
	done
	git commit -q --amend --no-edit || die "git commit fails in $PWD"
}

# lay_out LIBC VERSION TREE MESSAGE: put TREE, the release, under git, with a commit for
# each patch. The commit also has the files of the overlay that belong to the patch, and
# the changes in the file of $documentation with its name. Calls MESSAGE after each. Tags
# the release as "release", and the end of each of the three series by its name.
lay_out()
{
	local name tree orphans laid s p d
	name=$1-$2 tree=$3
	rm -rf "$work/patches"
	mkdir -p "$work/patches"
	copy_patches "$1" "$2" "$work/patches/"
	: >"$work/where"
	if [ "$1" = glibc ]; then
		distribute "$work/patches"/* >"$work/where"
		orphans=$(sed -n 's/^0 //p' "$work/where" | tr '\n' ' ')
		[ -z "$orphans" ] ||
			die "no patch of $name includes or names these files of the overlay: $orphans"
	fi
	# shellcheck disable=SC2046,SC2086 # $whole and $documentation are lists
	scratch_repository "$tree" ${whole:-$(touched "$work/patches"/* $documentation)} ||
		die "cannot put $tree under git"
	cd "$tree" && git tag release || exit 1
	laid=0
	# shellcheck disable=SC2154 # scripts/lib.sh sets $three
	for s in $three; do
		for p in $(patches_of "$1" "$2" "${s%%-*}"); do
			laid=$((laid + 1))
			# shellcheck disable=SC2046 # its output is a list
			take "$work/patches/$(printf %04d $laid)-$(name_of "$p").patch" $(sed -n "s/^$laid //p" "$work/where")
			for d in $documentation; do
				[ "${d##*/}" = "$1-$(name_of "$p").patch" ] || continue
				{ git apply --index ${leave_out:+"--exclude=$leave_out"} "$d" &&
					git commit -q --amend --no-edit; } || die "cannot take $d"
			done
			$4
		done
		git tag "$s"
	done
}

# conflict FILE NAME: print the lines of FILE that git could not merge.
conflict()
{
	say "    the lines of $2 that are in conflict:"
	awk '/^<<<<<<< / { in_it = 1 }
		in_it { printf "      %d: %s\n", FNR, $0 }
		/^>>>>>>> / { in_it = 0 }' "$1" >&2
}

# why MAIL LABEL: say why git am --3way has stopped in the current directory, a repository
# of LABEL: which files, hunks and lines conflict.
why()
{
	local f h
	for f in $(git ls-files -u | cut -f2 | sort -u); do
		if ! git cat-file -e "HEAD:$f" 2>/dev/null; then
			say "  $f: $2 has no such file"
			continue
		fi
		say "  $f: the lines that the patch changes, or those around them, differ in $2:"
		git show "HEAD:$f" >"$work/file"
		# (The last line but one of a mail is "-- ", above the version of git.)
		awk -v f="$f" '/^diff --git / { mine = ($3 == "a/" f) } /^-- $/ { mine = 0 } mine' "$1" >"$work/part"
		patch --dry-run --fuzz=0 --batch --forward -r - -o /dev/null "$work/file" \
			"$work/part" 2>&1 | sed -n 's/^Hunk #\([0-9]*\) FAILED.*/\1/p' |
		while read -r h; do
			awk -v h="$h" '/^@@ / { n++ }
				n == h && /^@@ / {
					s = $0
					sub(/^@@[^@]*@@ */, "", s)
					print "    hunk " h (s == "" ? "" : ", in " s) ":"
				}
				n == h { print "      " $0 }' "$work/part" >&2
		done
		conflict "$f" "$f"
	done
}

# --- TAP. verdict LABEL [FILE]: FILE says what is wrong; if it is empty, this is a pass.
tap_n=0 tap_passed=0 tap_failed=0 tap_skipped=0
verdict()
{
	tap_n=$((tap_n + 1))
	if [ -n "${2-}" ] && [ -s "$2" ]; then
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_n - $1"
		sed 's/^/#   /' "$2"
		return 1
	fi
	tap_passed=$((tap_passed + 1))
	echo "ok $tap_n - $1"
}
skipped()
{
	tap_n=$((tap_n + 1)) tap_skipped=$((tap_skipped + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}
tap_end()
{
	echo "1..$tap_n"
	echo "$tap_passed passed, $tap_failed failed, $tap_skipped skipped"
	[ "$tap_failed" = 0 ] && [ "$tap_passed" -gt 0 ]
}

# build_each LIBC VERSION TARBALL PREPARED MAIL...: build the release, then
# take one mail after the other and build again, with a verdict for each. Files that
# only PREPARED has are laid over the release before the first mail; PREPARED may be
# empty. Stops at the first mail after which the build fails.
build_each()
{
	local b_libc b_version b_tarball b_prepared b_name b_work b_tree b_log b_done b_step b_label m f
	b_libc=$1 b_version=$2 b_tarball=$3 b_prepared=$4
	shift 4
	b_name=$b_libc-$b_version
	# shellcheck disable=SC2154 # scripts/lib.sh sets $me
	b_work=$BUILD/$me/$b_name
	b_tree=$b_work/src/$b_name-stock
	b_log=$BUILD/log/$me-$b_name
	rm -rf "$b_work"
	# This builds as a stage is built, in a place of its own.
	BUILD=$b_work WITH_SOURCE=${b_tarball%/*} "$top/scripts/build-libc" \
		"$b_libc" "$b_version" stock "$b_work/stage/stock" || {
		echo "the release itself does not build (logs: $b_work/log)" >"$work/bad"
		verdict "$b_name: the release builds" "$work/bad"
		return 1
	}
	if [ -n "$b_prepared" ]; then
		(cd "$b_prepared" && find . -type f) | while read -r f; do
			[ -e "$b_tree/$f" ] || {
				mkdir -p "$b_tree/${f%/*}" && cp "$b_prepared/$f" "$b_tree/$f"
			} || exit 1
		done || die "cannot lay the overlay over $b_tree"
	fi
	# shellcheck disable=SC2046 # its output is a list
	scratch_repository "$b_tree" $(touched "$@" | while read -r f; do
		[ ! -e "$b_tree/$f" ] || echo "$f"
	done) || die "cannot put $b_tree under git"
	b_done=0
	for m; do
		b_done=$((b_done + 1))
		b_step=$(printf %04d $b_done)
		b_label="$b_name: $b_step, ${m##*/}, leaves a tree that builds"
		: >"$work/bad"
		(cd "$b_tree" && git am -q --no-3way "$m") >"$work/bad" 2>&1 ||
			{ verdict "$b_label" "$work/bad"; return 1; }
		: >"$work/bad"
		(step "build $b_name after $b_step" "$b_log-$b_step.log" \
			make -C "$b_work/obj/stock" -j"${JOBS:-$(nproc)}") || {
			{
				echo "make fails after it (log: $b_log-$b_step.log; the tree is left in $b_tree):"
				grep -E 'error|Error|undefined' "$b_log-$b_step.log" | head -n 10
			} >"$work/bad"
		}
		verdict "$b_label" "$work/bad" || return 1
	done
	rm -rf "$b_work"
}
