# SPDX-License-Identifier: MIT
# make            build and stage the patched libcs (ARCH=i386, x32, aarch64 or
#                 riscv64: cross build them for that architecture)
# make demo       see the bug on this machine's own libc, in seconds; needs gcc, and
#                 neither a build nor root. With the stages of make and make stock: both
#                 on 7.2 in a VM as well
# make stock      stage the same versions unpatched, for comparison
# make check      the strongest test of each kind, here and in a VM, in ten minutes
#                 (TESTS=name: only that test, all there is of it)
# make lint       what tools find wrong in scripts, C programs, man pages, spelling and
#                 licences, part of make check; takes a minute
# make check-all  all tests, in the parts of tests/run/parts; takes 40 minutes (PART=tools
#                 or PART=3/8: only that one; SUMMARY=1: only print the results
#                 kept for this commit; UNTIL=SECONDS, since 1970: only the parts
#                 expected to finish by then, from one chosen by the commit's hash on)
# make check-matrix  all tests on kernels from 6.1 to 7.3, each libc patched and
#                 stock, in one table; takes hours (KERNELS="6.1 7.2": on these)
# make check-glibc  glibc's own tests of nptl/, here or, with VM=7.2, on that
#                 kernel in a VM (TESTS="tst-robust* tst-cond*": only these)
# make check-operations  end a thread at every instruction of every operation,
#                 here and in a VM; takes two hours (SHARD=1/20: a twentieth)
# make check-selftest  the kernel's own test of robust lists in a VM, with each
#                 libc patched and stock (KERNEL=7.3; LINUX=DIR: from that source
#                 tree, else the distribution's is fetched, 160 MB)
# make check-model  all interleavings of two and of three processes that are killed
#                 anywhere, in the libcs' own code; on x86-64, 13 minutes
# make check-litmus  the orders that other CPUs depend on, in the memory models of
#                 arm64 and riscv64, by herd7 in a root of Debian sid; root only
#                 (TESTS="musl-unlock-aarch64": only these)
# make check-programs  LMDB, Samba's tdb, uwsgi, apache2, slapd and others under the
#                 stock and the patched libcs, here and in a VM (TESTS="lmdb-writers")
# make check-versions  all versions there are patches for: build them and run the
#                 owner-death and the single-step test, here and all in one VM; a
#                 libc takes 10 minutes (VERSIONS="glibc-2.36 musl-1.2.5")
# make check-patches  the form of each patch, and that git am, patch, quilt and dpkg-source take
#                 each series (SERIES="glibc-2.44": only these; BUILD_EACH=1: and
#                 that it builds after each patch)
# make edit SERIES=glibc-2.44  lay release and overlay out as a git tree, one commit a
#                 patch, in build/edit/glibc-2.44
# make save SERIES=glibc-2.44  write its commits back as patches, overlay and series,
#                 and carry what has changed to the other releases
# make series     the patches and the overlay as mails for upstream, three series,
#                 checked, in build/series (SERIES="glibc-2.41": of this release;
#                 SIGN_OFF=1, BUILD_EACH=1; MANUAL=tunables.texi: of the release, which the
#                 distribution leaves out); git's user.name and user.email have to be
#                 set, for the cover letter (TREE=DIR: on top of that git tree of a libc,
#                 and say which patches apply, are there already or conflict)
# make patches    the patches and the overlay for quilt, git am, dpkg-source and the
#                 recipes in packaging/, in dist/patches (SERIES="glibc-2.44": only these)
# make refresh LIBC=glibc FROM=2.44 TO=2.45  the same as make edit, for a release
#                 without a series, out of that for another one (FORCE=1: or with one)
# make check-mutants  take out of the patches, and of librobust-unlock.so, one line
#                 at a time and see that a test fails then (MUTANTS="name...": only
#                 these patches of tests/mutants)
# make check-archs  compile what the patches touch in glibc for further
#                 architectures that have a cross compiler (ARCHS="arm s390x")
# make install-preload  librobust-unlock.so and its man page to PREFIX, which is
#                 /usr/local and takes root (PREFIX=/home/me/.local DESTDIR=)
# make torture    random operations, kills and reuse of memory, here and in a VM
#                 (SECONDS=600 SEED=2)
# make bench      times and instruction counts of the patched libcs beside the
#                 stock ones, on this machine, judged by bench/targets. Make stops
#                 with "Error 1" for a missed target, with "Error 3" if the
#                 machine was too uneven to know (PAIRS=40 WORKLOADS="handover"
#                 SEED=1 CPUS=3,2; COUNT_ONLY=1: no times)
# make report     one HTML page for a browser, build/report/index.html: the ratios of
#                 make bench, the maps of the single-step test, stock beside patched,
#                 which it runs here and in a VM, and the table of make check-matrix
# make deb        Debian packages of the staged libcs under a prefix of their own,
#                 with the tools, in dist/
# make deb-glibc  trixie's own glibc package with the series for its version, in
#                 dist/deb-glibc; as root, in a root of trixie; takes an hour
#                 (SUITE=forky or sid: that release's, in dist/deb-glibc-forky or -sid;
#                 CCACHE=1: keep what was compiled for the next change of the series)
# make deb-musl   the same of trixie's musl, in dist/deb-musl; as root; takes a few minutes
#                 (SUITE=forky or sid)
# make alpine     the series for Alpine's musl in a checkout of aports (APORTS=DIR), or
#                 the patches and a fragment of an APKBUILD in dist/alpine
# make check-packages  install, upgrade, use and remove what dist/ has, in fresh
#                 roots of Debian releases; root only (TESTS="deb": only these); takes
#                 half an hour, and after make deb-glibc another two hours
# make doctor     say whether this machine closes the race, and fail if it does not
#                 (PROGRAM=file: and whether that program's libc does; PROCESS=1234:
#                 that process)
# make clean      remove the build trees and stages, keep what was fetched
# make distclean  remove everything that was made
# make help       print this list; it needs nothing and configures nothing
# make configure  only make the script, for ./configure with options (see --help)

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.PHONY: deb-glibc deb-musl alpine
.PHONY: all stock check lint check-all check-matrix check-glibc check-operations \
	check-mutants check-versions check-selftest check-programs check-model torture \
	check-litmus demo doctor install-preload clean distclean check-patches patches series refresh edit save check-archs bench report \
	deb check-packages

all:

# A variable on the command line that nothing here reads is misspelt.
misspelt := $(strip $(foreach v,$(.VARIABLES),$(if $(filter command,$(origin $v)),$(if \
	$(findstring ($v),$(file <$(firstword $(MAKEFILE_LIST)))),,$(shell \
	grep -rqw -e '$v' scripts tests tools bench report || echo '$v')))))
$(if $(misspelt),$(error $(misspelt): there is no such variable, see make help))

# A wrong name of a test is reported before anything is installed or built.
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
# Said before anything is installed or built, too.
$(if $(shell (top=.; . scripts/lib.sh; me=make; plain_path "$$(pwd -P)") || echo no),$(error Nothing was built))
# Not configured yet: GNU make makes config.mk first and then starts again.
# (From an empty one: without it, make would end a failure by saying that config.mk is missing.)
$(if $(wildcard config.mk),,$(shell touch -d @0 config.mk))
include config.mk
config.mk: configure config.mk.in
	@mkdir -p build/log
	@test -x config.status || scripts/prerequisites install glibc musl
	@if test -x config.status; then ./config.status --recheck && ./config.status; \
	else $(if $(filter default,$(origin CC)),env -u CC) ./configure; fi >build/log/configure.log 2>&1 || { tail -n 20 build/log/configure.log >&2; exit 1; }
# unused VARIABLE,LIBC: its version is given, and this tree does not build it.
unused = $(if $(filter command environment,$(origin $1)),$(if $(filter $2,$(LIBCS)),,$(error \
	$1=$($1): this tree is configured for $(strip $(LIBCS)) only, see ./configure --with-libcs)))
$(if $(LIBCS),$(if $(filter check-archs,$(MAKECMDGOALS)),,$(call unused,GLIBC,glibc)$(call unused,MUSL,musl)))
endif

configure: configure.ac
	@scripts/prerequisites install configure $(if $(filter configure,$(MAKECMDGOALS)),,$(or $(LIBCS),glibc musl))
	@autoconf

# What is made to run on this machine, whatever ARCH is. (make's own default is cc.)
HOSTCC := $(if $(filter-out x86_64,$(CONFIGURED_ARCH))$(filter default,$(origin CC)),gcc,$(CC))
# configure found the compiler of its architecture; another ARCH has its own.
ifneq ($(ARCH),$(CONFIGURED_ARCH))
CC :=
endif

export CC WITH_SOURCE

# tools-LIST: ask for the tools of that list, see scripts/prerequisites.
tools := $(addprefix tools-,program glibc musl series alpine tests bench programs packages lint)
.PHONY: $(tools)
$(tools): tools-%:
	@KERNEL='$(KERNEL)' scripts/prerequisites install $(if $(ARCH),--arch '$(ARCH)') $*

glibc := glibc-$(GLIBC)
musl := musl-$(MUSL)
names := $(foreach l,$(LIBCS),$($(l)))
patched := $(names:%=stage/%-$(ARCH)/robust-libc.info)
unpatched := $(names:%=stage/%-$(ARCH)-stock/robust-libc.info)
# All versions there are patches for.
versions := $(patsubst %/SHA256SUMS,%,$(subst -patches/,-,$(wildcard *-patches/*/SHA256SUMS)))
stages = $(sort $1 $(versions:%=stage/%-$(ARCH)$2/robust-libc.info))
patches = $(shell top=.; . scripts/lib.sh; patches_of $1)
how := $(addprefix scripts/,lib.sh build-libc prepare-source fetch-source) \
	tools/robust-cc tools/robust-run
overlay := $(shell find nptl sysdeps -type f 2>/dev/null)

version = -DVERSION='"$(shell sed -n 's/^AC_INIT(.*, \[\(.*\)\])$$/\1/p' configure.ac)"'

# (tests/run/check-mutants makes others out of sources of its own.)
PRELOAD := build/lib/librobust-unlock.so
PRELOAD_SOURCE := preload/librobust-unlock.c

# (tests/tools/damaged-files compiles all that is in that directory, too.)
CHECK_SOURCE := $(wildcard tools/robust-check/*.c tools/robust-check/*.h tools/*.h)

all: $(patched) build/bin/robust-check $(PRELOAD)
stock: $(unpatched)
$(foreach l,glibc musl,$(eval $(filter stage/$l-%,$(call stages,$(patched)) $(call stages,$(unpatched),-stock)): | tools-$l))

# (Empty: not configured yet, and read again.)
ifneq ($(filter-out x86_64,$(ARCH)),)
not_crossed := $(filter deb bench report check-glibc check-selftest check-programs,$(MAKECMDGOALS))
ifneq ($(not_crossed),)
$(error $(not_crossed): there is only ARCH=x86_64 for this, and not ARCH=$(ARCH))
endif
# For the machine that the tests of a cross built libc run on.
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

# For this machine's programs. With no version of a symbol newer than glibc 2.17's,
# and nothing that musl lacks, such as what is called with _FORTIFY_SOURCE.
$(PRELOAD): $(PRELOAD_SOURCE) tools/tunable.h tools/vdso-symbol.h | tools-program
	@mkdir -p $(@D)
	@$(HOSTCC) -O2 -Wall -Wextra -U_FORTIFY_SOURCE -Itools -fPIC -fvisibility=hidden -shared \
		-Wl,-z,now,-z,relro,-z,defs -Wl,-soname,librobust-unlock.so -o $@ -x c $<

PREFIX ?= /usr/local
install-preload: $(PRELOAD)
	$(if $(filter-out /%,$(or $(PREFIX),.))$(word 2,$(PREFIX)),$(error PREFIX=$(PREFIX): it has to be an absolute path without a blank))
	@install -D -m 644 -t '$(DESTDIR)$(PREFIX)/lib' $< || { \
		echo "make install-preload: if it may not write there, do it as root, or give a directory of your own: PREFIX=DIR" >&2; exit 1; }
	@install -D -m 644 -t '$(DESTDIR)$(PREFIX)/share/man/man7' doc/man/librobust-unlock.7
	@echo 'Installed. Now: LD_PRELOAD=$(PREFIX)/lib/librobust-unlock.so PROGRAM'

demo:
	@CC='$(HOSTCC)' demo/run --kernel '$(KERNEL)'

doctor: build/bin/robust-check
	@build/bin/robust-check $(if $(PROCESS),--pid '$(PROCESS)') $(PROGRAM) || { \
		s=$$?; [ $$s != 2 ] || echo "make doctor: PROGRAM= takes a file, and PROCESS= the number of a process" >&2; \
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

deb: tools-packages all
	@packaging/deb/build stage/$(glibc)-$(ARCH) stage/$(musl)-$(ARCH)

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
		build/deb build/deb-* build/packages

# The comment at the top.
.PHONY: help
help:
	@sed -n '1d; /^$$/q; s/^# \{0,1\}//p' Makefile

distclean: clean
	rm -rf build configure config.mk config.log config.status autom4te.cache
