# busbar: `make help` lists the targets and the knobs. Wildcards find the sources, so that a new file needs no line here.

B ?= build$(if $(SANITIZE),/sanitize)
PREFIX ?= /usr/local
DESTDIR ?=
ifeq ($(origin CC),default)
CC := cc
endif
CFLAGS ?= -O2 -g
MAKEFLAGS += --no-builtin-rules
Q := $(if $(V),,@)
# $(call quote,TEXT): TEXT as one word of a shell command, whatever characters it contains.
quote = '$(subst ','\'',$1)'
say = $(if $(V),,@printf '  %-8s %s\n' $(call quote,$1) $(call quote,$2))
# make splits at spaces and gives some characters a special meaning: no target's name can contain them.
ifneq ($(strip $(words $B)$(foreach c,' " \ : % ; & | * ? < > [ ] `,$(findstring $c,$B))$(findstring $$,$B)),1)
$(error B=$B: the build folder's path must be one word without quotes and the characters \ : % ; & | * ? < > [ ] ` $$)
endif

.DEFAULT_GOAL := all

# ---- What the machine has: scripts/probe runs again when a knob or a search path changes ---------------------------

# $(call stamp,NAME,TEXT): a file that changes only when TEXT does; targets that are built with TEXT depend on it. Without config.mk (`make help`,
# or before the probe) TEXT is not known, and the file stays as it is.
stamp = $(if $(HAVE_CC),$(write_stamp))
write_stamp = $(if $(and $(wildcard $B/flags/$1),$(findstring <$(strip $2)>,<$(strip $(file <$B/flags/$1))>)),,$(shell mkdir -p $B/flags)$(file >$B/flags/$1,$(strip $2)))

KNOBS := CC CPPFLAGS LDFLAGS MPI MPICC MPIRUN MPI_HOME CUDA NVCC NVCCFLAGS CUDA_HOME CUDA_PATH NCCL NCCL_HOME CUBLASLT CUBLASLT_HOME \
	HWLOC_HOME JANSSON_HOME CRITERION_HOME GNUPLOT
PLACES := PATH LD_LIBRARY_PATH CPATH LIBRARY_PATH C_INCLUDE_PATH PKG_CONFIG_PATH

ifneq ($(filter-out help clean uninstall dist,$(or $(MAKECMDGOALS),all)),)
$(call write_stamp,knobs,$(foreach knob,$(KNOBS) $(PLACES),$(knob)=$(call quote,$(value $(knob)))))
-include $B/config.mk
# A failed probe runs again each time, since something may have been installed; a successful one does not.
$B/config.mk: scripts/probe scripts/works scripts/launchers/mpirun bench/matmul/blasfamily.c $B/flags/knobs $(if $(PROBE_FAILED),$(if $(MAKE_RESTARTS),,force))
	@mkdir -p $(@D)
	@$(foreach knob,$(KNOBS),$(knob)=$(call quote,$(value $(knob)))) scripts/probe $@ || echo 'PROBE_FAILED := 1' >$@
endif

probe: ## looks again for MPI, CUDA, NCCL and the libraries, one line each
	@rm -f $B/config.mk
	@$(MAKE) --no-print-directory $B/config.mk
needs_probe := $(if $(and $(PROBE_FAILED),$(MAKE_RESTARTS)),$(if $(filter test bench test-all probe $B/config.mk,$(MAKECMDGOALS)),,\
	$(error a required part is missing, see the lines above; scripts/setup installs it)))

# ---- Flags, in classes: objects are rebuilt when the flags of their class change -----------------------------------

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes $(if $(filter-out 0,$(WERROR)),-Werror)
SANITIZERS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all)
BASE_FLAGS = -std=c11 -D_GNU_SOURCE -Ibench -I. -fPIC $(WARN) $(CPPFLAGS) $(CFLAGS) $(SANITIZERS) $(JSON_CFLAGS)
MEASURE_FLAGS = $(MPI_CFLAGS) $(HWLOC_CFLAGS)
GPU_FLAGS = $(MPI_CFLAGS) $(HWLOC_CFLAGS) $(CUDA_CFLAGS) $(NCCL_CFLAGS) $(CUBLASLT_CFLAGS)
# Machine code for each architecture of CUDA_ARCH that the toolkit knows, and PTX of the newest one for later GPUs.
CUDA_ARCH ?= 80 90 100 103
ifneq ($(HAVE_CUDA),)
ARCHES := $(filter $(CUDA_ARCH),$(patsubst compute_%,%,$(shell $(CUDA_NVCC) --list-gpu-arch)))
endif
CUDA_FLAGS = -O3 $(foreach a,$(ARCHES),-gencode arch=compute_$a,code=sm_$a) \
	$(foreach a,$(lastword $(ARCHES)),-gencode arch=compute_$a,code=compute_$a) -Ibench -I. -Xcompiler -fPIC $(NVCCFLAGS)
LINK = $(CC) $(CFLAGS) $(SANITIZERS) $(LDFLAGS) -Wl,--as-needed,--enable-new-dtags
BASE_LIBS = $(JSON_LIBS) -lm -lpthread
MEASURE_LIBS = $(MPI_LIBS) $(HWLOC_LIBS) -ldl $(BASE_LIBS)
# A tarball of `make dist` has the hash in the file git-hash.
GIT_HASH := $(or $(if $(wildcard git-hash),$(file <git-hash)),$(shell git describe --always --dirty --abbrev=12 --exclude '*' 2>/dev/null))

$(call stamp,base,$(CC) $(BASE_FLAGS))
$(call stamp,measure,$(MEASURE_FLAGS))
$(call stamp,gpu,$(GPU_FLAGS))
$(call stamp,cuda,$(CUDA_NVCC) $(CUDA_FLAGS))
$(call stamp,git,$(GIT_HASH))
$(call stamp,launcher,$(MPI_MPIRUN))
$(call stamp,link,$(LINK) $(BASE_LIBS))
$(call stamp,link-measure,$(MEASURE_LIBS))
$(call stamp,link-gpu,$(CUDA_LIBS) $(HWLOC_LIBS) $(NCCL_LIBS) $(CUBLASLT_LIBS))

# ---- Sources -------------------------------------------------------------------------------------------------------

# Folders grouped by what they need: only jansson; MPI and hwloc; these and CUDA. bench/README.md says which may include which.
sources = $(wildcard $(foreach room,$1,$(room)/*.c))
HAVE_DRIVERS := $(and $(HAVE_MPI),$(HAVE_HWLOC))
COMMON := $(call sources,$(addprefix bench/,base stats collective catalog record))
ANALYSIS := $(call sources,bench/analysis bench/analysis/*)
TWINS := $(call sources,kernels)
PLUGIN_SOURCES := $(wildcard bench/gpu/*.c bench/matmul/cublaslt*.c)
MEASURE := $(if $(HAVE_DRIVERS),$(filter-out $(PLUGIN_SOURCES),$(call sources,$(addprefix bench/,backend launch measure matmul overlap step))))
DRIVER_NAMES := $(if $(HAVE_DRIVERS),$(patsubst bench/drivers/%.c,%,$(wildcard bench/drivers/*.c)))
KERNELS := $(wildcard kernels/*.cu)

PLUGINS := $(if $(and $(HAVE_DRIVERS),$(HAVE_CUDA)),$(strip busbar_device.so $(if $(HAVE_NCCL),busbar_nccl.so) \
	$(if $(HAVE_CUBLASLT),busbar_cublaslt.so)))
objects = $(patsubst %,$B/obj/%.o,$(basename $1))

PROGRAMS := $(addprefix $B/,busbar $(DRIVER_NAMES))

# ---- Targets -------------------------------------------------------------------------------------------------------

all: $(PROGRAMS) $(addprefix $B/,$(PLUGINS)) ## builds all that this machine can build, in build/
	$(if $(DRIVER_NAMES),@:,@echo '  the drivers are not built: without $(or $(filter MPI hwloc,$(LACKING)),MPI) (make probe says more)')

help: ## this text
	@printf 'usage: make [TARGET] [KNOB=value]\n\ntargets:\n'
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS='	' read -r t d; do printf '  %-26s %s\n' "$$t" "$$d"; done
	@for f in $(BENCHMARKS); do printf '  %-26s %s\n' "benchmark-$$f" "$$(sed -n '2s/^# *//p' tests/benchmark/$$f.sh)"; done
	@printf '\nknobs (a change rebuilds what depends on it):\n'
	@printf '  %-26s %s\n' 'V=1' 'show the commands' 'CC=, CFLAGS=, LDFLAGS=' 'compiler and flags [cc, -O2 -g]' \
	    'MPI=, CUDA=, NCCL=, CUBLASLT=auto|yes|no' '' '' 'auto: use what is found; yes: fail if it is missing [auto]' \
	    'MPICC=, MPIRUN=PROGRAM' 'the compiler wrapper and the launcher [the first pair that starts two ranks]' \
	    'MPI_HOME=, CUDA_HOME=, NCCL_HOME=, CUBLASLT_HOME=, HWLOC_HOME=, JANSSON_HOME=, CRITERION_HOME=DIR' '' \
	    '' 'prefixes, where a part is not in the usual places' \
	    'NVCC=, NVCCFLAGS=, CUDA_ARCH=' 'the CUDA compiler, its flags, its targets [80 90 100 103]' \
	    'WERROR=1' 'warnings are errors' 'SANITIZE=address,undefined' 'a build with sanitizers, in build/sanitize' \
	    'NO_INSTALL=1' 'bench and test install nothing; they name what is missing' \
	    'NODES=1,2 HOSTFILE=FILE' 'bench: on which hosts; scripts/bench lists all its knobs' \
	    'PREFIX=, DESTDIR=' 'where install puts things [/usr/local]' 'B=DIR' 'another build folder [build]' \
	    'NCCL_TESTS_NAMES=1' "install also installs nccl-tests' names: all_reduce_perf for all_reduce, and so on"

# Every object depends on the classes of its flags; the .d files list its headers.
quiet_cc = $(call say,CC,$@)
$B/obj/%.o: %.c $B/flags/base
	$(quiet_cc)
	@mkdir -p $(@D)
	$Q$(CC) $(BASE_FLAGS) $(EXTRA_FLAGS) -MMD -MP -c -o $@ $<
# Text files that programs contain: the style sheets of `busbar report` and `contract`, and the script with which a driver starts its ranks.
STYLES := $(addprefix $B/obj/,page_style contract_style)
EMBEDDED := $(STYLES) $B/obj/mpirun_script
$B/obj/page_style.c: bench/analysis/report/page.css
$B/obj/contract_style.c: bench/analysis/gate/contract_page.css
$B/obj/mpirun_script.c: scripts/launchers/mpirun
$(EMBEDDED:=.c): scripts/embed
	@mkdir -p $(@D)
	$Qscripts/embed $(basename $(@F)) $(filter-out scripts/embed,$^) >$@
$(EMBEDDED:=.o): %.o: %.c $B/flags/base
	$(quiet_cc)
	$Q$(CC) $(BASE_FLAGS) -MMD -MP -c -o $@ $<
$B/obj/%.cu.o: %.cu $B/flags/cuda
	$(call say,NVCC,$@)
	@mkdir -p $(@D)
	$Q$(CUDA_NVCC) $(CUDA_FLAGS) -MMD -MF $(@:.o=.d) -c -o $@ $<

MEASURE_OBJECTS := $(call objects,$(MEASURE))
DRIVER_OBJECTS := $(patsubst %,$B/obj/bench/drivers/%.o,$(DRIVER_NAMES))
PLUGIN_OBJECTS := $(call objects,$(PLUGIN_SOURCES))
$(MEASURE_OBJECTS) $(DRIVER_OBJECTS): $B/flags/measure
$(MEASURE_OBJECTS) $(DRIVER_OBJECTS): EXTRA_FLAGS = $(MEASURE_FLAGS)
$(PLUGIN_OBJECTS): $B/flags/gpu
$(PLUGIN_OBJECTS): EXTRA_FLAGS = $(GPU_FLAGS)
$B/obj/bench/launch/start.o: $B/flags/launcher
$B/obj/bench/launch/start.o: EXTRA_FLAGS = $(MEASURE_FLAGS) -DBUSBAR_MPIRUN='"$(MPI_MPIRUN)"'
$B/obj/bench/matmul/blasfamily.o: EXTRA_FLAGS = $(MEASURE_FLAGS) -O3
$B/obj/bench/base/version.o: $B/flags/git
$B/obj/bench/base/version.o: EXTRA_FLAGS = $(if $(GIT_HASH),-DBUSBAR_GIT='"$(GIT_HASH)"')

# Archives: the linker takes only the objects that a program uses.
$B/libcommon.a: $(call objects,$(COMMON))
$B/libanalysis.a: $(call objects,$(filter-out bench/analysis/busbar.c,$(ANALYSIS))) $(STYLES:=.o)
$B/libmeasure.a: $(MEASURE_OBJECTS) $B/obj/mpirun_script.o $(call objects,$(TWINS))
$B/lib%.a:
	$(call say,AR,$@)
	$Qrm -f $@ && $(AR) rc $@ $(filter %.o,$^)

$B/busbar: $B/obj/bench/analysis/busbar.o $B/libanalysis.a $B/libcommon.a $B/flags/link
	$(call say,LINK,$@)
	$Q$(LINK) -o $@ $(filter %.o %.a,$^) $(BASE_LIBS)

# bench/*.symbols list the symbols that drivers and plug-ins export to each other.
$(addprefix $B/,$(DRIVER_NAMES)): $B/%: $B/obj/bench/drivers/%.o $B/libmeasure.a $B/libcommon.a $B/flags/link $B/flags/link-measure \
		bench/program.symbols
	$(call say,LINK,$@)
	$Q$(LINK) -Wl,--dynamic-list=bench/program.symbols -o $@ $(filter %.o %.a,$^) $(MEASURE_LIBS)

GPU_OBJECTS := $(filter-out $B/obj/bench/gpu/nccl%,$(filter $B/obj/bench/gpu/%,$(PLUGIN_OBJECTS)))
PLUGIN_COMMON := $(filter-out %/device_memory.o,$(GPU_OBJECTS)) $(call objects,$(TWINS)) $(call objects,$(KERNELS:.cu=.cu.c)) \
	$B/libmeasure.a $B/libcommon.a $B/flags/link $B/flags/link-gpu bench/plugin.symbols
LINK_PLUGIN = $(LINK) -shared -Wl,--version-script=bench/plugin.symbols
$B/busbar_device.so: $B/obj/bench/gpu/device_memory.o
$B/busbar_nccl.so: $(filter $B/obj/bench/gpu/nccl%,$(PLUGIN_OBJECTS))
$B/busbar_nccl.so: LIBRARIES = $(NCCL_LIBS)
$B/busbar_cublaslt.so: $(filter $B/obj/bench/matmul/%,$(PLUGIN_OBJECTS))
$B/busbar_cublaslt.so: LIBRARIES = $(CUBLASLT_LIBS)
$B/busbar_%.so: $(PLUGIN_COMMON)
	$(call say,LINK,$@)
	$Q$(LINK_PLUGIN) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBRARIES) $(CUDA_LIBS) $(MPI_LIBS) $(HWLOC_LIBS) -ldl -lstdc++ $(BASE_LIBS)

# Use all cores, unless the user gave a -j option.
all_cores = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 2))

include tests/rules.mk bench/simulate/rules.mk scripts/rules.mk

bench: ## all-reduce, all-gather and matmul on this machine (GPUs: 8 B to 16 GiB); time and money first, then table, records, plots
	@scripts/setup --for bench --config '$B/config.mk'
	@$(MAKE) --no-print-directory $(all_cores) all
	@BUILD='$B' MPIRUN='$(MPI_MPIRUN)' scripts/bench

check-regression: all ## BASELINE=NAME: measures what the baseline did and compares (or BASE=results/A NEW=results/B)
	@BUILD='$B' MPIRUN='$(MPI_MPIRUN)' BASELINE=$(call quote,$(BASELINE)) BASE=$(call quote,$(BASE)) NEW=$(call quote,$(NEW)) scripts/check-regression

report: $B/busbar ## an HTML page of all runs: results/report.html (RESULTS='results/A results/B' chooses)
	@BUSBAR_SHARE="$${BUSBAR_SHARE:-$$PWD}" $(if $(GNUPLOT),BUSBAR_GNUPLOT=$(call quote,$(GNUPLOT))) $B/busbar report --output results/report.html $(or $(RESULTS),results) && echo 'results/report.html'

clean: ## removes build/
	rm -rf '$B'

force:
.PHONY: all help probe bench check-regression report clean force \
	$(addprefix benchmark-,$(BENCHMARKS))
.DELETE_ON_ERROR:
.SECONDARY:

-include $(shell find $B/obj -name '*.d' 2>/dev/null)
