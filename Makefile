# SPDX-License-Identifier: MIT
# make            build and stage the patched libcs (ARCH=i386, x32, aarch64 or
#                 riscv64: cross build them for that architecture)
# make demo       show the bug on this machine's own libc, in seconds; needs gcc, but no
#                 build and no root. After make and make stock, also show the stock and
#                 the patched libcs on 7.2 in a VM
# make stock      stage the same versions unpatched, for comparison
# make check      the strongest test of each kind, here and in a VM, in ten minutes
#                 (TESTS=name: all of that test, and no other)
# make lint       check scripts, C programs, man pages, spelling and licences with
#                 tools; takes a minute; make check includes it
# make check-all  all tests, in the parts of tests/run/parts; takes 70 minutes (PART=tools
#                 or PART=3/8: only that one; SUMMARY=1: only print the results
#                 kept for this commit; UNTIL=SECONDS, since 1970: only the parts
#                 expected to finish by then, starting with one chosen by the commit's hash)
# make check-matrix  all tests on kernels from 6.1 to 7.3, each libc patched and
#                 stock, in one table; takes hours (KERNELS="6.1 7.2": only these)
# make check-glibc  glibc's own tests of nptl/, here or, with VM=7.2, on that
#                 kernel in a VM (TESTS="tst-robust* tst-cond*": only these)
# make check-operations  end a thread at every instruction of every operation,
#                 here and in a VM; takes an hour (SHARD=1/20: a twentieth)
# make check-selftest  the kernel's own test of robust lists in a VM, with each
#                 libc patched and stock (KERNEL=7.3; LINUX=DIR: from that source
#                 tree; otherwise it fetches the distribution's, 160 MB)
# make check-model  search all interleavings of two and of three processes that are
#                 killed anywhere, in the libcs' own code; x86-64 only, 20 minutes
# make check-litmus  check the memory orders that other CPUs depend on against the models
#                 of arm64 and riscv64, with herd7 in a root of Debian sid; root only
#                 (TESTS="musl-unlock-aarch64": only these)
# make check-programs  LMDB, Samba's tdb, uwsgi, apache2, slapd and others under the
#                 stock and the patched libcs, here and in a VM (TESTS="lmdb-writers")
# make check-versions  build all versions that have patches, and run the owner-death
#                 and the single-step test with each, here and in one VM; a libc
#                 takes 10 minutes (VERSIONS="glibc-2.36 musl-1.2.5")
# make check-patches  check the form of each patch, and that git am, patch, quilt and
#                 dpkg-source accept each series (SERIES="glibc-2.44": only these;
#                 BUILD_EACH=1: also build after each patch)
# make edit SERIES=glibc-2.44  lay out the release and the overlay as a git tree, one
#                 commit per patch, in build/edit/glibc-2.44
# make save SERIES=glibc-2.44  write its commits back as patches, overlay and series,
#                 and carry the changes over to the other releases
# make series     make mails for upstream from the patches and the overlay, as three
#                 series, and check them, in build/series (SERIES="glibc-2.41": of this
#                 release; SIGN_OFF=1, BUILD_EACH=1; MANUAL=tunables.texi: the release's,
#                 which the distribution's tarball lacks; TREE=DIR: on top of that git
#                 tree of a libc, and say which patches apply, are already there or
#                 conflict); the cover letter needs git's user.name and user.email
# make patches    write the patches and the overlay to dist/patches, for quilt, git am,
#                 dpkg-source and the recipes in packaging/ (SERIES="glibc-2.44": only these)
# make refresh LIBC=glibc FROM=2.44 TO=2.45  like make edit, for a release without a
#                 series, from that of another one (FORCE=1: replace the one it has)
# make check-mutants  take one line at a time out of the patches and of
#                 librobust-unlock.so, and check that a test then fails
#                 (MUTANTS="name...": only these patches of tests/mutants)
# make check-archs  compile the files of glibc that the patches touch, for further
#                 architectures that have a cross compiler (ARCHS="arm s390x")
# make install-preload  install librobust-unlock.so and its man page in PREFIX; the
#                 default, /usr/local, takes root (PREFIX=/home/me/.local DESTDIR=)
# make torture    random operations, kills and reuse of memory, here and in a VM
#                 (SECONDS=600 SEED=2)
# make bench      compare times and instruction counts of the patched and the stock
#                 libcs on this machine, and judge them by bench/targets. Make stops
#                 with "Error 1" if a target is missed, with "Error 3" if the
#                 machine was too uneven to tell (PAIRS=40 WORKLOADS="handover"
#                 SEED=1 CPUS=3,2; COUNT_ONLY=1: no times)
# make report     write one HTML page, build/report/index.html: the ratios of make bench,
#                 the table of make check-matrix, and the maps of the single-step test,
#                 which it runs with stock and patched libcs, here and in a VM
# make deb        make Debian packages of the tools and of the staged libcs, which get a
#                 prefix of their own, in dist/
# make rpm        the same as .rpm packages, with rpmbuild
# make arch       the same as Arch packages, with makepkg
# make deb-glibc  build trixie's own glibc package with the series for its version, in
#                 dist/deb-glibc; as root, in a root of trixie; takes an hour
#                 (SUITE=forky or sid: that release's, in dist/deb-glibc-forky or -sid;
#                 CCACHE=1: keep compiled files for the next change of the series)
# make deb-musl   the same for trixie's musl, in dist/deb-musl; as root; takes a few
#                 minutes (SUITE=forky or sid)
# make alpine     put the series for Alpine's musl into a checkout of aports (APORTS=DIR),
#                 or write the patches and a fragment of an APKBUILD to dist/alpine
# make check-packages  install, upgrade, use and remove the packages in dist/, in fresh
#                 roots of Debian releases; root only; half an hour (TESTS="rpm arch
#                 container": only these, 7 minutes; live, a quarter of an hour; deb-glibc,
#                 an hour or two; these and container after make deb-glibc)
# make doctor     say whether this machine closes the race, and fail if it does not
#                 (PROGRAM=file: and whether that program's libc does; PROCESS=1234:
#                 and that of this process)
# make clean      remove the build trees and stages, keep downloads
# make distclean  remove everything that make has made
# make help       print this list; it needs nothing and configures nothing
# make configure  only make the script, to run ./configure with options (see --help)

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.PHONY: deb-glibc deb-musl alpine
.PHONY: all stock check lint check-all check-matrix check-glibc check-operations \
	check-mutants check-versions check-selftest check-programs check-model torture \
	check-litmus demo doctor install-preload clean distclean check-patches patches series refresh edit save check-archs bench report \
	deb rpm arch check-packages

all:

# If nothing here reads a variable on the command line, it is misspelt.
misspelt := $(strip $(foreach v,$(.VARIABLES),$(if $(filter command,$(origin $v)),$(if \
	$(findstring ($v),$(file <$(firstword $(MAKEFILE_LIST)))),,$(shell \
	grep -rqw -e '$v' scripts tests tools bench report || echo '$v')))))
$(if $(misspelt),$(error $(misspelt): there is no such variable, see make help))

# Report a wrong test name before anything is installed or built.
ifneq ($(TESTS),)
$(if $(filter check,$(MAKECMDGOALS)),$(if $(shell \
	tests/run/check --list --tests '$(TESTS)' any >/dev/null || echo no),$(error Nothing was built)))
endif

# Goals that need no configuration; if there is one, they use what it says.
unconfigured := configure clean distclean help demo doctor install-preload lint \
	check-patches patches series refresh edit save alpine deb-glibc deb-musl check-packages check-litmus
ifeq ($(filter-out $(unconfigured),$(or $(MAKECMDGOALS),all)),)
-include config.mk
else
# Report an unusable path before anything is installed or built, too.
$(if $(shell (top=.; . scripts/lib.sh; me=make; plain_path "$$(pwd -P)") || echo no),$(error Nothing was built))
# In a tree that is not configured, GNU make makes config.mk first and then starts again.
# (The empty file keeps make from reporting config.mk as missing after a failure.)
$(if $(wildcard config.mk),,$(shell touch -d @0 config.mk))
include config.mk
config.mk: configure config.mk.in
	@mkdir -p build/log
	@test -x config.status || scripts/prerequisites install glibc musl
	@if test -x config.status; then ./config.status --recheck && ./config.status; \
	else $(if $(filter default,$(origin CC)),env -u CC) ./configure; fi >build/log/configure.log 2>&1 || { tail -n 20 build/log/configure.log >&2; exit 1; }
# unused VARIABLE,LIBC: stop if a version is given for a libc that this tree does not build.
unused = $(if $(filter command environment,$(origin $1)),$(if $(filter $2,$(LIBCS)),,$(error \
	$1=$($1): this tree is configured for $(strip $(LIBCS)) only, see ./configure --with-libcs)))
$(if $(LIBCS),$(if $(filter check-archs,$(MAKECMDGOALS)),,$(call unused,GLIBC,glibc)$(call unused,MUSL,musl)))
endif

configure: configure.ac
	@scripts/prerequisites install configure $(if $(filter configure,$(MAKECMDGOALS)),,$(or $(LIBCS),glibc musl))
	@autoconf

# The compiler for programs that run on this machine, whatever ARCH is. (make's default is cc.)
HOSTCC := $(if $(filter-out x86_64,$(CONFIGURED_ARCH))$(filter default,$(origin CC)),gcc,$(CC))
# configure found the compiler for its own architecture; another ARCH has another one.
ifneq ($(ARCH),$(CONFIGURED_ARCH))
CC :=
endif

export CC WITH_SOURCE

# tools-LIST: ask for the tools of that list, see scripts/prerequisites.
tools := $(addprefix tools-,program glibc musl series alpine tests bench programs packages rpm arch lint)
.PHONY: $(tools)
$(tools): tools-%:
	@KERNEL='$(KERNEL)' scripts/prerequisites install $(if $(ARCH),--arch '$(ARCH)') $*

glibc := glibc-$(GLIBC)
musl := musl-$(MUSL)
names := $(foreach l,$(LIBCS),$($(l)))
patched := $(names:%=stage/%-$(ARCH)/robust-libc.info)
unpatched := $(names:%=stage/%-$(ARCH)-stock/robust-libc.info)
# All versions that have patches.
versions := $(patsubst %/SHA256SUMS,%,$(subst -patches/,-,$(wildcard *-patches/*/SHA256SUMS)))
stages = $(sort $1 $(versions:%=stage/%-$(ARCH)$2/robust-libc.info))
patches = $(shell top=.; . scripts/lib.sh; patches_of $1)
how := $(addprefix scripts/,lib.sh build-libc prepare-source fetch-source) \
	tools/robust-cc tools/robust-run
overlay := $(shell find nptl sysdeps -type f 2>/dev/null)

version = -DVERSION='"$(shell sed -n 's/^AC_INIT(.*, \[\(.*\)\])$$/\1/p' configure.ac)"'

# (tests/run/check-mutants sets both to build its mutants.)
PRELOAD := build/lib/librobust-unlock.so
PRELOAD_SOURCE := preload/librobust-unlock.c

# (tests/tools/damaged-files compiles all of that directory, too.)
CHECK_SOURCE := $(wildcard tools/robust-check/*.c tools/robust-check/*.h tools/*.h)

all: $(patched) build/bin/robust-check $(PRELOAD)
stock: $(unpatched)
$(foreach l,glibc musl,$(eval $(filter stage/$l-%,$(call stages,$(patched)) $(call stages,$(unpatched),-stock)): | tools-$l))

# (ARCH is empty until the tree is configured; make then reads this again.)
ifneq ($(filter-out x86_64,$(ARCH)),)
not_crossed := $(filter deb rpm arch bench report check-glibc check-selftest check-programs,$(MAKECMDGOALS))
ifneq ($(not_crossed),)
$(error $(not_crossed): this is for ARCH=x86_64 only, not for ARCH=$(ARCH))
endif
# This one is for the machine that runs the tests of a cross built libc.
all: $(if $(filter glibc,$(LIBCS)),build/bin/robust-check-$(ARCH))
build/bin/robust-check-$(ARCH): $(CHECK_SOURCE) stage/$(glibc)-$(ARCH)/robust-libc.info
	@mkdir -p $(@D)
	@stage/$(glibc)-$(ARCH)/bin/robust-cc -O2 -Wall -Wextra $(version) -static -o $@ $(filter %.c,$^)
endif

.SECONDEXPANSION:
$(call stages,$(patched)): stage/%-$(ARCH)/robust-libc.info: $(how) \
		$$(wildcard $$(subst -,-patches/,$$*)/*) $(overlay) \
		$$(call patches,$$(subst -, ,$$*))
	@scripts/build-libc $(subst -, ,$*) patched $(CURDIR)/$(@D) $(ARCH)

$(call stages,$(unpatched),-stock): stage/%-$(ARCH)-stock/robust-libc.info: $(how) \
		$$(subst -,-patches/,$$*)/SHA256SUMS
	@scripts/build-libc $(subst -, ,$*) stock $(CURDIR)/$(@D) $(ARCH)

build/bin/robust-check: $(CHECK_SOURCE) | tools-program
	@mkdir -p $(@D)
	@$(HOSTCC) -O2 -Wall -Wextra $(version) -static -o $@ $(filter %.c,$^)

# For programs of this machine. It needs no symbol version newer than glibc 2.17's and
# nothing that musl lacks, such as the functions that _FORTIFY_SOURCE calls.
$(PRELOAD): $(PRELOAD_SOURCE) tools/tunable.h tools/vdso-symbol.h | tools-program
	@mkdir -p $(@D)
	@$(HOSTCC) -O2 -Wall -Wextra -U_FORTIFY_SOURCE -Itools -fPIC -fvisibility=hidden -shared \
		-Wl,-z,now,-z,relro,-z,defs -Wl,-soname,librobust-unlock.so -o $@ -x c $<

PREFIX ?= /usr/local
install-preload: $(PRELOAD)
	$(if $(filter-out /%,$(or $(PREFIX),.))$(word 2,$(PREFIX)),$(error PREFIX=$(PREFIX): it has to be an absolute path without a blank))
	@install -D -m 644 -t '$(DESTDIR)$(PREFIX)/lib' $< || { \
		echo "make install-preload: if you may not write there, run it as root, or give a directory of your own: PREFIX=DIR" >&2; exit 1; }
	@install -D -m 644 -t '$(DESTDIR)$(PREFIX)/share/man/man7' doc/man/librobust-unlock.7
	@echo 'Installed. Now: LD_PRELOAD=$(PREFIX)/lib/librobust-unlock.so PROGRAM'

demo:
	@CC='$(HOSTCC)' demo/run --kernel '$(KERNEL)'

doctor: build/bin/robust-check
	@build/bin/robust-check $(if $(PROCESS),--pid '$(PROCESS)') $(PROGRAM) || { \
		s=$$?; [ $$s != 2 ] || echo "make doctor: PROGRAM= takes a file, PROCESS= a process id" >&2; \
		echo "make doctor: robust-check does not say that the race is closed: its status is $$s (man doc/man/robust-check.1)" >&2; exit $$s; }

lint: tools-lint
	@tests/run/lint

check: tools-tests tools-lint all $(if $(filter x32,$(ARCH)),,stock)
	@tests/run/check --kernel '$(KERNEL)' --arch $(ARCH) --tests '$(TESTS)' $(names)

check-all: tools-tests tools-lint all $(if $(filter x32,$(ARCH)),,stock)
	@tests/run/check-all --kernel '$(KERNEL)' --arch $(ARCH) $(if $(PART),--part '$(PART)') \
		$(if $(UNTIL),--until '$(UNTIL)') $(if $(SUMMARY),--summary) $(names)

check-matrix: tools-tests all stock
	@tests/run/check-matrix --kernels '$(KERNELS)' --arch $(ARCH) --tests '$(TESTS)' $(names)

check-glibc: $(if $(VM),tools-tests) all
	@tests/run/check-glibc $(if $(VM),--vm '$(VM)') --arch $(ARCH) --tests '$(TESTS)' $(GLIBC)

check-operations: tools-tests all
	@tests/run/check-operations --kernel '$(KERNEL)' --arch $(ARCH) --shard '$(SHARD)' $(names)

check-selftest: tools-tests all stock
	@tests/run/check-selftest --kernel '$(KERNEL)' --arch $(ARCH) \
		$(if $(LINUX),--source '$(LINUX)') $(names)

check-model: all stock
	@tests/run/check-model $(names)

check-litmus:
	@tests/run/check-litmus $(TESTS)

check-programs: tools-tests tools-programs all stock
	@tests/run/check-programs --kernel '$(KERNEL)' --arch $(ARCH) --tests '$(TESTS)' $(names)

deb: tools-packages
rpm arch: %: tools-%
deb rpm arch: all
	@packaging/$@/build stage/$(glibc)-$(ARCH) stage/$(musl)-$(ARCH)

check-packages: tools-program tools-tests tools-packages
	@KERNEL='$(KERNEL)' APORTS='$(APORTS)' tests/run/check-packages --tests '$(TESTS)'

check-patches: tools-series $(if $(BUILD_EACH),tools-glibc tools-musl)
	@scripts/series/check-patches $(if $(BUILD_EACH),--build) $(SERIES)

series: tools-series $(if $(BUILD_EACH),tools-glibc tools-musl)
	@scripts/series/export $(if $(BUILD_EACH),--build) $(if $(SIGN_OFF),--sign-off) \
		$(if $(MANUAL),--manual '$(MANUAL)') $(if $(TREE),--onto '$(TREE)') $(SERIES)

patches:
	@scripts/series/flat-patches $(SERIES)

refresh: tools-series
	@scripts/series/edit $(if $(FORCE),--force) --from '$(FROM)' '$(LIBC)-$(TO)'

edit: tools-series
	@scripts/series/edit $(SERIES)

save: tools-series
	@scripts/series/edit --save $(SERIES)

check-mutants: tools-tests all $(if $(filter x86_64,$(ARCH)),stock)
	@tests/run/check-mutants --kernel '$(KERNEL)' --arch $(ARCH) --mutants '$(MUTANTS)' $(names)

check-versions: tools-tests build/bin/robust-check
	+@tests/run/check-versions --kernel '$(KERNEL)' --arch $(ARCH) $(or $(VERSIONS),$(versions))

check-archs:
	@tests/run/check-archs --archs '$(ARCHS)' $(GLIBC)

bench: all stock tools-bench
	@bench/run $(if $(PAIRS),--pairs '$(PAIRS)') $(if $(SEED),--seed '$(SEED)') \
		$(if $(WORKLOADS),--workloads '$(WORKLOADS)') $(if $(CPUS),--cpus '$(CPUS)') \
		$(if $(COUNT_ONLY),--count-only) $(names)

torture: tools-tests all
	@tests/run/torture --seconds '$(SECONDS)' --seed '$(SEED)' \
		--kernel '$(KERNEL)' --arch $(ARCH) $(names)

report: tools-tests all stock
	@report/run --kernel '$(KERNEL)' $(names)

deb-glibc:
	@CCACHE='$(CCACHE)' SUITE='$(SUITE)' packaging/deb-glibc/build

deb-musl:
	@SUITE='$(SUITE)' packaging/deb-musl/build

alpine: $(if $(APORTS),tools-alpine)
	@packaging/alpine/apply $(if $(filter undefined,$(origin APORTS)),--to dist/alpine,'$(APORTS)')

clean:
	rm -rf stage dist build/src build/obj build/tests build/bin build/bench build/report build/lib build/log \
		build/deb build/deb-* build/rpm build/arch build/packages

# Print the comment at the top.
.PHONY: help
help:
	@sed -n '1d; /^$$/q; s/^# \{0,1\}//p' Makefile

distclean: clean
	rm -rf build configure config.mk config.log config.status autom4te.cache
