# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced, after scripts/lib.sh, by scripts that run programs with robust mutexes:
# the sources of the programs, and how to build them. They go to $programs.
# compile_tdb does not need scripts/lib.sh, so it works in a root too.

tdb_tests='openflags2 trylock allrecord-trylock allrecord-block transaction1 die 1'

# The program of tdb's test trylock is run-mutex-trylock, but that of 1 is run-mutex1.
dashed() { case $1 in 1) echo 1 ;; *) echo "-$1" ;; esac; }

# fetch NAME: fetch the tarball of a source package, and keep it in build/programs/source.
# Sets $tarball, or $why if there is none.
# shellcheck disable=SC2154,SC2034 # the sourcing script sets $programs and $log, and uses $why
fetch()
{
	local d f
	tarball=
	for d in "${WITH_SOURCE:-/nonexistent}" "$programs/source/$1"; do
		for f in "$d/$1"_*.orig.tar.*; do
			[ ! -e "$f" ] || tarball=$f
		done
		[ -z "$tarball" ] || return 0
	done
	say "  fetching the source of $1"
	require_space "$programs" 1500
	rm -rf "$programs/source/$1.new"
	mkdir -p "$programs/source/$1.new"
	if "$top/scripts/archive" source "$1" newest "$programs/source/$1.new" 2>"$log/programs-fetch-$1.log"; then
		mv "$programs/source/$1.new" "$programs/source/$1"
		for tarball in "$programs/source/$1"/*; do :; done
		return 0
	fi
	why="its source could not be fetched: $(tail -n 1 "$log/programs-fetch-$1.log")"
	return 1
}

# unpack TARBALL DIR TAR-OPTIONS...: unpack it without its top directory.
unpack()
{
	local from to
	from=$1 to=$2
	shift 2
	rm -rf "$to"
	mkdir -p "$to" && tar -xf "$from" -C "$to" --strip-components=1 "$@"
}

# unpack_tdb TARBALL DIR: unpack what tdb needs of Samba's source.
unpack_tdb()
{
	unpack "$1" "$2" --wildcards '*/VERSION' '*/buildtools' '*/third_party/waf' \
		'*/lib/tdb' '*/lib/replace' '*/lib/util'
}

# compile_tdb DIR COMPILER: tdb is a part of Samba, but has its own build system. From
# Samba, its tests link only to lib/replace.
compile_tdb()
{
	local targets t
	targets=tdbtorture
	for t in $tdb_tests; do
		targets=$targets,tdb1-run-mutex$(dashed "$t")
	done
	cd "$1/lib/tdb" || return 1
	CC=$2 PYTHONHASHSEED=1 JOBS=1
	export CC PYTHONHASHSEED JOBS
	python3 ../../buildtools/bin/waf configure --disable-python --bundled-libraries=ALL &&
		python3 ../../buildtools/bin/waf build --targets="$targets" &&
		grep -q 'USE_TDB_MUTEX_LOCKING 1' bin/default/config.h
}

# How the programs run: each function calls "DO NAME SECONDS TEXT|COMMAND [OPTIONS]";
# TEXT and OPTIONS are for in-scratch. The numbers are small enough for an
# emulated CPU to finish in a few minutes.
# lmdb_runs DO FILE
lmdb_runs() { "$1" lmdb-writers 900 "deaths|$2 300 1"; }

# tdb_runs DO DIR
tdb_runs()
{
	local t
	"$1" tdb-torture 900 "OK|$2/tdbtorture -m -n 4 -l 2000 -s 1"
	# Without transactions nothing undoes an interrupted write, so the
	# database is sometimes damaged, with stock and with patched musl.
	# The locks have to survive that.
	"$1" tdb-torture-kill 900 "Restarting|$2/tdbtorture -m -k -n 4 -l 4000 -s 2" '--unless mutex'
	"$1" tdb-torture-transactions 900 "OK|$2/tdbtorture -m -t -k -n 4 -l 1000 -s 3"
	for t in $tdb_tests; do
		"$1" "tdb-mutex-$t" 300 "done|$2/tdb1-run-mutex$(dashed "$t")"
	done
}

# rt_runs DO DIR
rt_runs()
{
	"$1" pi_stress 300 "Total inversion|$2/pi_stress --inversions=50 --groups=2 -q"
	"$1" ptsematest 300 "Cycles|$2/ptsematest -a -t2 -p80 -i1000 -l200 -q"
}
