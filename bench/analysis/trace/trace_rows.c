/* Writes a step's operations as rows of a table of workloads. Operations that ran at the same time become
   rows with a common overlap, and repeated sequences become loops. */
#include "analysis/trace/trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_AHEAD = 1000, /* operations, later in the order of their calls, that may overlap with one */
    LONGEST_LOOP = 500 /* units in one iteration */
};

/* A row: consecutive equal operations. */
struct run {
    const struct trace_operation *operation;
    int64_t count; /* calls */
};

/* Rows that overlap; or a single row, which runs alone. */
struct unit {
    size_t first, count; /* its runs */
    bool overlaps;
};

struct rows {
    struct run *runs;
    struct unit *units;
    size_t run_count, unit_count;
    const char *workload;
    struct text *out;
    size_t written, loops, overlaps; /* so far */
    double *earliest;                /* earliest[i]: the earliest start of the operations from i on, µs */
    size_t not_searched;             /* operations for which find_reach() stopped at LOOK_AHEAD */
};

/* Can the calls of both be counted in one row? */
static bool equal(const struct trace_operation *a, const struct trace_operation *b)
{
    return a->collective == b->collective && a->dtype == b->dtype && a->bytes == b->bytes && a->m == b->m &&
           a->n == b->n && a->k == b->k && a->group_unknown == b->group_unknown && a->uneven == b->uneven &&
           same(a->axes, b->axes);
}

/* ---- overlaps ---- */

/* Do these overlap? They are a collective and a matmul, and for at least half of its time the shorter one ran
   while the other did. */
static bool overlap(const struct trace_operation *a, const struct trace_operation *b)
{
    if (!a->collective == !b->collective || isnan(a->from) || isnan(b->from)) return false;
    double both = fmin(a->to, b->to) - fmax(a->from, b->from),
           shorter = fmin(a->to - a->from, b->to - b->from);
    return both > 0 && both >= shorter / 2;
}

/* Returns the index of the last operation that overlaps with operation i, directly or through other
   operations; i if there is none. */
static size_t find_reach(struct rows *rows, const struct trace_step *step, size_t i)
{
    size_t reach = i;
    for (size_t p = i; p <= reach; p++) {
        for (size_t q = reach + 1; q < step->count && q <= p + LOOK_AHEAD; q++)
            if (overlap(&step->operations[p], &step->operations[q])) reach = q;
        if (p + LOOK_AHEAD + 1 < step->count && rows->earliest[p + LOOK_AHEAD + 1] < step->operations[p].to)
            rows->not_searched++;
    }
    return reach;
}

static void find_earliest(struct rows *rows, const struct trace_step *step)
{
    double earliest = INFINITY;
    for (size_t i = step->count; i-- > 0;)
        rows->earliest[i] = earliest = fmin(earliest, step->operations[i].from); /* skips NAN */
}

/* Adds an operation to the last unit. */
static void add_run(struct rows *rows, struct unit *unit, const struct trace_operation *operation)
{
    /* In an overlap, the collectives run one after the other, and meanwhile the matmuls do. So an operation
       follows the last one of its own sort. */
    for (size_t i = rows->run_count; i > unit->first; i--) {
        struct run *before = &rows->runs[i - 1];
        if (!before->operation->collective != !operation->collective) continue;
        if (equal(before->operation, operation)) {
            before->count += operation->count;
            return;
        }
        break;
    }
    rows->runs[rows->run_count++] = (struct run){operation, operation->count};
    unit->count++;
}

static void make_units(struct rows *rows, const struct trace_step *step)
{
    for (size_t i = 0, last; i < step->count; i = last + 1) {
        last = find_reach(rows, step, i);
        struct unit *before = rows->unit_count ? &rows->units[rows->unit_count - 1] : NULL;
        if (last == i && before && !before->overlaps &&
            equal(rows->runs[before->first].operation, &step->operations[i])) {
            rows->runs[before->first].count += step->operations[i].count;
            continue;
        }
        struct unit *unit = &rows->units[rows->unit_count++];
        *unit = (struct unit){.first = rows->run_count, .overlaps = last > i};
        for (size_t j = i; j <= last; j++) add_run(rows, unit, &step->operations[j]);
    }
}

/* ---- loops ---- */

static bool equal_units(const struct rows *rows, size_t a, size_t b)
{
    const struct unit *x = &rows->units[a], *y = &rows->units[b];
    if (x->overlaps != y->overlaps || x->count != y->count) return false;
    for (size_t i = 0; i < x->count; i++) {
        const struct run *p = &rows->runs[x->first + i], *q = &rows->runs[y->first + i];
        if (p->count != q->count || !equal(p->operation, q->operation)) return false;
    }
    return true;
}

/* Finds the loop that begins with unit i and saves the most rows. Returns the number of units in an iteration
   and sets the number of iterations; both are 1 if nothing repeats. */
static size_t find_loop(const struct rows *rows, size_t i, size_t *times)
{
    size_t best = 1, most_saved = 0, body = 0;
    *times = 1;
    for (size_t period = 1; period <= LONGEST_LOOP && i + 2 * period <= rows->unit_count; period++) {
        size_t equals = 0;
        while (i + period + equals < rows->unit_count && equal_units(rows, i + equals, i + period + equals))
            equals++;
        body += rows->units[i + period - 1].count;
        size_t saved = equals / period * body;
        if (saved > most_saved) most_saved = saved, best = period, *times = equals / period + 1;
    }
    return best;
}

/* ---- cells ---- */

/* Adds text of the trace. Replaces control characters, because a tab or a newline would end the cell. */
static void add_text(struct text *out, const char *text)
{
    enum { MOST = 80 };
    for (size_t i = 0; text[i] && i < MOST; i++) {
        char c = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i];
        text_add_bytes(out, &c, 1);
    }
}

static void add_note(struct text *out, const struct trace_operation *operation)
{
    const struct trace_group *group = &operation->group;
    add_text(out, operation->source);
    if (!operation->collective) return;
    const char *name = group->description && *group->description ? group->description : group->name;
    if (name && *operation->axes) {
        text_add(out, ", process group ");
        add_text(out, name);
    }
    if (operation->group_unknown) text_add(out, "; its group is unknown, all ranks assumed");
    if (operation->uneven) text_add(out, "; its parts differ in size, equal parts assumed");
}

/* Writes the cells workload part group dtype shape bytes count loop overlap flops tokens note. */
static void add_row(struct rows *rows, const struct run *run, const char *loop, const char *overlap_word)
{
    const struct trace_operation *operation = run->operation;
    const char *dtype = dtypes[operation->dtype].name;
    add_text(rows->out, rows->workload);
    if (operation->collective)
        text_add(rows->out, "\t%s\t%s\t%s\t\t%lld", operation->collective->name, operation->axes, dtype,
                 (long long)operation->bytes);
    else
        text_add(rows->out, "\tmatmul\t\t%s\t%lldx%lldx%lld\t", dtype, (long long)operation->m,
                 (long long)operation->n, (long long)operation->k);
    text_add(rows->out, "\t%lld\t%s\t%s\t\t\t", (long long)run->count, loop, overlap_word);
    add_note(rows->out, operation);
    text_add(rows->out, "\n");
    rows->written++;
}

static void add_unit(struct rows *rows, const struct unit *unit, const char *loop)
{
    char word[32] = "";
    if (unit->overlaps) snprintf(word, sizeof word, "overlap%zu", ++rows->overlaps);
    for (size_t i = 0; i < unit->count; i++) add_row(rows, &rows->runs[unit->first + i], loop, word);
}

struct trace_rows trace_add_rows(const struct trace_step *step, const char *workload, struct text *out)
{
    struct rows rows = {.runs = allocate(step->count + 1, sizeof *rows.runs),
                        .units = allocate(step->count + 1, sizeof *rows.units),
                        .earliest = allocate(step->count + 1, sizeof *rows.earliest),
                        .workload = workload,
                        .out = out};
    find_earliest(&rows, step);
    make_units(&rows, step);
    text_add(out, "workload\tpart\tgroup\tdtype\tshape\tbytes\tcount\tloop\toverlap\tflops\ttokens\tnote\n");
    for (size_t i = 0, times; i < rows.unit_count; i += times) {
        char loop[48] = "";
        size_t length = find_loop(&rows, i, &times);
        if (times > 1) snprintf(loop, sizeof loop, "loop%zu:%zu", ++rows.loops, times);
        for (size_t u = 0; u < length; u++) add_unit(&rows, &rows.units[i + u], loop);
        times *= length;
    }
    free(rows.runs);
    free(rows.units);
    free(rows.earliest);
    return (struct trace_rows){.count = rows.written,
                               .not_searched = rows.not_searched,
                               .longest_loop = rows.written > 2 * LONGEST_LOOP ? LONGEST_LOOP : 0};
}
