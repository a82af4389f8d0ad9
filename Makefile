# busbar: see `make help`. (Skeleton: probes, setup, install and tests come with scripts/setup and scripts/probe.)
B ?= build
MPICC ?= mpicc
CFLAGS ?= -O2 -g
WARN = -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
CPPFLAGS += -Ibench -I.
LIBS = -ljansson -lm -lpthread
$(shell mkdir -p $B)

COMMON := $(wildcard bench/base/*.c bench/stats/*.c bench/collective/*.c bench/record/*.c)
ANALYSIS := $(wildcard bench/analysis/*.c)
MEASURE := $(wildcard bench/measure/*.c bench/backend/*.c kernels/*.c)
DRIVERS := $(wildcard bench/drivers/*.c)
obj = $(patsubst %.c,$B/obj/%.o,$1)

all: $(if $(ANALYSIS),$B/busbar) $(patsubst bench/drivers/%.c,$B/%,$(DRIVERS))

$B/obj/bench/measure/%.o $B/obj/bench/backend/%.o $B/obj/bench/drivers/%.o: CC = $(MPICC)
$B/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(WARN) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$B/busbar: $(call obj,$(ANALYSIS) $(COMMON))
	$(CC) $(CFLAGS) -o $@ $^ $(LIBS)
$(patsubst bench/drivers/%.c,$B/%,$(DRIVERS)): $B/%: $(call obj,bench/drivers/%.c $(MEASURE) $(COMMON))
	$(MPICC) $(CFLAGS) -o $@ $^ -lhwloc -ldl $(LIBS)
$B/unit: $(call obj,$(wildcard tests/unit/*.c) $(COMMON) $(filter-out bench/analysis/busbar.c,$(ANALYSIS)) $(wildcard kernels/*.c))
	$(CC) $(CFLAGS) -o $@ $^ -lcriterion $(LIBS)
test: $B/unit all
	$B/unit
common: $(call obj,$(COMMON))
.PHONY: all test common
.SECONDARY:
-include $(shell find $B -name '*.d')
