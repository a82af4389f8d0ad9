/* The readable tables of a run. */
#include "analysis/listing.h"
#include "base/units.h"

#include <stdio.h>

static void figure_cells(struct table *table, struct figure figure)
{
    char point[32], lo[32], hi[32];
    table_cell(table, "%s", number_text(figure.point, point));
    if (figure.kind == INTERVAL_NONE)
        table_cell(table, "%s", "");
    else
        table_cell(table, "%s–%s", number_text(figure.lo, lo), number_text(figure.hi, hi));
}

static void size_cell(struct table *table, int64_t bytes)
{
    char text[UNIT_TEXT];
    table_cell(table, "%s", bytes == ABSENT || bytes < 0 ? "" : format_size((size_t)bytes, text));
}

void listing_columns(struct table *table, bool gemm)
{
    static const char *const of_gemm[] = {"m",          "n",        "k",        "type",     "phase",
                                          "<statistic", "time(us)", "interval", "launches", "TFLOP/s",
                                          "interval",   "%peak",    "wrong",    "<status",  NULL};
    static const char *const of_collective[] = {
        "size",     "count", "<type", "<op",      "<placement", "<mode", "<statistic", "time(us)", "interval",
        "launches", "algbw", "busbw", "interval", "%bound",     "wrong", "<status",    NULL};
    for (const char *const *name = gemm ? of_gemm : of_collective; *name; name++)
        table_column(table, *name + (**name == '<'), **name == '<');
}

static void result_cells(struct table *table, const struct case_summary *line)
{
    if (figure_present(line->bound_percent))
        table_cell(table, "%.1f", line->bound_percent.point);
    else
        table_cell(table, "%s", "");
    if (line->wrong != ABSENT)
        table_cell(table, "%lld", (long long)line->wrong);
    else
        table_cell(table, "%s", line->launches ? "N/A" : "");
    if (same(line->status, "ok"))
        table_cell(table, "%s", "");
    else
        table_cell(table, "%s in some of %zu launches", line->status, line->attempts);
}

void listing_row(struct table *table, const struct case_summary *line)
{
    const struct case_row *row = line->row;
    char text[32];
    if (row->gemm) {
        table_integer(table, row->m);
        table_integer(table, row->n);
        table_integer(table, row->k);
        table_cell(table, "%s", row->dtype ? row->dtype : "");
        table_cell(table, "%s", row->phase ? row->phase : "");
    } else {
        size_cell(table, row->bytes);
        table_integer(table, row->count);
        table_cell(table, "%s", row->dtype ? row->dtype : "");
        table_cell(table, "%s", row->op ? row->op : "");
        table_cell(table, "%s", row->placement ? row->placement : "");
        table_cell(table, "%s", row->mode ? row->mode : "");
    }
    table_cell(table, "%s", same(line->statistic, "median") || !line->statistic ? "" : line->statistic);
    figure_cells(table, line->time_us);
    table_cell(table, "%zu", line->launches);
    if (!row->gemm) table_cell(table, "%s", number_text(line->algbw_gbps.point, text));
    figure_cells(table, row->gemm ? line->tflops : line->busbw_gbps);
    result_cells(table, line);
}

bool listing_same_table(const struct case_summary *a, const struct case_summary *b)
{
    return same(a->row->collective, b->row->collective) && same(a->row->gemm, b->row->gemm) &&
           a->row->ranks == b->row->ranks && a->row->nodes == b->row->nodes &&
           same(a->row->group, b->row->group);
}

/* Cases without any figure, told apart only by what a reader needs: "unsupported: 14 cases of half prod,
 * first at 8 B: why". */
void listing_without_figure(const struct run_summary *run, size_t first, size_t last, const char *start,
                            struct text *out)
{
    char size[UNIT_TEXT];
    for (size_t i = first; i < last; i++) {
        const struct case_summary *line = &run->cases[i];
        if (line->launches) continue;
        size_t alike = 1;
        while (i + alike < last && !run->cases[i + alike].launches &&
               same(run->cases[i + alike].status, line->status) &&
               same(run->cases[i + alike].error, line->error) &&
               same(run->cases[i + alike].row->dtype, line->row->dtype) &&
               same(run->cases[i + alike].row->op, line->row->op))
            alike++;
        text_add(out, "%s%s: %zu case%s of ", start, same(line->status, "ok") ? "no figure" : line->status,
                 alike, alike > 1 ? "s" : "");
        plain_text(out, line->row->dtype ? line->row->dtype : "?", 40);
        if (line->row->op) text_add(out, " ");
        plain_text(out, line->row->op ? line->row->op : "", 40);
        if (line->row->gemm)
            text_add(out, " %lldx%lldx%lld", (long long)line->row->m, (long long)line->row->n,
                     (long long)line->row->k);
        if (line->row->bytes != ABSENT && line->row->bytes >= 0)
            text_add(out, ", from %s", format_size((size_t)line->row->bytes, size));
        if (line->error) text_add(out, ": ");
        plain_text(out, line->error, 200);
        text_add(out, "\n");
        i += alike - 1;
    }
}

void listing_title(const struct case_row *row, struct text *out)
{
    plain_text(out, row->gemm ? row->gemm : row->collective, 80);
    if (row->ranks != ABSENT)
        text_add(out, ", %lld rank%s", (long long)row->ranks, row->ranks == 1 ? "" : "s");
    if (row->nodes != ABSENT)
        text_add(out, " on %lld node%s", (long long)row->nodes, row->nodes == 1 ? "" : "s");
    if (row->group && !same(row->group, "world")) {
        text_add(out, ", group ");
        plain_text(out, row->group, 80);
    }
    text_add(out, row->gemm         ? ""
                  : row->ranks == 1 ? " (GB/s; one rank has no bus bandwidth)"
                                    : " (algbw, busbw: GB/s)");
}
