/* Traces of PyTorch and Chakra as workloads. Whatever rows come out must be a table that its reader takes. */
#include "analysis/trace/trace.h"
#include "catalog/workloads.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trace trace;
    struct trace_step step;
    silence(1);
    if (trace_read(&trace, fuzz_file(0, data, size))) return 0;
    if (!trace_select_step(&trace, NO_NUMBER, NO_NUMBER, &step) && step.count) {
        struct text rows = {0};
        struct workloads workloads;
        size_t count = trace_add_rows(&step, "fuzz", &rows).count;
        const char *path = fuzz_file(1, (const uint8_t *)text_get(&rows), rows.length);
        if (workloads_read(&workloads, &(struct catalog){0}, path)) abort();
        if (workloads.count != 1 || workloads.list[0].row_count != count) abort();
        workloads_free(&workloads);
        text_free(&rows);
    }
    trace_step_free(&step);
    trace_free(&trace);
    return 0;
}
