#include "catalog/workloads.h"
#include "base/paths.h"
#include "base/tsv.h"
#include "base/units.h"
#include "catalog/imbalance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const axis_names[AXES + 1] = {"tensor", "expert", "data", "pipeline", NULL};

enum { MOST_TIMES = 1000000 };

/* The row of the file that is being read. */
struct reader {
    struct workloads *workloads;
    const struct tsv *table;
    size_t row;
};

static const char *cell(const struct reader *r, const char *column)
{
    return tsv_cell(r->table, r->row, column);
}

/* Returns the cell, which the workloads own; NULL: it is empty. */
static const char *text_of(const struct reader *r, const char *column)
{
    return *cell(r, column) ? tsv_text(r->table, r->row, column, &r->workloads->arena) : NULL;
}

static enum status bad(const struct reader *r, const char *column, const char *expected)
{
    return fail(STATUS_ENVIRONMENT, "%s:%zu: %s '%.60s': expected %s", r->table->name,
                r->table->lines[r->row + 1], column, cell(r, column), expected);
}

static enum status must_be_empty(const struct reader *r, const char *const *columns, const char *why)
{
    for (; *columns; columns++)
        if (*cell(r, *columns)) return bad(r, *columns, why);
    return STATUS_OK;
}

static struct workload *find(const struct workloads *workloads, const char *name)
{
    for (size_t i = 0; i < workloads->count; i++)
        if (same(workloads->list[i].name, name)) return &workloads->list[i];
    return NULL;
}

static struct workload *find_or_add(struct workloads *workloads, const char *name)
{
    struct workload *found = find(workloads, name);
    if (found) return found;
    workloads->list = reallocate(workloads->list, workloads->count + 1, sizeof *workloads->list);
    struct workload *workload = &workloads->list[workloads->count++];
    *workload = (struct workload){.name = arena_string(&workloads->arena, name), .flops = NAN, .tokens = NAN};
    return workload;
}

/* ---- cells ---- */

/* Reads "data", "tensor" or "tensor:8": adds the axis to the row, and sets its number of ranks in `sizes`.
   Returns false if the word is not an axis that the row can have. */
static bool read_axis(char *word, struct workload_row *row, int64_t sizes[AXES])
{
    char *size = word, *name = strsep(&size, ":");
    int axis = 0;
    while (axis < AXES && !same(axis_names[axis], name)) axis++;
    if (axis == AXES || row->axes & 1u << axis) return false;
    row->axes |= 1u << axis;
    return !size || (axis != PARALLEL_DATA && !parse_integer(size, &sizes[axis]) && sizes[axis] >= 1 &&
                     sizes[axis] <= 1 << 20);
}

/* Reads a cell such as "tensor:8" or "data+expert": sets the axes of the row, and the workload's sizes of
   axes. */
static enum status read_group(const struct reader *r, struct workload *workload, struct workload_row *row)
{
    static const char expected[] =
        "axes joined by +: tensor, expert, data, pipeline, all but data optionally "
        "with a suggested number of ranks (tensor:8); or an empty cell";
    if (!*cell(r, "group")) return STATUS_OK;
    char *copy = duplicate(cell(r, "group")), *rest = copy, *word;
    int64_t sizes[AXES] = {0};
    bool good = true;
    while (good && (word = strsep(&rest, "+"))) good = read_axis(word, row, sizes);
    free(copy);
    if (!good) return bad(r, "group", expected);
    for (int axis = 0; axis < AXES; axis++) {
        int64_t *known = &workload->sizes[axis];
        if (sizes[axis] && *known && *known != sizes[axis])
            return bad(r, "group", "the number of ranks that the workload's rows above suggest");
        if (sizes[axis]) *known = sizes[axis];
    }
    struct text words = {0};
    for (int axis = 0; axis < AXES; axis++)
        if (row->axes & 1u << axis) text_add(&words, "%s%s", words.length ? "+" : "", axis_names[axis]);
    row->group = arena_string(&r->workloads->arena, text_get(&words));
    text_free(&words);
    return STATUS_OK;
}

static const struct workload_row *last_row(const struct workload *workload)
{
    return workload->row_count ? &workload->rows[workload->row_count - 1] : NULL;
}

/* Reads a cell such as "backward:31". The rows of a loop must be consecutive. */
static enum status read_loop(const struct reader *r, const struct workload *workload,
                             struct workload_row *row)
{
    row->times = 1;
    if (!*cell(r, "loop")) return STATUS_OK;
    char *copy = duplicate(cell(r, "loop")), *times = copy, *name = strsep(&times, ":");
    bool good =
        *name && times && !parse_integer(times, &row->times) && row->times >= 1 && row->times <= MOST_TIMES;
    if (good) row->loop = arena_string(&r->workloads->arena, name);
    free(copy);
    if (!good)
        return bad(r, "loop", "a name and a number of iterations, such as forward:32, or an empty cell");
    const struct workload_row *before = last_row(workload);
    if (before && same(before->loop, row->loop))
        return before->times == row->times ? STATUS_OK
                                           : bad(r, "loop", "the number of iterations of the row above");
    for (size_t i = 0; i < workload->row_count; i++)
        if (same(workload->rows[i].loop, row->loop))
            return bad(r, "loop", "a new name: the loop with this name ended above");
    return STATUS_OK;
}

/* Reads a word. The rows of an overlap must be consecutive, and in the same loop. */
static enum status read_overlap(const struct reader *r, const struct workload *workload,
                                struct workload_row *row)
{
    row->overlap = text_of(r, "overlap");
    if (!row->overlap) return STATUS_OK;
    const struct workload_row *before = last_row(workload);
    if (before && same(before->overlap, row->overlap))
        return same(before->loop, row->loop)
                   ? STATUS_OK
                   : bad(r, "overlap", "a new word: the row above has this word, but is in another loop");
    for (size_t i = 0; i < workload->row_count; i++)
        if (same(workload->rows[i].overlap, row->overlap))
            return bad(r, "overlap", "a new word: the rows with this word ended above");
    return STATUS_OK;
}

/* Reads "8192x4096x1024". Returns false unless the text is three numbers from 1 to INT32_MAX. */
static bool read_shape(const char *text, struct workload_row *row)
{
    char *copy = duplicate(text), *rest = copy;
    int64_t *const dimensions[] = {&row->m, &row->n, &row->k};
    bool good = true;
    for (size_t i = 0; i < 3 && good; i++) {
        const char *word = strsep(&rest, "x");
        good =
            word && !parse_integer(word, dimensions[i]) && *dimensions[i] >= 1 && *dimensions[i] <= INT32_MAX;
    }
    good = good && !rest;
    free(copy);
    return good;
}

/* Reads the name of a collective, of alltoallv with its imbalance ("alltoallv:1.5"), and gives the part its
   one spelling. Returns false if the cell is something else. */
static bool read_collective(const struct reader *r, struct workload_row *row)
{
    char *copy = duplicate(cell(r, "part")), *imbalance = copy, *name = strsep(&imbalance, ":");
    const struct collective *collective = collective_find(name);
    char label[IMBALANCE_LABEL];
    struct skew skew;
    bool good = collective && (collective->id == ALL_TO_ALL_V) == (imbalance != NULL);
    good = good && (!imbalance || imbalance_parse(imbalance, &skew, label));
    if (good) row->collective = collective, row->part = collective->name;
    if (good && imbalance) {
        struct text part = {0};
        text_add(&part, "%s:%s", collective->name, label);
        row->part = arena_string(&r->workloads->arena, text_get(&part));
        row->imbalance = row->part + strlen(collective->name) + 1;
        text_free(&part);
    }
    free(copy);
    return good;
}

static enum status read_tokens(const struct reader *r, struct workload *workload)
{
    double tokens;
    if (tsv_number(r->table, r->row, "tokens", &tokens)) return STATUS_ENVIRONMENT;
    if (isnan(tokens)) return STATUS_OK;
    if (tokens == 0) return bad(r, "tokens", "tokens per step and GPU, above 0, or an empty cell");
    if (isfinite(workload->tokens))
        return bad(r, "tokens", "an empty cell: another row of the workload has its tokens");
    workload->tokens = tokens;
    return STATUS_OK;
}

/* ---- rows ---- */

/* The element type of a collective's row; float if none is given. */
static const char *type_of(const struct workload_row *row)
{
    return row->dtype ? row->dtype : dtypes[DTYPE_FLOAT].name;
}

/* Adds the calls of a row to the part with the same collective, size, type and group. */
static void add_part(struct workload *workload, const struct workload_row *row)
{
    struct workload_part *part = workload->parts;
    for (size_t i = 0; i < workload->part_count; i++, part++)
        if (same(part->name, row->part) && same(part->group, row->group) && same(part->dtype, type_of(row)) &&
            part->bytes == row->bytes) {
            part->count += row->count * (double)row->times;
            if (!*part->note) part->note = row->note;
            return;
        }
    workload->parts = reallocate(workload->parts, workload->part_count + 1, sizeof *workload->parts);
    workload->parts[workload->part_count++] = (struct workload_part){.name = row->part,
                                                                     .collective = row->collective->name,
                                                                     .imbalance = row->imbalance,
                                                                     .group = row->group,
                                                                     .dtype = type_of(row),
                                                                     .bytes = row->bytes,
                                                                     .count = row->count * (double)row->times,
                                                                     .note = row->note};
}

static enum status read_collective_row(const struct reader *r, struct workload_row *row)
{
    static const char *const empty[] = {"shape", "flops", NULL};
    size_t bytes;
    if (!read_collective(r, row))
        return bad(r, "part",
                   "a collective (all_reduce, all_gather, …; alltoallv:1.5 with its imbalance) or matmul");
    if (parse_size(cell(r, "bytes"), &bytes) || bytes < 1 || bytes > INT64_MAX)
        return bad(r, "bytes", "a size like 1G");
    if (parse_real(cell(r, "count"), &row->count) || !(row->count > 0))
        return bad(r, "count", "calls per step (in a loop: per iteration), above 0");
    row->bytes = (int64_t)bytes;
    row->flops = NAN;
    return must_be_empty(r, empty, "an empty cell in a collective's row");
}

/* Reads a row with a shape, from which its FLOPs follow; or the workload's only matmul row, which has only
   FLOPs. */
static enum status read_matmul_row(const struct reader *r, const struct workload *workload,
                                   struct workload_row *row)
{
    static const char *const empty[] = {"bytes", "group", NULL}, *const derived[] = {"flops", NULL};
    enum status status = must_be_empty(r, empty, "an empty cell in a matmul's row");
    row->count = NAN;
    if (status) return status;
    if (!*cell(r, "shape")) {
        if (isfinite(workload->flops))
            return bad(r, "shape", "MxNxK: only a workload's single matmul row may omit it");
        if (parse_real(cell(r, "flops"), &row->flops) || !(row->flops > 0))
            return bad(r, "flops", "FLOPs per step and GPU, above 0");
        return STATUS_OK;
    }
    if (!read_shape(cell(r, "shape"), row)) return bad(r, "shape", "MxNxK, such as 8192x4096x1024");
    if (parse_real(cell(r, "count"), &row->count) || !(row->count > 0))
        return bad(r, "count", "matmuls per step (in a loop: per iteration), above 0");
    for (size_t i = 0; i < workload->row_count; i++)
        if (!workload->rows[i].collective && !workload->rows[i].m)
            return bad(r, "part", "no more matmuls in a workload whose matmul has no shape");
    row->flops = 2.0 * (double)row->m * (double)row->n * (double)row->k * row->count;
    return must_be_empty(r, derived, "an empty cell in a row with a shape: it is 2 x M x N x K x count");
}

static void add_matmul(struct workload *workload, const struct workload_row *row)
{
    const char *dtype = row->dtype ? row->dtype : "";
    double flops = row->flops * (double)row->times;
    if (isnan(workload->flops)) {
        workload->flops = flops;
        workload->dtype = dtype;
        workload->note = row->note;
        return;
    }
    workload->flops += flops;
    workload->types_differ |= !same(workload->dtype, dtype);
}

static enum status check_dtype(const struct reader *r, const struct workload_row *row)
{
    if (!row->dtype || !row->collective) return STATUS_OK;
    for (int i = 0; i < DTYPE_COUNT; i++)
        if (same(dtypes[i].name, row->dtype)) return STATUS_OK;
    return bad(r, "dtype", "a collective's element type, such as float or bfloat16");
}

static enum status add_row(const struct reader *r)
{
    if (!is_plain_name(cell(r, "workload")))
        return bad(r, "workload", "a name of letters, digits and . _ + - that begins with neither . nor -");
    struct workload *workload = find_or_add(r->workloads, cell(r, "workload"));
    struct workload_row row = {.line = r->table->lines[r->row + 1],
                               .part = tsv_text(r->table, r->row, "part", &r->workloads->arena),
                               .note = tsv_text(r->table, r->row, "note", &r->workloads->arena),
                               .dtype = text_of(r, "dtype")};
    enum status status =
        same(row.part, "matmul") ? read_matmul_row(r, workload, &row) : read_collective_row(r, &row);
    if (!status) status = check_dtype(r, &row);
    if (!status) status = read_group(r, workload, &row);
    if (!status) status = read_loop(r, workload, &row);
    if (!status) status = read_overlap(r, workload, &row);
    if (!status) status = read_tokens(r, workload);
    if (status) return status;
    workload->rows = reallocate(workload->rows, workload->row_count + 1, sizeof *workload->rows);
    workload->rows[workload->row_count++] = row;
    if (row.collective)
        add_part(workload, &row);
    else
        add_matmul(workload, &row);
    return STATUS_OK;
}

/* ---- the table ---- */

/* Checks that each overlap has both a collective and a matmul. */
static enum status check_overlaps(const struct workloads *workloads, const struct workload *workload)
{
    const struct workload_row *rows = workload->rows;
    for (size_t first = 0, last; first < workload->row_count; first = last) {
        bool collective = false, matmul = false;
        for (last = first; last < workload->row_count && same(rows[last].overlap, rows[first].overlap);
             last++)
            *(rows[last].collective ? &collective : &matmul) = true;
        if (rows[first].overlap && !(collective && matmul))
            return fail(
                STATUS_ENVIRONMENT,
                "%s:%zu: overlap '%.60s': expected consecutive rows with both a collective and a matmul",
                workloads->path, rows[first].line, rows[first].overlap);
    }
    return STATUS_OK;
}

static enum status add_table(struct workloads *workloads, struct tsv *table)
{
    static const char *const columns[] = {"workload", "part",  "dtype", "bytes",
                                          "count",    "flops", "note",  NULL};
    enum status status = tsv_need(table, columns);
    for (size_t row = 0; !status && row < table->rows; row++)
        status = add_row(&(struct reader){workloads, table, row});
    for (size_t i = 0; !status && i < workloads->count; i++)
        status = check_overlaps(workloads, &workloads->list[i]);
    tsv_free(table);
    if (status) workloads_free(workloads);
    return status;
}

enum status workloads_read(struct workloads *workloads, const struct catalog *catalog, const char *path)
{
    *workloads = (struct workloads){0};
    struct text default_path = {0};
    struct tsv table;
    const char *clouds = catalog->clouds_path ? catalog->clouds_path : "results/clouds.tsv",
               *slash = strrchr(clouds, '/');
    text_add(&default_path, "%.*sworkloads.tsv", slash ? (int)(slash - clouds) + 1 : 0, clouds);
    workloads->path = arena_string(&workloads->arena, path ? path : text_get(&default_path));
    text_free(&default_path);
    enum status status = tsv_read(workloads->path, &table);
    if (!status) return add_table(workloads, &table);
    workloads_free(workloads);
    return status;
}

void workloads_free(struct workloads *workloads)
{
    for (size_t i = 0; i < workloads->count; i++) {
        free(workloads->list[i].rows);
        free(workloads->list[i].parts);
    }
    free(workloads->list);
    arena_free(&workloads->arena);
    *workloads = (struct workloads){0};
}

const struct workload *workload_find(const struct workloads *workloads, const char *name)
{
    return find(workloads, name);
}

enum status workload_choose(const struct workloads *workloads, const char *name,
                            const struct workload **workload)
{
    struct text known = {0};
    *workload = workload_find(workloads, name);
    if (*workload) return STATUS_OK;
    for (size_t i = 0; i < workloads->count; i++)
        text_add(&known, "%s%s", i ? ", " : "", workloads->list[i].name);
    enum status status = fail(STATUS_USAGE, "--workload: '%s' is not in %s, which has: %s", name,
                              workloads->path, text_get(&known));
    text_free(&known);
    return status;
}
