/* Reads a gate file and applies its rules to a case. */
#include "analysis/gate/gatefile.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gate gate = {0};
    struct case_row row = case_row_absent();
    row.collective = "all_reduce", row.dtype = "float", row.requested_bytes = 1 << 20, row.busbw_gbps = 400;
    silence(1);
    if (!gate_read(&gate, fuzz_file(0, data, size))) {
        for (size_t i = 0; i < gate.count; i++) gate_matches(&gate.rules[i], &row, (int64_t)i);
        gate_delta(&gate, &row, 0.03);
    }
    gate_free(&gate);
    return 0;
}
