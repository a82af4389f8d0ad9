# How the tests are built and run. tests/README.md says what is where.

include tests/fakes/gpu/rules.mk tests/benchmark/rules.mk

# The unit tests: one program.
UNIT_FLAGS = $(CRITERION_CFLAGS) $(MEASURE_FLAGS)
$(call stamp,unit,$(UNIT_FLAGS))
$(call stamp,link-unit,$(CRITERION_LIBS))
UNIT := $(call objects,$(call sources,tests/unit $(if $(HAVE_DRIVERS),tests/unit/mpi)))
$(UNIT): $B/flags/unit
$(UNIT): EXTRA_FLAGS = $(UNIT_FLAGS)
# The parsers of NCCL's messages do not need NCCL, so the unit tests cover them.
$B/unit: $(UNIT) $B/obj/bench/gpu/nccl_debug.o $B/obj/bench/gpu/nccl_transport.o $B/libanalysis.a $B/libmeasure.a $B/libcommon.a $B/flags/link $B/flags/link-unit $B/flags/link-measure
	$(call say,LINK,$@)
	$Q$(LINK) -o $@ $(filter %.o %.a,$^) $(CRITERION_LIBS) $(MEASURE_LIBS)

E2E := $(wildcard tests/e2e/*.sh)
SLOW := $(wildcard tests/slow/*.sh)

test: ## unit and end-to-end tests (installs what is missing, see NO_INSTALL)
	@scripts/setup --for test --config '$B/config.mk'
	@$(MAKE) --no-print-directory $(all_cores) build-for-tests
	@$(MAKE) --no-print-directory test-here

build-for-tests: all fakegpu $(if $(HAVE_CRITERION),$B/unit)
test-here: build-for-tests
	@BUILD='$B' MAKE_MPIRUN='$(MPIRUN)' MPIRUN='$(MPI_MPIRUN)' TEST_JOBS=$${TEST_JOBS:-2} tests/run $(if $(HAVE_CRITERION),$B/unit) $(E2E)

test-all: ## everything that `make test` runs, then what takes minutes: valgrind, sanitizers, other MPIs, clusters
	@scripts/setup --for test --config '$B/config.mk'
	@$(MAKE) --no-print-directory $(all_cores) build-for-tests
	@$(MAKE) --no-print-directory test-all-here
test-all-here: test-here
	@BUILD='$B' MAKE_MPIRUN='$(MPIRUN)' MPIRUN='$(MPI_MPIRUN)' TEST_TIMEOUT=6000 tests/run $(SLOW)

# 14400 s: the timeouts of the parts of simulation.sh add up to it.
test-statistics: build-for-tests ## simulates the gate, the history and the scan: the tables of their READMEs (hours)
	@BUILD='$B' MAKE_MPIRUN='$(MPIRUN)' MPIRUN='$(MPI_MPIRUN)' TEST_TIMEOUT=14400 tests/run $(wildcard tests/statistics/*.sh)

FUZZ_SECONDS ?= 600
fuzz: ## fuzzes every reader of files for FUZZ_SECONDS each (clang)
	@$(MAKE) --no-print-directory -s $(all_cores) -f tests/fuzz/fuzz.mk F='$B/fuzz' all
	@tests/fuzz/fuzz '$B/fuzz' '$(FUZZ_SECONDS)'

CLUSTER := $(wildcard tests/slow/cluster_*.sh)
test-cluster: all ## sweeps, faults and scans on clusters of network namespaces (as root)
	@BUILD='$B' MAKE_MPIRUN='$(MPIRUN)' MPIRUN='$(MPI_MPIRUN)' TEST_TIMEOUT=1800 tests/run $(CLUSTER)

test-gpu: all fakegpu ## on a machine with GPUs: verifies, looks for memory errors, measures, writes records (scripts/gpu-proof)
	@BUILD='$B' MPIRUN='$(MPI_MPIRUN)' scripts/gpu-proof $(PROOF)

drill: all $B/benchmark/pace ## nightly proof of the gate: 40 A/A comparisons, and 40 with a rank made 10 % slower (under 30 minutes)
	@BUILD='$B' MPIRUN='$(MPI_MPIRUN)' tests/benchmark/drill

.PHONY: test test-here test-all test-all-here test-statistics build-for-tests test-cluster test-gpu fuzz drill
