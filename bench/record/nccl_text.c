#include "record/nccl_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Formats a number like getFloatStr() of nccl-tests; NAN as nccl-tests prints what it does not know. */
static void float_text(double value, int width, char text[32])
{
    if (isnan(value)) {
        snprintf(text, 32, "%*s", width, "N/A");
        return;
    }
    for (int decimals = 2; decimals >= 0; decimals--)
        if (snprintf(text, 32, "%*.*f", width, decimals, value) <= width) return;
    snprintf(text, 32, "%*.*e", width, width >= 7 ? 1 : 0, value);
}

/* Replaces control characters of untrusted text by '?'. */
static void clean(char *text)
{
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f) *c = '?';
}

/* Copies untrusted text from a record; `standard` if it is empty or NULL. */
static void clean_text(const char *text, const char *standard, char copy[256])
{
    snprintf(copy, 256, "%s", text && *text ? text : standard);
    clean(copy);
}

static void print_device(FILE *out, const struct nccl_device *d)
{
    char host[256], name[256], pci[256];
    clean_text(d->host, "?", host);
    clean_text(d->name, "?", name);
    clean_text(d->pci, "0000:00:00", pci);
    fprintf(out, "#  Rank %2d Group %2d Pid %6d on %10s device %2d [%.*s] %s\n", (int)d->rank, 0, (int)d->pid,
            host, (int)d->index, (int)strcspn(pci, ".]"), pci, name);
}

static void print_left_out(FILE *out, const struct nccl_table *table, const struct case_row *row)
{
    char what[256], size[48] = "a size that is not known";
    clean_text(row->error ? row->error : case_status_name(row->status), "no figures", what);
    if (row->requested_bytes != ABSENT)
        snprintf(size, sizeof size, "%lld bytes", (long long)row->requested_bytes);
    fprintf(out, "# not measured: %s %s %s %s: %s\n", size, nccl_type(row), nccl_op(table, row),
            row->placement == IN_PLACE ? "in place" : "separate buffers", what);
}

static void print_opening(FILE *out, const struct nccl_run *run, const struct nccl_table *table,
                          const char *program)
{
    struct nccl_plan plan = nccl_plan_of(run, table);
    struct text what = {0};
    struct nccl_device *devices;
    const size_t count = nccl_table_devices(run, table, &devices);
    int code = nccl_version_code(run->nccl_version);
    nccl_describe(run, table, &what);
    clean(what.data);
    fprintf(out, "# nccl-tests version %s nccl-headers=%d nccl-library=%d\n", NCCL_TESTS_VERSION, code, code);
    fprintf(out, "# Collective test starting: %s\n", program);
    fprintf(out,
            "# nThread %d nGpus %d minBytes %ld maxBytes %ld step: %ld(%s) warmup iters: %d iters: %d agg "
            "iters: %d validation: %d "
            "graph: %d unalign: %d\n",
            1, 1, (long)plan.min_bytes, (long)plan.max_bytes, (long)plan.step,
            plan.step_is_factor ? "factor" : "bytes", (int)plan.warmup, (int)plan.iterations,
            (int)plan.aggregate, plan.checked, (int)plan.graph, 0);
    fprintf(out, "# %s\n", what.data);
    fprintf(out, "#\n# Using devices\n");
    for (size_t i = 0; i < count; i++) print_device(out, &devices[i]);
    text_free(&what);
    free(devices);
}

static void print_header(FILE *out)
{
    static const char *const row =
        "# %10s  %12s  %8s  %6s  %6s  %7s  %6s  %6s  %6s  %7s  %6s  %6s  %6s %*s\n";
    fprintf(
        out,
        "#\n# %10s  %12s  %8s  %6s  %6s           out-of-place                       in-place          \n",
        "", "", "", "", "");
    fprintf(out, row, "size", "count", "type", "redop", "root", "time", "algbw", "busbw", "#wrong", "time",
            "algbw", "busbw", "#wrong", 0, "");
    fprintf(out, row, "(B)", "(elements)", "", "", "", "(us)", "(GB/s)", "(GB/s)", "", "(us)", "(GB/s)",
            "(GB/s)", "", 0, "");
}

static void print_placement(FILE *out, const struct nccl_table *table, const struct case_row *row)
{
    char time[32], algbw[32], busbw[32];
    if (!row) { /* blank columns, as nccl-tests prints out of place in a trace replay */
        fprintf(out, "%32s", "");
        return;
    }
    struct nccl_rates rates = nccl_rates_of(table, row);
    float_text(rates.time_us, 7, time);
    float_text(rates.algbw, 6, algbw);
    float_text(rates.busbw, 6, busbw);
    if (row->wrong != ABSENT)
        fprintf(out, "  %7s  %6s  %6s  %6g", time, algbw, busbw, (double)row->wrong);
    else
        fprintf(out, "  %7s  %6s  %6s    N/A", time, algbw, busbw);
}

void nccl_text_print(FILE *out, const struct nccl_run *run, const struct nccl_table *table)
{
    char program[64];
    double average;
    int wrong;
    snprintf(program, sizeof program, "%s_perf", table->collective->name);
    print_opening(out, run, table, program);
    print_header(out);
    for (size_t i = 0; i < table->count; i++) {
        const struct nccl_line *line = &table->lines[i];
        const struct case_row *row = nccl_any_row(line);
        fprintf(out, "%12li  %12li  %8s  %6s  %6i", (long)row->bytes, (long)nccl_count(table, row),
                nccl_type(row), nccl_op(table, row), nccl_root(table, row));
        print_placement(out, table, line->placement[0]);
        if (line->placement[1]) print_placement(out, table, line->placement[1]);
        fprintf(out, "\n");
    }
    for (size_t i = 0; i < table->left_out_count; i++) print_left_out(out, table, table->left_out[i]);
    nccl_sum_up(table, &average, &wrong);
    fprintf(out, "# %-20s : %d %s\n", "Out of bounds values", wrong, wrong ? "FAILED" : "OK");
    fprintf(out, "# %-20s : %g %s\n", "Avg bus bandwidth", average, "");
    fprintf(out, "#\n# Collective test concluded: %s\n#\n\n", program);
}
