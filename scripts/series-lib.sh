# SPDX-License-Identifier: MIT
# Sourced, after lib.sh, by the scripts that work on a series of patches as a
# whole: scratch trees under git, results as TAP, a build after each patch.

# Nothing of the user's own configuration of git, such as signed commits.
series_git()
{
	command -v git >/dev/null 2>&1 ||
		die "git is not installed (Debian package git)"
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	export GIT_COMMITTER_NAME=scratch GIT_COMMITTER_EMAIL=scratch@localhost
	unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
}

# newer A B: is version A newer than B?
newer()
{
	[ "$1" != "$2" ] && [ "$(printf '%s\n' "$1" "$2" | sort -V | tail -n 1)" = "$1" ]
}

# touched PATCH...: the files that they change.
touched()
{
	sed -n 's,^--- a/,,p' "$@" | sort -u
}

# overlay: the files that are laid over a tree of glibc.
overlay()
{
	(cd "$top" && find nptl sysdeps -type f 2>/dev/null) | sort
}

# scratch_repository TREE FILE...: put these files of TREE under git, and only
# these: it is all that git needs, and quick.
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

# --- TAP. verdict LABEL [FILE]: what FILE says is wrong; nothing is a pass.
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
# take one mail after the other and build again: a verdict for each. What
# PREPARED has and the release has not is laid over it before the first mail;
# PREPARED may be empty. Stops at the first mail after which it does not build.
build_each()
{
	b_libc=$1 b_version=$2 b_tarball=$3 b_prepared=$4
	shift 4
	b_name=$b_libc-$b_version
	b_work=$BUILD/$me/$b_name
	b_tree=$b_work/src/$b_name-stock
	b_log=$BUILD/log/$me-$b_name
	rm -rf "$b_work"
	# In a place of its own, as the stages are made.
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
	# shellcheck disable=SC2046
	scratch_repository "$b_tree" $(touched "$@" | while read -r f; do
		[ ! -e "$b_tree/$f" ] || echo "$f"
	done) || die "cannot put $b_tree under git"
	for m; do
		b_label="$b_name: ${m##*/} leaves a tree that builds"
		: >"$work/bad"
		(cd "$b_tree" && git am -q --no-3way "$m") >"$work/bad" 2>&1 ||
			{ verdict "$b_label" "$work/bad"; return 1; }
		: >"$work/bad"
		b_step=$(basename "$m" .patch | cut -c1-4)
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
