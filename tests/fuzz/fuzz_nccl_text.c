/* Import of nccl-tests' text: read, checked, made records of (which go nowhere). */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_import("nccl-tests-text", source_read_nccl_text, data, size);
    return 0;
}
