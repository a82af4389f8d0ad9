/* The file of alltoallv's --matrix. */
#include "collective/collective.h"
#include "measure/traffic.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct imbalance matrix;
    struct traffic traffic;
    char reason[128];
    silence(1);
    if (matrix_read(fuzz_file(0, data, size), &matrix)) return 0;
    if (!traffic_make(&matrix, matrix.ranks, &traffic, reason, sizeof reason)) abort();
    struct layout layout = {(size_t)matrix.busiest, matrix.ranks, 0, 0, &traffic};
    struct extent most = most_extent(&collectives[ALL_TO_ALL_V], &layout);
    /* At its own size a matrix keeps every cell, and its busiest rank moves exactly that size. */
    if ((most.send > most.recv ? most.send : most.recv) != layout.count) abort();
    traffic_free(&traffic);
    free(matrix.cells);
    return 0;
}
