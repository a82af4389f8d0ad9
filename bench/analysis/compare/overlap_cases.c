#include "analysis/compare/overlap_cases.h"
#include "record/overlap.h"

/* Rounds in which a side took no time have no share. */
static struct samples shares_of(const struct overlap_row *row, struct arena *arena)
{
    const size_t rounds = row->both_us.count;
    struct samples shares = {.us = arena_memory(arena, (rounds + 1) * sizeof(double))};
    if (row->communication_us.count != rounds || row->computation_us.count != rounds) return shares;
    for (size_t i = 0; i < rounds; i++) {
        const double serial_us = row->communication_us.us[i] + row->computation_us.us[i];
        if (serial_us > 0) shares.us[shares.count++] = 100 * row->both_us.us[i] / serial_us;
    }
    return shares;
}

static const struct overlap_row *summarised(const struct overlap_row *row, struct arena *arena)
{
    struct overlap_row *copy = arena_memory(arena, sizeof *copy);
    *copy = *row;
    overlap_row_summarise(copy);
    return copy;
}

static struct case_row case_of(const struct overlap_row *row, struct arena *arena)
{
    struct case_row result = case_row_absent();
    struct text key = {0};
    overlap_key(row, &key);
    result.key = arena_string(arena, text_get(&key));
    text_free(&key);
    result.collective = "overlap";
    result.overlap = summarised(row, arena);
    result.progress = row->progress;
    result.cache = row->cache;
    result.memory = row->memory;
    result.nodes = row->nodes;
    result.ranks = row->ranks;
    result.dtype = row->dtype;
    result.op = row->op;
    result.samples_us = shares_of(row, arena);
    result.rank_reduction = "max";
    result.wrong = overlap_wrong(row);
    result.status = row->status;
    result.error = row->error;
    case_row_summarise(&result);
    return result;
}

void add_overlap_cases(struct archive *archive)
{
    for (size_t i = 0; i < archive->count; i++) {
        struct launch *launch = &archive->launches[i];
        launch->cases =
            reallocate(launch->cases, launch->case_count + launch->overlap_count + 1, sizeof *launch->cases);
        for (size_t r = 0; r < launch->overlap_count; r++)
            launch->cases[launch->case_count++] = case_of(&launch->overlaps[r], &archive->arena);
    }
}
