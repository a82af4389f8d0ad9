# Builds the drivers for scripts/simulate: their own sources, compiled with SimGrid's smpicc. Files of bench/simulate replace those of other
# folders that make no sense in a simulation (REPLACED).

SMPICC ?= smpicc
SMPICXX ?= smpicxx
SIMULATED := $B/simulate/all_reduce
REPLACED := $(addprefix bench/,base/host.c base/clock.c launch/machine.c launch/watch.c launch/board.c launch/arrival.c \
	backend/backends.c)
SIMULATE_SOURCES := $(filter-out $(REPLACED),$(COMMON) $(call sources,$(addprefix bench/,backend launch measure simulate))) $(TWINS) \
	bench/drivers/all_reduce.c
# Warnings in SimGrid's headers are no errors. By default, smpicc includes a header that redefines sleep, getopt, malloc and more as macros.
# The sources need none of these, since they read the simulated clock through bench/simulate/clock.c: SMPI_PRETEND_CC (which prints a line
# on stdout) leaves the header out. A part of it that mpi.h includes declares getopt's struct option, which clashes with that of
# bench/base/options.h: SMPI_HELPERS_INTERNAL_H leaves that out.
SIMULATE_FLAGS = $(filter-out -Werror,$(BASE_FLAGS)) -DSMPI_HELPERS_INTERNAL_H
$(call stamp,simulate,$(SMPICC) $(SMPICXX) $(SIMULATE_FLAGS) $(BASE_LIBS))

SIMULATE_OBJECTS := $(patsubst %.c,$B/obj/simulate/%.o,$(SIMULATE_SOURCES))
$(SIMULATE_OBJECTS): $B/obj/simulate/%.o: %.c $B/flags/simulate
	$(call say,SMPICC,$@)
	@mkdir -p $(@D)
	$QSMPI_PRETEND_CC=1 $(SMPICC) $(SIMULATE_FLAGS) $(EXTRA_FLAGS) -MMD -MP -c -o $@ $< >/dev/null
$B/obj/simulate/bench/simulate/messages.o: bench/simulate/messages.cc bench/simulate/messages.h $B/flags/simulate
	$(call say,SMPICXX,$@)
	@mkdir -p $(@D)
	$QSMPI_PRETEND_CC=1 $(SMPICXX) -std=c++17 -Ibench -fPIC -Wall -Wextra $(CFLAGS) -c -o $@ $< >/dev/null
$B/obj/simulate/bench/base/version.o: $B/flags/git
$B/obj/simulate/bench/base/version.o: EXTRA_FLAGS = $(if $(GIT_HASH),-DBUSBAR_GIT='"$(GIT_HASH)"')
# A function __wrap_X takes the place of X, which it calls as __real_X.
$(SIMULATED): $(SIMULATE_OBJECTS) $B/obj/simulate/bench/simulate/messages.o $B/obj/mpirun_script.o
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$Q$(SMPICC) $(CFLAGS) $(LDFLAGS) $$(nm $^ | sed -n 's/.* T __wrap_/-Wl,--wrap=/p') -o $@ $^ $(BASE_LIBS) -lstdc++ -ldl

simulate: ## SIMULATE='--domains 1,2': simulates collectives on NVLink domains that you do not have, with SimGrid (scripts/simulate --help)
	@scripts/setup --for simulate --config '$B/config.mk'
	@$(MAKE) --no-print-directory $(all_cores) $B/busbar $(SIMULATED)
	@BUILD='$B' scripts/simulate $(SIMULATE)
benchmark-prediction: $(SIMULATED)
.PHONY: simulate
