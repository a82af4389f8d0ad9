/* Import of nccl-tests' text: read, checked, made records of (which go nowhere). */
#include "analysis/source.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source source = {.path = "all_reduce.log", .format = "nccl-tests-text", .sha256 = "0"};
    struct source_given given = {.ranks = size % 3 ? ABSENT : 16, .nodes = ABSENT, .domains = ABSENT};
    struct text text = {0}; /* the readers need a 0 behind the end */
    silence(1);
    text_add_bytes(&text, (const char *)data, size);
    source_read_nccl_text(&source, text_get(&text), text.length);
    size_t kept = 0;
    for (size_t i = 0; i < source.table_count; i++) kept += source.tables[i].row_count > 0;
    if (kept == source.table_count) source_check(&source, &given);
    for (size_t i = 0; i < source.table_count && kept == source.table_count; i++)
        if (source.tables[i].collective) source_record(&source, i, &given, NULL, NULL, "run", "launch");
    source_free(&source);
    text_free(&text);
    return 0;
}
