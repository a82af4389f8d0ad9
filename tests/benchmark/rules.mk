# `make benchmark-NAME` runs tests/benchmark/NAME.sh.

BENCHMARKS := $(notdir $(basename $(wildcard tests/benchmark/*.sh)))

# Programs that the benchmarks compare busbar with: each is one source file that uses MPI and no code of busbar.
BARE := $(if $(HAVE_MPI),$(patsubst tests/benchmark/%.c,$B/benchmark/%,$(wildcard tests/benchmark/*.c)))
$(BARE): $B/benchmark/%: tests/benchmark/%.c $B/flags/base $B/flags/link-measure
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$Q$(CC) -std=c11 -D_GNU_SOURCE $(WARN) $(CFLAGS) $(MPI_CFLAGS) -o $@ $< $(LDFLAGS) -Wl,--as-needed $(MPI_LIBS) -ldl -lm
# The bare loop alone, and programs that compare it with parts of busbar or measure those parts.
LOOPS := $(if $(HAVE_DRIVERS),$(addprefix $B/benchmark/,bare accuracy sync coverage distance shares))
$B/obj/tests/benchmark/loop/%.o: $B/flags/measure
$B/obj/tests/benchmark/loop/%.o: EXTRA_FLAGS = $(MEASURE_FLAGS)
$B/benchmark/bare: $B/obj/tests/benchmark/loop/bare.o $B/obj/tests/benchmark/loop/bare_loop.o $B/flags/link $B/flags/link-measure
$B/benchmark/accuracy: $B/obj/tests/benchmark/loop/bare_loop.o
$B/benchmark/distance: $B/obj/tests/benchmark/loop/distance.o $B/libmeasure.a $B/libcommon.a $B/flags/link $B/flags/link-measure
$B/benchmark/accuracy $B/benchmark/sync $B/benchmark/coverage $B/benchmark/shares: $B/benchmark/%: $B/obj/tests/benchmark/loop/%.o \
	$B/obj/tests/benchmark/loop/grouped.o $B/libmeasure.a $B/libcommon.a $B/flags/link $B/flags/link-measure
$(LOOPS):
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$Q$(LINK) -o $@ $(filter %.o %.a,$^) $(MEASURE_LIBS)
$(addprefix benchmark-,$(BENCHMARKS)): benchmark-%: all $(BARE) $(LOOPS)
	@OSU='$(OSU)' IMB='$(IMB)' NCCL_TESTS='$(NCCL_TESTS)' BUILD='$B' MPIRUN='$(MPI_MPIRUN)' tests/benchmark/$*.sh
