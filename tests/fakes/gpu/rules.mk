# The emulated device (tests/fakes/gpu/fake.h), built only if CUDA's headers exist, and only for tests: build/fakegpu has
# libraries with the names of the real ones, for CUDA 12 and 13; build/fakegpu/old has an NCCL without the functions added after 2.18.

FAKE := $B/fakegpu
FAKE_LIBRARIES := $(foreach v,12 13,$(FAKE)/libcudart.so.$v $(if $(HAVE_CUBLASLT),$(if $(wildcard tests/fakes/gpu/cublaslt.c),$(FAKE)/libcublasLt.so.$v))) \
	$(FAKE)/libnvidia-ml.so.1 $(FAKE)/cudaaware.so $(if $(HAVE_NCCL),$(FAKE)/libnccl.so.2 $(FAKE)/old/libnccl.so.2)
fake_objects = $(patsubst %,$B/obj/tests/fakes/gpu/%.o,$1)

fakegpu: $(if $(and $(HAVE_CUDA),$(HAVE_HWLOC)),$(FAKE_LIBRARIES) $B/gpu_kernels $B/gpu_kernels_on_host)
.PHONY: fakegpu

$B/obj/tests/fakes/gpu/%.o: tests/fakes/gpu/%.c $B/flags/base $B/flags/gpu
	$(quiet_cc)
	@mkdir -p $(@D)
	$Q$(CC) $(BASE_FLAGS) -fvisibility=hidden -Itests/fakes/gpu $(MPI_CFLAGS) $(CUDA_CFLAGS) $(NCCL_CFLAGS) $(CUBLASLT_CFLAGS) -MMD -MP -c -o $@ $<
$B/obj/tests/fakes/gpu/nccl-old.o: tests/fakes/gpu/nccl.c $B/flags/base $B/flags/gpu
	$(quiet_cc)
	@mkdir -p $(@D)
	$Q$(CC) $(BASE_FLAGS) -fvisibility=hidden -DFAKE_NCCL_2_18 -Itests/fakes/gpu $(CUDA_CFLAGS) $(NCCL_CFLAGS) -MMD -MP -c -o $@ $<

# The symbols of CUDA's libraries carry the library's name as their version.
$(FAKE)/%.map:
	@mkdir -p $(@D)
	@echo '$* { global: *; };' >$@
link_fake = $Q$(CC) $(CFLAGS) $(SANITIZERS) -shared -Wl,-soname,$(@F) $(if $(filter %.map,$^),-Wl$(COMMA)--version-script=$(filter %.map,$^)) \
	-o $@ $(filter %.o,$^) $(filter-out %.map,$(filter $(FAKE)/%,$^)) -lpthread -lrt -lm -ldl
COMMA := ,
$(FAKE)/libcudart.so.%: $(call fake_objects,fake streams cudart twins) $(call objects,$(TWINS)) $(FAKE)/libcudart.so.%.map $B/flags/link
	$(call say,LINK,$@)
	$(link_fake)
$(FAKE)/libcublasLt.so.%: $(call fake_objects,fake cublaslt arithmetic) $(FAKE)/libcublasLt.so.%.map $(FAKE)/libcudart.so.% $B/flags/link
	$(call say,LINK,$@)
	$(link_fake)
$(FAKE)/libnvidia-ml.so.1: $(call fake_objects,fake nvml) $B/flags/link
	$(call say,LINK,$@)
	$(link_fake)
$(FAKE)/cudaaware.so: $(call fake_objects,cudaaware) $B/flags/link
	$(call say,LINK,$@)
	$(link_fake)
# The fake NCCL calls the CUDA runtime that the plug-in loaded, so it links none.
$(FAKE)/libnccl.so.2: $(call fake_objects,fake nccl nccl_log move segment arithmetic) $B/flags/link
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(link_fake)
$(FAKE)/old/libnccl.so.2: $(call fake_objects,fake nccl-old nccl_log move segment arithmetic) $B/flags/link
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(link_fake)
-include $(wildcard $B/obj/tests/fakes/gpu/*.d)

# The test of the device code alone, on the emulated device or a real one.
$B/gpu_kernels: $B/obj/tests/gpu/kernels.o $(GPU_OBJECTS) $(call objects,$(TWINS)) \
		$(call objects,$(KERNELS:.cu=.cu.c)) $B/libcommon.a $B/flags/link $B/flags/link-gpu
	$(call say,LINK,$@)
	$Q$(LINK) -o $@ $(filter %.o %.a,$^) $(CUDA_LIBS) $(HWLOC_LIBS) -ldl -lstdc++ $(BASE_LIBS)
# The same test, in which threads of the host run the kernels' source.
$B/gpu_kernels_on_host: $B/obj/tests/gpu/kernels.o $B/obj/tests/gpu/on_host.o $(filter-out %/hold.o,$(GPU_OBJECTS)) \
		$(call objects,$(TWINS)) $B/libcommon.a $B/flags/link $B/flags/link-gpu
	$(call say,LINK,$@)
	$Q$(LINK) -o $@ $(filter %.o %.a,$^) $(CUDA_LIBS) $(HWLOC_LIBS) -ldl -lstdc++ $(BASE_LIBS)
$B/obj/tests/gpu/on_host.o: tests/gpu/on_host.cc $B/flags/base $B/flags/gpu
	$(quiet_cc)
	@mkdir -p $(@D)
	$Q$(CXX) -std=c++17 -D_GNU_SOURCE -Ibench -I. -fPIC -Wall -Wextra -Wno-unknown-pragmas $(CFLAGS) $(if $(findstring clang,$(CC)),,$(SANITIZERS)) $(CUDA_CFLAGS) -MMD -MP -c -o $@ $<
$B/obj/tests/gpu/%.o: EXTRA_FLAGS = $(CUDA_CFLAGS)
-include $(wildcard $B/obj/tests/gpu/*.d)

benchmark-scale: fakegpu
