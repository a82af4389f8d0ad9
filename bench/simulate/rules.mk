# The drivers as scripts/simulate runs them: their own sources, built with SimGrid's smpicc. What bench/simulate has in place of a file of
# another room replaces it; the rest is the same.

SMPICC ?= smpicc
SIMULATED := $B/simulate/all_reduce
REPLACED := $(addprefix bench/,base/host.c base/clock.c launch/machine.c launch/crowding.c launch/watch.c launch/board.c launch/arrival.c \
	backend/backends.c)
SIMULATE_SOURCES := $(filter-out $(REPLACED),$(COMMON) $(call sources,$(addprefix bench/,backend launch measure simulate))) $(TWINS) \
	bench/drivers/all_reduce.c
# Warnings that SimGrid's headers cause are no errors. With SMPI_PRETEND_CC (and a line on stdout) smpicc compiles without its header that makes
# macros of sleep, getopt, malloc and more: the sources read the simulated clock by bench/simulate/clock.c and need none of these. Its mpi.h includes a part of it that
# declares getopt's struct option, where bench/base/options.h has one of its own: SMPI_HELPERS_INTERNAL_H leaves that out.
SIMULATE_FLAGS = $(filter-out -Werror,$(BASE_FLAGS)) -DSMPI_HELPERS_INTERNAL_H
$(call stamp,simulate,$(SMPICC) $(SIMULATE_FLAGS) $(BASE_LIBS))

SIMULATE_OBJECTS := $(patsubst %.c,$B/obj/simulate/%.o,$(SIMULATE_SOURCES))
$(SIMULATE_OBJECTS): $B/obj/simulate/%.o: %.c $B/flags/simulate
	$(call say,SMPICC,$@)
	@mkdir -p $(@D)
	$QSMPI_PRETEND_CC=1 $(SMPICC) $(SIMULATE_FLAGS) $(EXTRA_FLAGS) -MMD -MP -c -o $@ $< >/dev/null
$B/obj/simulate/bench/base/version.o: $B/flags/git
$B/obj/simulate/bench/base/version.o: EXTRA_FLAGS = $(if $(GIT_HASH),-DBUSBAR_GIT='"$(GIT_HASH)"')
$(SIMULATED): $(SIMULATE_OBJECTS) $B/obj/mpirun_script.o
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$Q$(SMPICC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(BASE_LIBS) -ldl

simulate: ## SIMULATE='--domains 1,2': simulates collectives on NVLink domains that you do not have, with SimGrid (scripts/simulate --help)
	@scripts/setup --for simulate --config '$B/config.mk'
	@$(MAKE) --no-print-directory $(all_cores) $B/busbar $(SIMULATED)
	@BUILD='$B' scripts/simulate $(SIMULATE)
benchmark-prediction: $(SIMULATED)
.PHONY: simulate
