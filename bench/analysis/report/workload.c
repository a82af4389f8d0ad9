#include "analysis/report/workload.h"
#include "base/tsv.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the table ---- */

static struct workload *workload_of(struct workloads *workloads, const char *name)
{
    for (size_t i = 0; i < workloads->count; i++)
        if (same(workloads->list[i].name, name)) return &workloads->list[i];
    workloads->list = reallocate(workloads->list, workloads->count + 1, sizeof *workloads->list);
    struct workload *workload = &workloads->list[workloads->count++];
    *workload = (struct workload){.name = arena_string(&workloads->arena, name), .flops = NAN};
    return workload;
}

static enum status bad(const struct tsv *table, size_t row, const char *column, const char *expected)
{
    return fail(STATUS_ENVIRONMENT, "%s:%zu: %s '%.60s': expected %s", table->name, table->lines[row + 1],
                column, tsv_cell(table, row, column), expected);
}

static enum status add_matmul(struct workloads *workloads, const struct tsv *table, size_t row)
{
    struct workload *workload = workload_of(workloads, tsv_cell(table, row, "workload"));
    if (isfinite(workload->flops)) return bad(table, row, "part", "one matmul row per workload");
    double flops;
    if (parse_real(tsv_cell(table, row, "flops"), &flops) || !(flops > 0))
        return bad(table, row, "flops", "FLOPs per step and GPU, above 0");
    workload->flops = flops;
    workload->dtype = arena_string(&workloads->arena, tsv_cell(table, row, "dtype"));
    workload->note = arena_string(&workloads->arena, tsv_cell(table, row, "note"));
    return STATUS_OK;
}

static enum status add_row(struct workloads *workloads, const struct tsv *table, size_t row)
{
    const char *name = tsv_cell(table, row, "workload"), *part = tsv_cell(table, row, "part");
    size_t bytes;
    double count;
    if (!*name) return bad(table, row, "workload", "a name");
    if (same(part, "matmul")) return add_matmul(workloads, table, row);
    if (!collective_find(part))
        return bad(table, row, "part", "a collective (all_reduce, all_gather, …) or matmul");
    if (parse_size(tsv_cell(table, row, "bytes"), &bytes) || bytes < 1 || bytes > INT64_MAX)
        return bad(table, row, "bytes", "a size like 1G");
    if (parse_real(tsv_cell(table, row, "count"), &count) || !(count > 0))
        return bad(table, row, "count", "calls per step, above 0");
    struct workload *workload = workload_of(workloads, name);
    workload->parts = reallocate(workload->parts, workload->part_count + 1, sizeof *workload->parts);
    workload->parts[workload->part_count++] =
        (struct workload_part){arena_string(&workloads->arena, part), (int64_t)bytes, count,
                               arena_string(&workloads->arena, tsv_cell(table, row, "note"))};
    return STATUS_OK;
}

static enum status add_table(struct workloads *workloads, struct tsv *table)
{
    static const char *const columns[] = {"workload", "part",  "dtype", "bytes",
                                          "count",    "flops", "note",  NULL};
    enum status status = tsv_need(table, columns);
    for (size_t row = 0; !status && row < table->rows; row++) status = add_row(workloads, table, row);
    tsv_free(table);
    if (status) workloads_free(workloads);
    return status;
}

enum status workloads_read(struct workloads *workloads, const struct catalog *catalog, const char *path)
{
    *workloads = (struct workloads){0};
    struct text beside = {0};
    struct tsv table;
    const char *clouds = catalog->clouds_path ? catalog->clouds_path : "results/clouds.tsv",
               *slash = strrchr(clouds, '/');
    text_add(&beside, "%.*sworkloads.tsv", slash ? (int)(slash - clouds) + 1 : 0, clouds);
    workloads->path = arena_string(&workloads->arena, path ? path : text_get(&beside));
    text_free(&beside);
    enum status status = tsv_read(workloads->path, &table);
    if (!status) return add_table(workloads, &table);
    workloads_free(workloads);
    return status;
}

enum status workloads_parse(struct workloads *workloads, const char *data, size_t length)
{
    struct tsv table;
    *workloads = (struct workloads){.path = "workloads.tsv"};
    enum status status = tsv_parse(workloads->path, data, length, &table);
    return status ? status : add_table(workloads, &table);
}

void workloads_free(struct workloads *workloads)
{
    for (size_t i = 0; i < workloads->count; i++) free(workloads->list[i].parts);
    free(workloads->list);
    arena_free(&workloads->arena);
    *workloads = (struct workloads){0};
}

const struct workload *workload_find(const struct workloads *workloads, const char *name)
{
    for (size_t i = 0; i < workloads->count; i++)
        if (same(workloads->list[i].name, name)) return &workloads->list[i];
    return NULL;
}

/* ---- steps ---- */

static enum interval_kind weaker(enum interval_kind a, enum interval_kind b)
{
    return a < b ? a : b;
}

static struct figure sum(struct figure a, struct figure b)
{
    return (struct figure){a.point + b.point, a.lo + b.lo, a.hi + b.hi, weaker(a.kind, b.kind)};
}

static struct figure larger(struct figure a, struct figure b)
{
    return (struct figure){fmax(a.point, b.point), fmax(a.lo, b.lo), fmax(a.hi, b.hi),
                           weaker(a.kind, b.kind)};
}

/* The best sustained shape: what a GPU keeps up in training. */
static struct figure sustained_tflops(const struct run_summary *run, const char *dtype)
{
    struct figure best = figure_absent();
    for (size_t c = 0; c < run->case_count; c++) {
        const struct case_summary *line = &run->cases[c];
        if (!line->row->gemm || !same(line->row->phase, "sustained") || !same(line->row->dtype, dtype))
            continue;
        if (figure_present(line->tflops) && !(line->tflops.point <= best.point)) best = line->tflops;
    }
    return best;
}

static const struct track *track_of(const struct tracks *tracks, size_t run, int64_t ranks)
{
    for (size_t i = 0; i < tracks->count; i++)
        if (tracks->list[i].run == run && tracks->list[i].cases[0].row->ranks == ranks)
            return &tracks->list[i];
    return NULL;
}

/* Adds one part to the step; says what is missing or does not fit. */
static void add_part(struct step *step, const struct workload_part *part, const struct track *track,
                     bool first, struct arena *arena)
{
    const struct case_summary *line = track ? track_at(track, part->bytes) : NULL;
    struct text text = {0};
    char size[UNIT_TEXT];
    if (!line || !figure_present(line->time_us)) {
        text_add(&text, "%s of %s was not measured", part->collective,
                 format_size((size_t)part->bytes, size));
    } else if (first) {
        step->mode = line->row->mode, step->statistic = line->statistic,
        step->rank_reduction = line->rank_reduction;
    } else if (!same(step->mode, line->row->mode) || !same(step->statistic, line->statistic) ||
               !same(step->rank_reduction, line->rank_reduction)) {
        text_add(&text, "its collectives were measured in unlike modes or statistics");
    }
    if (text.length) {
        if (!step->missing) step->missing = arena_string(arena, text_get(&text));
    } else {
        struct figure time = figure_scaled(line->time_us, part->count * 1e-6);
        step->communication = first ? time : sum(step->communication, time);
    }
    text_free(&text);
}

static void finish(struct step *step, const struct study *study, const struct workload *workload)
{
    if (step->missing) {
        step->communication = figure_absent();
        return;
    }
    struct figure rate = isfinite(workload->flops)
                             ? sustained_tflops(&study->aggregate.runs[step->run], workload->dtype)
                             : figure_absent();
    step->computation = figure_inverse(workload->flops * 1e-12, rate);
    if (!figure_present(step->computation)) return;
    step->overlapped = larger(step->communication, step->computation);
    step->serial = sum(step->communication, step->computation);
}

static int by_words(const char *a, const char *b)
{
    if (!a || !b) return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static double time_of(const struct step *step)
{
    return figure_present(step->serial) ? step->serial.point : step->communication.point;
}

static int compare_kind(const struct step *a, const struct step *b)
{
    bool p = figure_present(a->computation), q = figure_present(b->computation);
    if (p != q) return p ? -1 : 1;
    if (a->ranks != b->ranks) return a->ranks < b->ranks ? -1 : 1;
    int order = by_words(a->statistic, b->statistic);
    if (!order) order = by_words(a->rank_reduction, b->rank_reduction);
    return order ? order : by_words(a->mode, b->mode);
}

static int by_group_and_time(const void *a, const void *b)
{
    const struct step *x = a, *y = b;
    if (!x->missing != !y->missing) return x->missing ? 1 : -1;
    int order = compare_kind(x, y);
    if (!order && !x->missing && time_of(x) != time_of(y)) order = time_of(x) < time_of(y) ? -1 : 1;
    if (!order) order = (x->run > y->run) - (x->run < y->run);
    return order;
}

bool steps_comparable(const struct step *a, const struct step *b)
{
    return !a->missing && !b->missing && compare_kind(a, b) == 0;
}

struct step *workload_steps(const struct study *study, const struct workload *workload, size_t *count,
                            struct arena *arena)
{
    struct tracks *tracks = allocate(workload->part_count, sizeof *tracks);
    struct step *steps = NULL;
    *count = 0;
    for (size_t p = 0; p < workload->part_count; p++)
        tracks[p] = study_tracks(study, workload->parts[p].collective, FOR_BANDWIDTH);
    for (size_t r = 0; r < study->aggregate.count && workload->part_count; r++) {
        size_t before = *count;
        for (size_t t = 0; t < tracks[0].count; t++) {
            int64_t ranks = tracks[0].list[t].cases[0].row->ranks;
            bool repeated =
                t > 0 && tracks[0].list[t - 1].run == r && tracks[0].list[t - 1].cases[0].row->ranks == ranks;
            if (tracks[0].list[t].run != r || ranks < 2 || repeated) continue;
            steps = reallocate(steps, *count + 1, sizeof *steps);
            struct step *step = &steps[(*count)++];
            *step = (struct step){.run = r,
                                  .ranks = ranks,
                                  .communication = figure_absent(),
                                  .computation = figure_absent(),
                                  .overlapped = figure_absent(),
                                  .serial = figure_absent()};
            for (size_t p = 0; p < workload->part_count; p++)
                add_part(step, &workload->parts[p], track_of(&tracks[p], r, ranks), p == 0, arena);
            finish(step, study, workload);
        }
        if (*count > before) continue;
        steps = reallocate(steps, *count + 1, sizeof *steps);
        struct text why = {0};
        text_add(&why, "%s was not measured on several ranks", workload->parts[0].collective);
        steps[(*count)++] = (struct step){.run = r,
                                          .ranks = ABSENT,
                                          .communication = figure_absent(),
                                          .computation = figure_absent(),
                                          .overlapped = figure_absent(),
                                          .serial = figure_absent(),
                                          .missing = arena_string(arena, text_get(&why))};
        text_free(&why);
    }
    for (size_t p = 0; p < workload->part_count; p++) free(tracks[p].list);
    free(tracks);
    if (*count) qsort(steps, *count, sizeof *steps, by_group_and_time);
    return steps;
}

static struct figure ratio_of(struct figure a, struct figure b)
{
    return (struct figure){a.point / b.point, a.lo / b.hi, a.hi / b.lo, weaker(a.kind, b.kind)};
}

enum order steps_order(const struct step *a, const struct step *b, struct figure *ratio)
{
    bool whole = figure_present(a->serial) && figure_present(b->serial);
    struct figure serial =
        whole ? ratio_of(a->serial, b->serial) : ratio_of(a->communication, b->communication);
    struct figure overlapped = whole ? ratio_of(a->overlapped, b->overlapped) : serial;
    *ratio = (struct figure){serial.point, fmin(serial.lo, overlapped.lo), fmax(serial.hi, overlapped.hi),
                             weaker(serial.kind, overlapped.kind)};
    if (ratio->kind != INTERVAL_EXACT) return ORDER_UNDECIDED;
    return ratio->hi < 1 ? ORDER_FASTER : ratio->lo > 1 ? ORDER_SLOWER : ORDER_UNDECIDED;
}
