# EnforceSim. `make run` and `make test` work on a fresh Debian 12; `make help` lists the rest.
# Variables: CC, OPT (-O3), BUILD (build), EXTRA_CFLAGS, EXTRA_LDFLAGS; MPI=1 (runs on many machines); DEBUG=1 (invariants every day);
# e.g. make CC=clang OPT=-O0 BUILD=build/clang-O0

VERSION  := 0.1.0
CC       ?= gcc
ifeq ($(origin CC),default)
CC       := gcc
endif
OPT      ?= -O3
BUILD    ?= build
PREFIX   ?= /usr/local
OPENMP   ?= -fopenmp
# Same bits everywhere: no contraction of a*b+c, no fast-math.
WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -Wstrict-prototypes -Wmissing-prototypes
# Any x86-64 processor since 2009 counts bits in one instruction.
ARCH     ?= $(if $(filter x86_64,$(shell uname -m)),-march=x86-64-v2)
# What makes a bug hard to use against us: canaries, guarded jumps and stacks, checked copies (not with a sanitizer, which does
# more), and tables that are read-only once loaded. tests/test_hardening.py looks for each in what is built.
HARDENED := -fstack-protector-strong -fstack-clash-protection \
            $(if $(filter x86_64,$(shell uname -m)),-fcf-protection) $(if $(filter aarch64,$(shell uname -m)),-mbranch-protection=standard)
FORTIFY   = $(eval FORTIFY := $(if $(filter -O0,$(OPT))$(findstring -fsanitize,$(EXTRA_CFLAGS)),,-D_FORTIFY_SOURCE=$(shell \
            $(CC) -O2 -D_FORTIFY_SOURCE=3 -Werror -fsyntax-only -include stdio.h -xc /dev/null 2>/dev/null && echo 3 || echo 2)))$(FORTIFY)
CFLAGS   := -std=c11 -D_GNU_SOURCE $(OPT) $(ARCH) -g -fPIC -fno-semantic-interposition $(or $(OPENMP),-Wno-unknown-pragmas) -ffp-contract=off $(HARDENED) $(WARNINGS) -I. -MMD -MP $(if $(DEBUG),-DENFORCESIM_DEBUG) $(EXTRA_CFLAGS)
# Asked for when first used, for the packages may have been installed in this very run.
HDF5_CFLAGS = $(eval HDF5_CFLAGS := $(shell pkg-config --cflags hdf5-serial))$(HDF5_CFLAGS)
# Debian's hdf5-serial.pc knows the base library; the high-level one, with dimension scales, lies beside it.
HDF5_LIBS   = $(eval HDF5_LIBS := $(shell pkg-config --libs-only-L hdf5-serial))$(HDF5_LIBS)
HDF5_SHARED = $(HDF5_LIBS) -lhdf5_hl -lhdf5
# With HDF5's static libraries, where they can be linked, the program starts in a third of the time: the shared one brings libcurl,
# Kerberos, LDAP and thirty more, for files on servers.
TRY_STATIC  = $(HDF5_LIBS) -l:libhdf5_hl.a -l:libhdf5.a -lsz -ldl
HDF5_STATIC = $(eval HDF5_STATIC := $(shell printf 'int H5open(void); int H5DSset_scale(long, const char *);\nint main(void) { return H5DSset_scale(H5open(), ""); }\n' | \
              $(CC) -xc - -pie -fPIE -o /dev/null $(TRY_STATIC) -lz -lm 2>/dev/null && echo '$(TRY_STATIC)' || echo '$(HDF5_SHARED)'))$(HDF5_STATIC)
LIBS_ALONE  = -lconfig -lnettle -lz -lm $(if $(MPI),$(shell pkg-config --libs ompi-c))
LIBS        = $(HDF5_SHARED) $(LIBS_ALONE)
LDFLAGS  := $(OPENMP) -Wl,-z,relro,-z,now,-z,noexecstack $(EXTRA_LDFLAGS)

# The core does no input or output.
CORE_SOURCES    := sim/error.c sim/field.c sim/study.c sim/study_copy.c sim/exchange.c sim/tally.c sim/run.c sim/run_job.c sim/run_crew.c sim/run_world.c sim/points.c $(wildcard models/*.c)
# libenforcesim is the core and what it takes to read a scenario file and to make a results file in memory (sim/embed.h): nothing
# that prints, forks, catches signals or exits. All else belongs to the program.
LIBRARY_SOURCES := $(CORE_SOURCES) $(wildcard sim/config_*.c) \
                   $(patsubst %,sim/%.c,embed running_core command_whole config input design record journal journal_aggregate aggregate quantile \
                   digest drift files memory hdf hdf_digest hdf_memory hdf_read hdf_scales results results_digest results_quantiles results_replicates provenance tables version)
# Runs on several processes need MPI: make MPI=1.
MPI_SOURCES     := $(wildcard sim/ranks_mpi*.c)
SIM_SOURCES     := $(filter-out $(if $(MPI),sim/ranks_none.c,$(MPI_SOURCES)),$(wildcard sim/*.c))
PROGRAM_SOURCES := $(filter-out $(CORE_SOURCES),$(SIM_SOURCES))
TEST_PROGRAMS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_*.c))
SHIM_SOURCES    := tests/fault_shim.c tests/fault_hdf.c
FAULT_SHIM      := $(BUILD)/tests/fault_shim.so
TEST_SUPPORT    := $(filter-out $(wildcard tests/test_*.c) $(SHIM_SOURCES) tests/coverage_exit.c,$(wildcard tests/*.c)) $(wildcard tests/fuzz/fuzz*.c)
objects = $(patsubst %.c,$(BUILD)/%.o,$(1))

ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

PYTHON := .venv/bin/python
RESULT := results/essay.h5

.PHONY: all run test check help clean install packages packages-test python lint format sanitize coverage bench odd
all: $(BUILD)/enforcesim $(BUILD)/libenforcesim.so $(BUILD)/enforcesim.1 $(BUILD)/enforcesim.bash

## make run        run configs/essay.cfg, write results/ (file, figures, report), print the comparison and the claims
run: packages all python
	@mkdir -p results; go_on=2; \
	 if [ -e $(RESULT).partial ]; then $(BUILD)/enforcesim run configs/essay.cfg -o $(RESULT) --resume; go_on=$$?; fi; \
	 if [ $$go_on = 2 ]; then $(BUILD)/enforcesim run configs/essay.cfg -o $(RESULT) --force; else exit $$go_on; fi
	@$(PYTHON) -m enforcesim table $(RESULT)
	@$(PYTHON) -m enforcesim claims $(RESULT)
	@$(PYTHON) -m enforcesim plot $(RESULT) -o results/figures
	@$(PYTHON) -m enforcesim report $(RESULT) -o results/essay.html

## make test       every test; make check: the quick ones
test: packages packages-test all python test-programs
	@tests/run --all

check: packages packages-test all python test-programs
	@tests/run --quick

## make verify     the long form of the tests against theory and of what we promise (README says what and how long)
verify: packages packages-test all python test-programs
	$(call install,slurm-wlm munge r-base-core r-cran-ncdf4 hdf5-tools groff man-db mandoc)
	@$(MAKE) -s interop-ready
	@tests/run --verify
	@$(MAKE) -s fuzz

## make mutants    200 one-token mutants of models/ and the sampler: how many do the tests notice?
mutants: packages packages-test all python
	@$(PYTHON) tests/mutate.py

## make verify-rng the stream of random numbers through the battery of tests, 12 GiB of it in about ten minutes
verify-rng: packages-test
	@$(MAKE) -s $(BUILD)/tests/test_verify_streams
	ENFORCESIM_RNG_ROUNDS=300 $(BUILD)/tests/test_verify_streams

.PHONY: verify verify-rng mutants test-programs coins
test-programs: $(TEST_PROGRAMS) $(FAULT_SHIM) coins with-mpi

# To be preloaded, and without sanitizers: it stands between the program and malloc.
$(FAULT_SHIM): $(SHIM_SOURCES) tests/fault_shim.h
	@mkdir -p $(@D)
	@echo '  LD  $@'
	@$(CC) -std=c11 -D_GNU_SOURCE -O1 -g -fPIC -fno-builtin -shared $(WARNINGS) -I. $(HDF5_CFLAGS) $(SHIM_SOURCES) -o $@

$(BUILD)/enforcesim: $(call objects,$(CORE_SOURCES) $(PROGRAM_SOURCES))
	@echo '  LD  $@'
	@$(CC) -pie $(filter %.o,$^) -o $@ $(LDFLAGS) $(if $(MPI),$(HDF5_SHARED),$(HDF5_STATIC)) $(LIBS_ALONE)

# The manual page and the completion are what the program says of itself.
$(BUILD)/enforcesim.1 $(BUILD)/enforcesim.bash: $(BUILD)/enforcesim
	@$< help --format $(if $(filter %.1,$@),man,bash) >$@.new && mv $@.new $@

# What `make MPI=1` builds, beside the other, for the tests.
.PHONY: with-mpi
with-mpi: $(BUILD)/with-mpi/enforcesim
$(BUILD)/with-mpi/enforcesim: $(call objects,$(filter-out sim/ranks_none.c $(MPI_SOURCES),$(CORE_SOURCES) $(PROGRAM_SOURCES)) $(MPI_SOURCES))
	@mkdir -p $(@D)
	@echo '  LD  $@'
	@$(CC) -pie $(filter %.o,$^) -o $@ $(LDFLAGS) $(LIBS) $(shell pkg-config --libs ompi-c)

# The model compiled again, with a plain coin for every entity in place of event skipping: see tests/coins, and tests/bench/coins
# for the coins of `make bench`, which are the fastest.
coins: $(BUILD)/coins/enforcesim $(BUILD)/bench/coins/enforcesim
define COINS
$$(BUILD)/$(1)/enforcesim: $$(patsubst models/%.c,$$(BUILD)/$(1)/models/%.o,$$(wildcard models/*.c)) $$(call objects,$$(SIM_SOURCES)) $$(BUILD)/with
	@echo '  LD  $$@'
	@$$(CC) $$(filter %.o,$$^) -o $$@ $$(LDFLAGS) $$(LIBS)
$$(BUILD)/$(1)/models/%.o: models/%.c $$(BUILD)/flags | packages
	@mkdir -p $$(@D)
	@echo '  CC  $$< ($(1))'
	@$$(CC) $$(CFLAGS) -iquote tests/$(1) -c $$< -o $$@
endef
$(eval $(call COINS,coins))
$(eval $(call COINS,bench/coins))

# Its own names are bound to itself, whatever else the process has loaded.
$(BUILD)/libenforcesim.so: $(call objects,$(LIBRARY_SOURCES))
	@echo '  LD  $@'
	@$(CC) -shared $(filter %.o,$^) -o $@ -Wl,-Bsymbolic $(LDFLAGS) $(HDF5_SHARED) -lconfig -lnettle -lz -lm

$(BUILD)/tests/test_%: $(BUILD)/tests/test_%.o $(call objects,$(CORE_SOURCES) $(filter-out sim/main.c,$(PROGRAM_SOURCES)) $(TEST_SUPPORT))
	@echo '  LD  $@'
	@$(CC) -pie $(filter %.o,$^) -o $@ $(LDFLAGS) -lcmocka $(LIBS)
.PRECIOUS: $(BUILD)/%.o

# What `make coverage` links with every program besides.
$(BUILD)/enforcesim $(BUILD)/with-mpi/enforcesim $(BUILD)/coins/enforcesim $(BUILD)/bench/coins/enforcesim $(TEST_PROGRAMS): $(AT_EXIT)

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo '  CC  $<'
	@$(CC) $(CFLAGS) $(FORTIFY) $(HDF5_CFLAGS) -c $< -o $@

# What a program says of itself: compiled anew when the commit changes.
$(BUILD)/sim/version.o: private CFLAGS += -DENFORCESIM_VERSION='"$(VERSION)"' -DENFORCESIM_COMMIT='"$(shell cat $(BUILD)/commit 2>/dev/null)"' \
                          -DENFORCESIM_DATE='"$(shell git log -1 --format=%cs 2>/dev/null)"'
$(BUILD)/sim/version.o: $(BUILD)/commit

.PHONY: always
$(BUILD)/commit: always
	@mkdir -p $(@D); git describe --always --dirty --abbrev=12 2>/dev/null >$@.new || echo unknown >$@.new; \
	 if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
# Objects are compiled anew when compiler or flags change, and programs linked anew when flags or what they are made of do: a
# source that has gone, or MPI that they get or lose.
$(BUILD)/flags: always
	@mkdir -p $(@D); echo '$(CC) $(CFLAGS)' >$@.new; if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(BUILD)/with: always
	@mkdir -p $(@D); echo '$(MPI) $(LDFLAGS) $(sort $(SIM_SOURCES) $(wildcard models/*.c) $(TEST_SUPPORT))' >$@.new; \
	 if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(BUILD)/enforcesim $(BUILD)/with-mpi/enforcesim $(BUILD)/libenforcesim.so $(BUILD)/coins/enforcesim $(TEST_PROGRAMS): $(BUILD)/with
$(call objects,$(MPI_SOURCES)): private CFLAGS += $(patsubst -I%,-isystem %,$(shell pkg-config --cflags ompi-c))

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# ---- what a fresh machine lacks ------------------------------------------------------------------------------------

PACKAGES      := gcc libc6-dev make pkg-config libconfig-dev libhdf5-dev librandom123-dev nettle-dev zlib1g-dev python3 python3-venv
PACKAGES_MPI  := libopenmpi-dev openmpi-bin
PACKAGES_TEST := libcmocka-dev clang libomp-dev netcdf-bin iproute2 locales chromium chromium-driver $(PACKAGES_MPI)

# $(call install,packages): asks the package manager only for what is missing.
define install
	@if command -v dpkg-query >/dev/null; then missing=; \
	 for p in $(1); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	 if [ -n "$$missing" ]; then echo "installing Debian packages:$$missing"; \
	  sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	 fi; fi
endef

packages:
	$(call install,$(PACKAGES) $(if $(MPI),$(PACKAGES_MPI)))
packages-test: packages
	$(call install,$(PACKAGES_TEST))

# Compiling needs the headers, when these are goals of one run.
$(call objects,$(CORE_SOURCES) $(PROGRAM_SOURCES)): | packages
$(call objects,$(wildcard tests/*.c tests/fuzz/*.c)) $(TEST_PROGRAMS) $(FAULT_SHIM): | packages-test

## make python     .venv from the pinned analysis/requirements.txt
python: .venv/ready
.venv/ready: analysis/requirements.txt | packages
	@echo "making .venv from analysis/requirements.txt"
	@rm -rf .venv && python3 -m venv .venv
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps -r analysis/requirements.txt
	@echo '$(CURDIR)/analysis' >"$$($(PYTHON) -c 'import site; print(site.getsitepackages()[0])')/enforcesim.pth"
	@touch $@

# ---- fuzzing ---------------------------------------------------------------------------------------------------------

FUZZ_FLAGS   := -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

## make fuzz       feeds the readers of files mutated input for FUZZ_SECONDS (120) in all; see tests/fuzz/run
.PHONY: fuzz fuzz-programs
fuzz: packages packages-test all
	$(call install,libclang-rt-14-dev)
	@$(MAKE) -s BUILD=build/fuzz CC=clang OPT=-O1 EXTRA_CFLAGS="-fsanitize=fuzzer-no-link $(FUZZ_FLAGS)" fuzz-programs
	@tests/fuzz/run $(FUZZ_TARGETS)

fuzz-programs: $(patsubst %,$(BUILD)/fuzz_%,$(FUZZ_TARGETS))

$(BUILD)/fuzz_%: tests/fuzz/entry.c $(call objects,$(CORE_SOURCES) $(filter-out sim/main.c,$(PROGRAM_SOURCES)) $(wildcard tests/fuzz/fuzz*.c))
	@echo '  LD  $@'
	@$(CC) $(filter-out -MMD -MP,$(CFLAGS)) -DTARGET=fuzz_$* $^ -o $@ -fsanitize=fuzzer $(FUZZ_FLAGS) $(LDFLAGS) $(LIBS)

# ---- quality ---------------------------------------------------------------------------------------------------------

PACKAGES_LINT := clang-tidy cppcheck clang-format
SANITIZED     := $(patsubst tests/%.c,%,$(wildcard tests/test_*.c))

# Programs that run on several threads, and those that valgrind, forty times slower, ends in minutes. The slow ones are left to
# the whole program's short run; a sandboxed process has no room for valgrind, damaged files
# are read in such, and the heap of a program under valgrind has something behind it.
THREADED      := test_run test_run_engine test_together test_neutrality test_results
MEMCHECKED    := $(filter-out test_models_conservation test_neutrality test_results_damage test_sandbox test_memory test_library test_verify_%,$(SANITIZED))
MEMCHECK      := ENFORCESIM_SLOWER=100 valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,possible --suppressions=tests/valgrind.supp

# What gcc 12's analyzer sees where there is nothing: leaks of memory that hangs on what the caller holds (leaks are what ASan and
# valgrind look for), and shifts of vectors by more than their number of lanes.
MISTAKEN := -Wno-analyzer-malloc-leak -Wno-analyzer-shift-count-overflow

## make lint       gcc's and clang's warnings as errors, gcc -fanalyzer, clang-tidy, cppcheck, ruff, formatting
lint: packages packages-test python
	$(call install,$(PACKAGES_LINT))
	$(MAKE) -s CC=clang BUILD=build/clang OPT=-O1 all test-programs
	$(MAKE) -s CC=gcc all test-programs
	$(MAKE) -s CC=gcc BUILD=build/analyzer EXTRA_CFLAGS="-fanalyzer $(MISTAKEN)" all
	timeout 600 cppcheck -q --enable=warning,performance,portability --std=c11 --suppress=missingIncludeSystem --error-exitcode=1 -I. sim models
	printf '%s\n' $(wildcard sim/*.c models/*.c) | timeout 1200 xargs -P $(shell nproc) -n 6 sh -c 'clang-tidy -quiet "$$@" -- -I. -std=c11 -D_GNU_SOURCE $(OPENMP) $(HDF5_CFLAGS) $(patsubst -I%,-isystem %,$(shell pkg-config --cflags ompi-c))' lint
	.venv/bin/ruff check --config analysis/pyproject.toml analysis tests models
	.venv/bin/ruff format --check --config analysis/pyproject.toml analysis tests models

## make format     clang-format for the engine, ruff for Python
format: packages python
	$(call install,$(PACKAGES_LINT))
	clang-format -i sim/*.c tests/*.c
	.venv/bin/ruff format --config analysis/pyproject.toml analysis tests models

## make sanitize   the C tests under the sanitizers of addresses, undefined behaviour and threads, and under valgrind
sanitize: packages packages-test
	$(call install,libclang-rt-14-dev)
	$(MAKE) -s BUILD=build/asan OPT=-O1 EXTRA_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all" EXTRA_LDFLAGS="-fsanitize=address,undefined" test-programs
	@for t in $(SANITIZED); do echo "$$t"; ASAN_OPTIONS="allocator_may_return_null=1 suppressions=tests/asan.supp" build/asan/tests/$$t >build/asan/log 2>&1 || { tail -n 40 build/asan/log; exit 1; }; done
	$(MAKE) -s BUILD=build/tsan CC=clang OPT=-O1 EXTRA_CFLAGS=-fsanitize=thread EXTRA_LDFLAGS=-fsanitize=thread $(THREADED:%=build/tsan/tests/%)
	@for t in $(THREADED); do echo "$$t (threads)"; OMP_TOOL_LIBRARIES=libarcher.so TSAN_OPTIONS="ignore_noninstrumented_modules=1 exitcode=1" \
	 build/tsan/tests/$$t >build/tsan/log 2>&1 || { tail -n 40 build/tsan/log; exit 1; }; done
	$(MAKE) -s memcheck

## make memcheck   the quick C tests and three commands under valgrind: no error, nothing lost (part of make sanitize)
.PHONY: memcheck
memcheck: packages packages-test all test-programs
	$(call install,valgrind)
	@for t in $(MEMCHECKED); do echo "$$t (valgrind)"; $(MEMCHECK) $(BUILD)/tests/$$t >$(BUILD)/tests/log 2>&1 || { tail -n 40 $(BUILD)/tests/log; exit 1; }; done
	@for c in "run configs/essay.cfg -r 2 -j 2 --days 10 --set run.burn_in=200 --quiet --force -o $(BUILD)/memcheck.h5" "check configs/essay.cfg" \
	 "info $(BUILD)/memcheck.h5"; do echo "enforcesim $$c (valgrind)"; $(MEMCHECK) $(BUILD)/enforcesim $$c >$(BUILD)/tests/log 2>&1 || { tail -n 40 $(BUILD)/tests/log; exit 1; }; done

## make coverage   lines and branches of sim/ and models/ that the tests reach
coverage: packages packages-test python
	$(MAKE) -s BUILD=build/coverage OPT=-O0 EXTRA_CFLAGS="--coverage -fprofile-update=atomic" EXTRA_LDFLAGS="--coverage -Wl,--wrap=_exit,--wrap=sandbox_enter" \
	 AT_EXIT=build/coverage/tests/coverage_exit.o all test-programs
	@find build/coverage -name '*.gcda' -delete
	@BUILD=build/coverage tests/run --all || true
	@python3 tests/coverage.py build/coverage

# ---- speed -----------------------------------------------------------------------------------------------------------

## make bench      speed in ratios measured side by side, against coins, C, NumPy and Mesa; build/bench.md; some minutes
.PHONY: bench-large bench-check bench-programs
bench: bench-programs $(BUILD)/bench/.venv/ready
	@$(PYTHON) tests/bench/bench.py

## make bench-large   10^7 persons for 10 years and 10^8 persons in 4 GiB; build/bench-large.md; up to half an hour
bench-large: bench-programs
	@$(PYTHON) tests/bench/bench.py --large

## make bench-check   instructions of three workloads against tests/bench/counts.json; fails above 3 % more
bench-check: packages all python
	$(call install,valgrind)
	@$(PYTHON) tests/bench/check.py

bench-programs: packages all python coins $(BUILD)/bench/reduced
	$(call install,valgrind)

$(BUILD)/bench/reduced: tests/bench/reduced.c | packages
	@mkdir -p $(@D)
	@$(CC) -std=c11 -D_GNU_SOURCE $(OPT) $(ARCH) $(WARNINGS) $< -o $@ -lm

# Mesa and its kind are for comparison alone: in an environment of their own.
$(BUILD)/bench/.venv/ready: tests/bench/requirements.txt | packages
	@echo "making $(BUILD)/bench/.venv from $<"
	@rm -rf $(@D) && mkdir -p $(BUILD)/bench && python3 -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

# The EMA Workbench and Jupyter's kernel are heavy, and only for those who use them: in an environment that sees .venv's packages.
## make interop    EMA Workbench and the notebook in a kernel, in an environment of their own (make verify does it too)
.PHONY: interop interop-ready
interop-ready: all python $(BUILD)/interop/.venv/ready
interop: interop-ready
	@ENFORCESIM_VERIFY=1 $(PYTHON) -m pytest -q -rs tests/test_interop.py

$(BUILD)/interop/.venv/ready: tests/interop/requirements.txt .venv/ready | packages
	@echo "making $(BUILD)/interop/.venv from $<"
	@rm -rf $(@D) && mkdir -p $(BUILD)/interop && python3 -m venv $(@D)
	@$(PYTHON) -c 'import site; print(site.getsitepackages()[0])' >"$$($(@D)/bin/python -c 'import site; print(site.getsitepackages()[0])')/enforcesim.pth"
	@echo '$(CURDIR)/analysis' >>"$$($(@D)/bin/python -c 'import site; print(site.getsitepackages()[0])')/enforcesim.pth"
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

## make install PREFIX=DIR   the program, its manual, the library with its header, the scenario files; DESTDIR goes before it
INSTALL_TO = '$(DESTDIR)$(PREFIX)'
install: all
	install -d $(INSTALL_TO)/bin $(INSTALL_TO)/lib/pkgconfig $(INSTALL_TO)/include/enforcesim/sim $(INSTALL_TO)/share/enforcesim \
	 $(INSTALL_TO)/share/man/man1 $(INSTALL_TO)/share/bash-completion/completions
	install $(BUILD)/enforcesim $(INSTALL_TO)/bin/
	install -m 644 $(BUILD)/libenforcesim.so $(INSTALL_TO)/lib/
	install -m 644 sim/embed.h sim/error.h $(INSTALL_TO)/include/enforcesim/sim/
	@printf '%s\n' 'prefix=$(PREFIX)' 'Name: EnforceSim' 'Description: an agent-based simulation of enforcement policies, as a library' \
	 'Version: $(VERSION)' 'Cflags: -I"$${prefix}/include/enforcesim"' 'Libs: -L"$${prefix}/lib" -lenforcesim' >$(INSTALL_TO)/lib/pkgconfig/enforcesim.pc
	install -m 644 $(BUILD)/enforcesim.1 $(INSTALL_TO)/share/man/man1/
	install -m 644 $(BUILD)/enforcesim.bash $(INSTALL_TO)/share/bash-completion/completions/enforcesim
	cp -r configs $(INSTALL_TO)/share/enforcesim/

## make odd        write the generated tables of models/ODD.md anew
odd: all
	$(BUILD)/enforcesim params --format markdown >$(BUILD)/params.md
	$(BUILD)/enforcesim metrics --format markdown >$(BUILD)/metrics.md
	python3 models/odd_tables.py models/ODD.md $(BUILD)/params.md $(BUILD)/metrics.md

## make golden     renew the stored results in tests/golden (after a new version of the model and its line in CHANGELOG.md)
.PHONY: golden
golden: all python
	$(PYTHON) tests/update_golden.py

## make clean      remove BUILD, where it is a folder that was made by this Makefile
clean:
	@if [ -e '$(BUILD)/flags' ]; then echo "rm -rf $(BUILD)"; rm -rf '$(BUILD)'; fi

help:
	@sed -n 's/^## //p' Makefile
