# The fuzz targets, with clang's libFuzzer under AddressSanitizer and UndefinedBehaviorSanitizer: called by `make fuzz` and tests.
#   make -f tests/fuzz/fuzz.mk F=build/fuzz [FUZZ_CC=clang] [DEFINES=-DPLANTED_BUG] [COVERAGE=1 | REPLAY=1] all
# With COVERAGE or REPLAY the targets only read the files in their arguments; REPLAY works with any compiler (FUZZ_CC=gcc).
F ?= build/fuzz
FUZZ_CC ?= clang
TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
INSTRUMENT = $(if $(COVERAGE),-fprofile-instr-generate -fcoverage-mapping,-fsanitize=address,undefined -fno-sanitize-recover=all)
STANDALONE := $(COVERAGE)$(REPLAY)
FUZZER = $(if $(STANDALONE),,-fsanitize=fuzzer-no-link)
COMPILE = $(FUZZ_CC) -std=c11 -D_GNU_SOURCE -Ibench -I. -O1 -g -fno-omit-frame-pointer $(INSTRUMENT) $(DEFINES) $(JSON_CFLAGS)
SOURCES := $(filter-out bench/analysis/busbar.c,$(wildcard bench/base/*.c bench/stats/*.c bench/collective/*.c bench/catalog/*.c bench/record/*.c bench/analysis/*.c bench/analysis/*/*.c)) \
	bench/measure/traffic.c tests/fuzz/shared.c
OBJECTS := $(SOURCES:%.c=$F/obj/%.o) $(addprefix $F/obj/,page_style.o contract_style.o)

all: $(TARGETS:%=$F/%)
$F/obj/%.o: %.c
	@mkdir -p $(@D)
	$(COMPILE) $(FUZZER) -MMD -MP -c -o $@ $<
$F/obj/page_style.c: bench/analysis/report/page.css
$F/obj/contract_style.c: bench/analysis/gate/contract_page.css
$F/obj/%_style.c: scripts/embed
	@mkdir -p $(@D)
	scripts/embed $(basename $(@F)) $(filter-out scripts/embed,$^) >$@
$F/obj/%_style.o: $F/obj/%_style.c
	$(COMPILE) $(FUZZER) -MMD -MP -c -o $@ $<
$F/lib.a: $(OBJECTS)
	$(AR) rcs $@ $^
$F/%: $F/obj/tests/fuzz/fuzz_%.o $(if $(STANDALONE),$F/obj/tests/fuzz/replay.o) $F/lib.a
	$(COMPILE) $(if $(STANDALONE),,-fsanitize=fuzzer) -o $@ $^ $(or $(JSON_LIBS),-ljansson) -lm
.SECONDARY:
.PHONY: all
-include $(shell find $F -name '*.d' 2>/dev/null)
