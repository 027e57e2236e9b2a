# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced, after scripts/lib.sh, by tests/run/check and others: compile the tests, write
# plans for tests/run/run-suite, and run these here or in a VM.
# The sourcing script sets $arch, $only (names of tests, or nothing for all)
# and $work (a directory for the plans).

bin=$BUILD/tests
log=$BUILD/log
# shellcheck disable=SC2154 # the sourcing script sets $arch
for_arch "$arch"
emulator=$(emulator_of "$arch")
# glibc loads it when a thread is cancelled or exits. A cross built stage has it.
libgcc_s=$(gcc -print-file-name=libgcc_s.so.1 2>/dev/null)
robust_check=$BUILD/bin/robust-check
[ ! -x "$robust_check-$arch" ] || robust_check=$robust_check-$arch

# The tests that must pass with a patched libc everywhere, on every kernel.
everywhere='pending-slot-width owner-death ways-to-die not-recoverable not-recoverable-crowd killing-filter not-robust contention unlock-rules nested-owner-death pi-stalled cond-wait cond-wait-unrepaired timedlock-times timedlock-leaves-no-trace retained-waiters hostile error-after-release refusals signal-handler'
# tests_of LIBC-VERSION...: print those, and the tests that only that libc can fail.
tests_of()
{
	case $1 in
	glibc-*) echo "$everywhere unlock-pi-eagain pi-errors" ;;
	musl-*) echo "$everywhere pi-wait-after-unrecoverable trylock-pi-refused" ;;
	esac
}

wanted() { [ -z "$only" ] || case " $only " in *" $1 "*) ;; *) false ;; esac; }

# known_tests NAME...: stop at the first name in $only that is not one of these.
known_tests()
{
	local t
	for t in $only; do
		case " $* " in
		*" $t "*) ;;
		*) die "TESTS: there is no test $t; there are: $*" ;;
		esac
	done
}

# holders: print the processes that hold the lock $lock, which all of a run inherit.
holders() { find /proc/[0-9]*/fd/8 -lname "$(realpath "$lock")" 2>/dev/null | cut -d / -f 3 | sort -n; }

# refuse_second NAME: stop if another run of that name is under way in this tree, because
# this one would remove its results. This process and its children hold the lock until
# they end. A signal ends all of them: after one to the process group, kill_tree would
# not find the children of timeout, which makes a group of its own.
refuse_second()
{
	lock=$BUILD/tests/$1.lock
	mkdir -p "$BUILD/tests" || die "cannot create $BUILD/tests"
	exec 8>>"$lock" || die "cannot write $lock"
	flock -n 8 || {
		exec 8>&-
		die "another run in this tree is under way (processes $(holders | paste -sd ' ' -)): wait for it, or work in another clone"
	}
	trap 'trap "" INT TERM HUP; kill $(holders) 2>/dev/null; wait; exit 130' INT TERM HUP
}

# results_of ARCH: print the directory with the results of this commit.
# shellcheck disable=SC2154 # the sourcing script sets $top
results_of() { echo "$BUILD/results/$1-$("$top/scripts/this-commit" | tr ' ' -)"; }

# compile STAGE dynamic|static [PROGRAM...]: compile all programs, or these, with one libc.
compile()
{
	local the_stage linked dir linked_to link_with newest c p
	the_stage=$1 linked=$2
	shift 2
	dir=$bin/$the_stage/$linked
	# The programs have the path of the stage in them, and the tree may have moved.
	linked_to=$(realpath "$top/stage/$the_stage")
	[ "$(cat "$dir/linked-to" 2>/dev/null)" = "$linked_to" ] || rm -rf "$dir"
	mkdir -p "$dir/lib" && echo "$linked_to" >"$dir/linked-to"
	link_with=
	[ "$linked" = dynamic ] || link_with=-static
	# shellcheck disable=SC2012 # the names have no blanks
	newest=$(ls -t "$top"/tests/lib/*.[ch] "$top/stage/$the_stage/robust-libc.info" | head -n 1)
	for c in "$top"/tests/lib/*.c; do
		compile_file "$dir/lib/$(basename "$c" .c).o" "$c" -c
	done
	for c in "$top"/tests/mutex/*.c "$top"/tests/exhaustive/*.c "$top"/tests/wrap/*.c; do
		p=$dir/$(basename "$c" .c)
		case $#," $* " in
		0,* | *" ${p##*/} "*) compile_file "$p" "$c" $link_with "$dir"/lib/*.o ;;
		esac
	done
}

# compile_file OUTPUT SOURCE OPTION...: part of compile, for files that are out of date.
compile_file()
{
	local out c
	out=$1 c=$2
	shift 2
	[ ! "$out" -nt "$c" ] || [ ! "$out" -nt "$newest" ] || return 0
	"$top/stage/$the_stage/bin/robust-cc" -O2 -Wall -Wextra -Werror -I"$top/tests/lib" \
		-o "$out" "$c" "$@" >"$log/compile-tests.log" 2>&1 || {
		tail -n 20 "$log/compile-tests.log" >&2
		die "$(basename "$c") does not compile for $the_stage, $linked"
	}
}

# compile_all NAME...: compile with each libc, patched and stock, dynamic and static.
compile_all()
{
	local name link
	say "compiling the tests"
	for name; do
		for link in dynamic static; do
			compile "$name-$arch" $link
			[ ! -d "$top/stage/$name-$arch-stock" ] ||
				compile "$name-$arch-stock" $link
		done
	done
}

# compile_for_system PROGRAM: use this machine's own libc, as the partner of another.
compile_for_system()
{
	mkdir -p "$bin/system"
	gcc -O2 -Wall -Wextra -Werror -static -I"$top/tests/lib" -o "$bin/system/$1" \
		"$(source_of "$1")" "$top"/tests/lib/*.c >"$log/compile-tests.log" 2>&1 || {
		tail -n 20 "$log/compile-tests.log" >&2
		die "$1.c does not compile for this machine's libc"
	}
}

# plan FILE EXPECTED SECONDS LABEL COMMAND
# shellcheck disable=SC2154 # the sourcing script sets $work
plan() { printf '%s|%s|%s|%s\n' "$2" "$3" "$4" "$5" >>"$work/$1"; }

# exposed_without_help KERNEL: print the option for the old race, which a patched libc
# has to show without the help of a vDSO. Where the kernel does not pass the wake on,
# somebody may be left asleep: with glibc if the memory is remapped, with musl if the
# mutex becomes unrecoverable.
exposed_without_help()
{
	case $1 in
	7.*) echo --control=corruptions-only ;;
	*) echo --control=corruptions ;;
	esac
}

# The scenarios of kill-every-instruction in which somebody waits.
contended='robust-waiter-remap pi-waiter-remap robust-waiter-rewrite pi-waiter-rewrite'

# The scenarios that step through pthread_mutex_unlock.
# shellcheck disable=SC2034 # the sourcing scripts use it
of_unlock="robust-remap robust-rewrite pi-remap pi-rewrite $contended inconsistent-remap inconsistent-waiter-remap pi-inconsistent-remap pi-inconsistent-waiter-remap"

# files_of_gdb: print what gdb needs apart from its libraries, if it includes Python.
files_of_gdb()
{
	local modules
	modules=$(gdb -nx -batch -ex 'python import sys, os; print("\n".join(m.__file__ for m in list(sys.modules.values()) if getattr(m, "__file__", None)), os.path.dirname(os.__file__) + "/encodings/ascii.py", sep="\n")' 2>/dev/null) ||
		return 0
	printf '%s\n' "$modules" | grep '^/'
}

# The commands that need a VM with one CPU. With two emulated CPUs each single step takes
# many times as long, and where robust-watch sets its probe in the kernel's code, the
# other CPU may run into half of the change, which crashes the kernel.
one_cpu='kill-every-|/tests/tools/watched '

# suite_in_vm PLAN FIRST-NUMBER KERNEL APPEND LOG [--add FILE]...: run a plan in VMs that
# have these files: in one with two CPUs, then the $one_cpu tests in one with one.
suite_in_vm()
{
	local the_plan number the_kernel the_append the_log vm_timeout of_plan
	the_plan=$1 number=$2 the_kernel=$3 the_append=$4 the_log=$5
	shift 5
	[ -n "$emulator" ] || set -- "$@" --add "$libgcc_s"
	[ ! -x "$robust_check" ] || set -- "$@" --add "$robust_check"
	# Emulating another architecture takes longer.
	vm_timeout=5400
	[ -z "$emulator" ] || vm_timeout=18000
	for of_plan in without,2 only,1; do
		case $of_plan in
		only,*) grep -Eqe "$one_cpu" "$the_plan" || continue
			! grep -Eqve "$one_cpu" "$the_plan" || the_log=${the_log%.log}-steps.log ;;
		*) grep -Eqve "$one_cpu" "$the_plan" || continue ;;
		esac
		"$top/tests/vm/run" --kernel "$the_kernel" --arch "$arch" --append "$the_append" \
			--cpus "${of_plan#*,}" --timeout $vm_timeout --log "$the_log" "$@" -- \
			"$top/tests/run/run-suite" "$the_plan" "$number" "${of_plan%,*}" "$one_cpu"
	done
}

# in_vm PLAN FIRST-NUMBER KERNEL APPEND LOG LIBC...: run a plan in a VM.
in_vm()
{
	local the_plan number the_kernel the_append the_log add name f
	the_plan=$1 number=$2 the_kernel=$3 the_append=$4 the_log=$5
	shift 5
	# The vDSO of 32-bit programs has a switch of its own.
	[ "$arch,$the_append" != i386,vdso=0 ] || the_append=vdso32=0
	add=
	for name; do
		[ "$arch" = x86_64 ] || for f in "$top/stage/$name-$arch"*/lib/*/libgcc_s.so.1; do
			[ ! -e "$f" ] || add="$add --add $f"
		done
		for f in "$bin/$name-$arch" "$bin/$name-$arch-stock" \
			 "$top/stage/$name-$arch-stock/bin/robust-run" \
			 "$top/stage/$name-$arch-stock/robust-libc.info" \
			 "$top/stage/$name-$arch-stock"/lib*/ld-* \
			 "$top/stage/$name-$arch-stock"/lib*/*/libc.so.6; do
			[ ! -e "$f" ] || add="$add --add $f"
		done
	done
	if grep -q instrumented "$the_plan"; then
		for f in "$top/tests/tools/instrumented" "$(command -v strace)" \
			 "$(command -v gdb)" $(files_of_gdb); do
			add="$add --add $f"
		done
	fi
	for f in no-worse-than-stock at-most-stock expect-failure; do
		! grep -q "tests/wrap/$f " "$the_plan" || add="$add --add $top/tests/wrap/$f"
	done
	! grep -q "tests/tools/watched " "$the_plan" ||
		add="$add --add $top/tests/tools/watched --add $top/tools/robust-watch"
	if grep -q "$bin/system/" "$the_plan"; then
		add="$add --add $bin/system"
	fi
	if grep -q 'tests/wrap/with-preload ' "$the_plan"; then
		# shellcheck disable=SC2154 # the sourcing script sets $preload
		add="$add --add $top/tests/wrap/with-preload --add $preload --add $bin/preload"
	fi
	# shellcheck disable=SC2086 # $add is a list
	suite_in_vm "$the_plan" "$number" "$the_kernel" "$the_append" "$the_log" $add
}

# report PLAN TAP...: count the results of a plan that has run. A planned test
# without a result has failed. $first is the number of the next test.
first=1 passed=0 failed=0 skipped=0
report()
{
	local the_plan planned s p f shown
	the_plan=$1
	shift
	planned=$(wc -l <"$work/$the_plan")
	s=$(cat "$@" | grep -c '^ok .* # SKIP')
	p=$(($(cat "$@" | grep -c '^ok ') - s))
	f=$((planned - s - p))
	shown=$(cat "$@" | grep -c '^not ok ')
	[ "$f" -eq "$shown" ] ||
		echo "not ok - $the_plan: $((f - shown)) of $planned tests gave no result"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	first=$((first + planned))
}

# summary TAP...: print the end of the output, and return the status.
summary()
{
	[ "$failed" = 0 ] || {
		echo "# failed:"
		cat "$@" | sed -n 's/^not ok/#   not ok/p'
	}
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] && [ $((passed + skipped)) -gt 0 ]
}
