#include "step/schedule.h"
#include "base/hash.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CALLS = 1000000 };

/* The schedule while it is made. */
struct maker {
    struct schedule *schedule;
    const struct schedule_options *options;
    const char *path;
};

static enum status bad(const struct maker *m, const struct workload_row *row, const char *column,
                       const char *what)
{
    return fail(STATUS_ENVIRONMENT, "%s:%zu: %s: %s", m->path, row->line, column, what);
}

const char *axes_words(unsigned axes, struct text *text)
{
    text_clear(text);
    for (int axis = 0; axis < AXES; axis++)
        if (axes & 1u << axis) text_add(text, "%s%s", text->length ? "+" : "", axis_names[axis]);
    return text_get(text);
}

/* ---- axes ---- */

static enum status set_sizes(const struct maker *m)
{
    struct schedule *s = m->schedule;
    int64_t others = 1;
    for (int axis = 0; axis < AXES; axis++) {
        const int64_t asked = m->options->sizes[axis], suggested = s->workload->sizes[axis];
        if (axis == PARALLEL_DATA) continue;
        s->sizes[axis] = asked ? asked : suggested ? suggested : 1;
        if (others <= s->ranks) others *= s->sizes[axis];
    }
    if (others > s->ranks || s->ranks % others)
        return fail(STATUS_USAGE,
                    "%d rank%s cannot be divided into tensor %lld x expert %lld x pipeline %lld (--tensor, "
                    "--expert, --pipeline; what the workload suggests otherwise)",
                    s->ranks, s->ranks == 1 ? "" : "s", (long long)s->sizes[PARALLEL_TENSOR],
                    (long long)s->sizes[PARALLEL_EXPERT], (long long)s->sizes[PARALLEL_PIPELINE]);
    s->sizes[PARALLEL_DATA] = s->ranks / others;
    return STATUS_OK;
}

static int ranks_along(const struct schedule *s, unsigned axes)
{
    int64_t ranks = 1;
    if (!axes) return s->ranks;
    for (int axis = 0; axis < AXES; axis++)
        if (axes & 1u << axis) ranks *= s->sizes[axis];
    return (int)ranks;
}

int schedule_group(const struct schedule *s, unsigned axes, int rank)
{
    int group = 0, step = 1;
    if (!axes) return 0;
    for (int axis = 0; axis < AXES; axis++) {
        const int size = (int)s->sizes[axis], place = rank % size;
        rank /= size;
        if (axes & 1u << axis) continue;
        group += place * step;
        step *= size;
    }
    return group;
}

/* ---- rows ---- */

/* Returns the index of the row's collective, which it adds if it is new. */
static size_t call_of(const struct maker *m, const struct workload_row *row, enum dtype dtype)
{
    struct schedule *s = m->schedule;
    for (size_t i = 0; i < s->call_count; i++) {
        const struct step_call *known = &s->calls[i];
        if (known->row->collective == row->collective && same(known->row->imbalance, row->imbalance) &&
            known->dtype == dtype && known->axes == row->axes && known->row->bytes == row->bytes)
            return i;
    }
    const int ranks = ranks_along(s, row->axes);
    const size_t size = dtypes[dtype].size, divisor = row->collective->divisor(ranks),
                 count = (size_t)row->bytes / size / divisor * divisor;
    s->calls = reallocate(s->calls, s->call_count + 1, sizeof *s->calls);
    s->calls[s->call_count] = (struct step_call){.row = row,
                                                 .dtype = dtype,
                                                 .axes = row->axes,
                                                 .ranks = ranks,
                                                 .count = count,
                                                 .bytes = (int64_t)(count * size)};
    return s->call_count++;
}

static size_t product_of(const struct maker *m, const struct workload_row *row, enum gemm_type type,
                         struct shape shape)
{
    struct schedule *s = m->schedule;
    for (size_t i = 0; i < s->product_count; i++) {
        const struct step_product *known = &s->products[i];
        if (known->type == type && known->m == shape.m && known->n == shape.n && known->k == shape.k)
            return i;
    }
    s->products = reallocate(s->products, s->product_count + 1, sizeof *s->products);
    s->products[s->product_count] = (struct step_product){row, type, shape.m, shape.n, shape.k, 0};
    return s->product_count++;
}

static enum status whole(const struct maker *m, const struct workload_row *row, double count, int *calls)
{
    if (!(count >= 1) || count > MOST_CALLS || count != rint(count))
        return bad(m, row, "count", "expected a whole number from 1 to 1000000: a step makes whole calls");
    *calls = (int)count;
    return STATUS_OK;
}

static enum status product_item(const struct maker *m, const struct workload_row *row, struct step_item *item)
{
    const struct schedule_options *o = m->options;
    const int type = o->gemm_type >= 0 ? o->gemm_type : row->dtype ? gemm_type_find(row->dtype) : -1;
    struct shape shape = {row->m, row->n, row->k};
    double count = row->count;
    if (type < 0)
        return bad(m, row, "dtype",
                   "expected a type of operands, such as bfloat16 (or give --gemm-datatype)");
    if (!row->m) {
        if (!o->shape.m)
            return bad(m, row, "shape",
                       "empty: a step needs the shapes of its matmuls; --shape MxNxK stands for all of them");
        shape = o->shape;
        count = rint(row->flops / (2.0 * (double)shape.m * (double)shape.n * (double)shape.k));
        if (count < 1) count = 1;
    }
    enum status status = whole(m, row, count, &item->count);
    if (!status) item->index = product_of(m, row, (enum gemm_type)type, shape);
    return status;
}

/* Makes the item of a row. *left_out: the row is a collective in a group of one rank, which sends nothing. */
static enum status item_of(const struct maker *m, const struct workload_row *row, struct step_item *item,
                           bool *left_out)
{
    *item = (struct step_item){.is_call = row->collective != NULL};
    *left_out = false;
    if (!item->is_call) return product_item(m, row, item);
    enum status status = whole(m, row, row->count, &item->count);
    if (status) return status;
    *left_out = ranks_along(m->schedule, row->axes) < 2;
    if (*left_out) return STATUS_OK;
    const int type = m->options->dtype >= 0 ? m->options->dtype
                     : row->dtype           ? dtype_find(row->dtype)
                                            : DTYPE_FLOAT;
    item->index = call_of(m, row, (enum dtype)type);
    return STATUS_OK;
}

/* ---- sections and loops ---- */

static void add_item(struct schedule *s, struct step_item item)
{
    s->items = reallocate(s->items, s->item_count + 1, sizeof *s->items);
    s->items[s->item_count++] = item;
}

static void add_section(struct schedule *s, size_t first, size_t last, const char *overlap, int64_t times)
{
    s->sections = reallocate(s->sections, s->section_count + 1, sizeof *s->sections);
    s->sections[s->section_count++] = (struct step_section){first, last, overlap, times};
}

/* Makes one section of the items from `first` on if they are an overlap and have both collectives and
   matmuls; else a section of each. */
static void close_section(struct schedule *s, size_t first, const char *overlap, int64_t times)
{
    bool calls = false, products = false;
    for (size_t i = first; i < s->item_count; i++) *(s->items[i].is_call ? &calls : &products) = true;
    if (overlap && calls && products) {
        add_section(s, first, s->item_count, overlap, times);
        return;
    }
    for (size_t i = first; i < s->item_count; i++) add_section(s, i, i + 1, NULL, times);
}

static enum status add_sections(const struct maker *m, const struct workload_row *rows, size_t count)
{
    struct schedule *s = m->schedule;
    enum status status = STATUS_OK;
    for (size_t at = 0, next; at < count && !status; at = next) {
        const size_t first = s->item_count;
        for (next = at; next < count && !status; next++) {
            struct step_item item;
            bool left_out;
            if (next > at && !(rows[at].overlap && same(rows[next].overlap, rows[at].overlap))) break;
            status = item_of(m, &rows[next], &item, &left_out);
            if (!status && !left_out) add_item(s, item);
        }
        if (!status) close_section(s, first, rows[at].overlap, rows[at].times);
    }
    return status;
}

static enum status add_loops(const struct maker *m)
{
    struct schedule *s = m->schedule;
    const struct workload *w = s->workload;
    enum status status = STATUS_OK;
    for (size_t at = 0, next; at < w->row_count && !status; at = next) {
        const size_t first = s->section_count;
        for (next = at + 1; next < w->row_count && same(w->rows[next].loop, w->rows[at].loop);) next++;
        status = add_sections(m, &w->rows[at], next - at);
        if (status || s->section_count == first) continue;
        s->loops = reallocate(s->loops, s->loop_count + 1, sizeof *s->loops);
        s->loops[s->loop_count++] = (struct step_loop){first, s->section_count, w->rows[at].times};
    }
    return status;
}

static void count_calls(struct schedule *s)
{
    for (size_t i = 0; i < s->section_count; i++) {
        const struct step_section *section = &s->sections[i];
        for (size_t k = section->first; k < section->last; k++) {
            const struct step_item *item = &s->items[k];
            const int64_t calls = item->count * section->in_step;
            if (!item->is_call) {
                s->products[item->index].in_step += calls;
                continue;
            }
            s->calls[item->index].in_step += calls;
            if (section->overlap) s->calls[item->index].beside += calls;
        }
    }
}

/* ---- the label ---- */

/* Writes all that decides what the step does on these ranks; names and notes of the file do not matter. */
static void describe(const struct schedule *s, struct text *text)
{
    for (int axis = 0; axis < AXES; axis++)
        if (axis != PARALLEL_DATA) text_add(text, "%lld,", (long long)s->sizes[axis]);
    for (size_t i = 0; i < s->loop_count; i++) {
        text_add(text, "\n%lld", (long long)s->loops[i].times);
        for (size_t k = s->loops[i].first; k < s->loops[i].last; k++) {
            const struct step_section *section = &s->sections[k];
            text_add(text, section->overlap ? " &" : " -");
            for (size_t at = section->first; at < section->last; at++) {
                const struct step_item *item = &s->items[at];
                const struct step_call *call = item->is_call ? &s->calls[item->index] : NULL;
                const struct step_product *product = item->is_call ? NULL : &s->products[item->index];
                if (call)
                    text_add(text, " %s/%u/%s/%lld*%d", call->row->part, call->axes, dtypes[call->dtype].name,
                             (long long)call->row->bytes, item->count);
                else
                    text_add(text, " %s/%lldx%lldx%lld*%d", gemm_type_name(product->type),
                             (long long)product->m, (long long)product->n, (long long)product->k,
                             item->count);
            }
        }
    }
}

static void set_label(struct schedule *s)
{
    struct text text = {0}, label = {0};
    describe(s, &text);
    const uint64_t hash = hash_bytes(text_get(&text), text.length);
    text_add(&label, "%s@%08x", s->workload->name, (unsigned)(hash ^ hash >> 32));
    s->label = duplicate(text_get(&label));
    text_free(&text);
    text_free(&label);
}

enum status schedule_make(struct schedule *s, const struct workload *workload, const char *path, int ranks,
                          const struct schedule_options *options)
{
    *s = (struct schedule){.workload = workload, .ranks = ranks};
    const struct maker maker = {s, options, path};
    enum status status = set_sizes(&maker);
    if (!status) status = add_loops(&maker);
    if (!status && !s->section_count)
        status = fail(STATUS_USAGE, "--workload %s: on %d rank%s there is nothing to do", workload->name,
                      ranks, ranks == 1 ? "" : "s");
    if (status) {
        schedule_free(s);
        return status;
    }
    count_calls(s);
    set_label(s);
    return STATUS_OK;
}

void schedule_free(struct schedule *s)
{
    free(s->calls);
    free(s->products);
    free(s->items);
    free(s->sections);
    free(s->loops);
    free((char *)s->label);
    *s = (struct schedule){0};
}
