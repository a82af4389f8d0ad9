/* Reads JSON Lines records, merges them, and writes them as JSON Lines and as nccl-tests' text and JSON. */
#include "record/nccl_text.h"
#include "record/overlap.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

static void write_again(const struct launch *launch, FILE *out)
{
    struct nccl_table *tables;
    struct nccl_device *devices;
    struct nccl_run run = {.backend = launch->header.backend, .args = launch->header.args};
    size_t count = nccl_tables(launch->cases, launch->case_count, &tables);
    run.device_count = nccl_devices(&launch->header, &devices);
    run.devices = devices;
    for (size_t i = 0; i < count; i++) {
        nccl_text_print(out, &run, &tables[i]);
        json_decref(nccl_json(&run, &tables[i]));
    }
    nccl_tables_free(tables, count);
    free(devices);
    for (size_t i = 0; i < launch->case_count; i++) {
        struct text line = {0};
        case_line(&launch->cases[i], &line);
        text_free(&line);
    }
    for (size_t i = 0; i < launch->overlap_count; i++) {
        struct text key = {0};
        overlap_row_summarise(&launch->overlaps[i]);
        overlap_key(&launch->overlaps[i], &key);
        text_free(&key);
    }
    struct text line = {0};
    launch_line(&launch->header, &line);
    text_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *out;
    struct archive archive = {0};
    if (!out) out = fopen("/dev/null", "w");
    silence(1);
    archive_read(&archive, fuzz_file(0, data, size));
    archive_merge_passes(&archive);
    for (size_t i = 0; i < archive.count; i++) write_again(&archive.launches[i], out);
    archive_free(&archive);
    return 0;
}
