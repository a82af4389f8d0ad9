/* Runs busbar import --workload: writes the table of a trace's step, and says on stderr how it was made. */
#include "analysis/trace/trace.h"
#include "base/outfile.h"
#include "base/paths.h"

#include <math.h>

enum { MOST_KINDS = 12 }; /* names of operations to print that are neither collectives nor matmuls */

static enum status check_name(const char *name)
{
    if (is_plain_name(name)) return STATUS_OK;
    return fail(STATUS_USAGE,
                "--workload: '%s': expected a name of letters, digits and . _ + - that begins with neither . "
                "nor -",
                name);
}

/* Prints one line about operations that have no row. total_us: the time of all computation in the step. */
static void print_kind(const char *path, const struct trace_left_out *kind, double total_us)
{
    char share[48] = "";
    if (kind->us > 0)
        snprintf(share, sizeof share, " (%.1f %% of the computing time)", kind->us / total_us * 100);
    warn("%s: left out: %lld x %.100s: %s%s", path, (long long)kind->count, kind->name,
         kind->why ? kind->why : "not a matmul", share);
}

static void print_left_out(const char *path, const struct trace_step *step)
{
    double total_us = step->us;
    size_t kinds = 0;
    char name[64];
    struct trace_left_out rest = {.name = name};
    for (size_t i = 0; i < step->left_out_count; i++) total_us += step->left_out[i].us;
    for (size_t i = 0; i < step->left_out_count; i++) {
        const struct trace_left_out *kind = &step->left_out[i];
        if (kind->why || kinds++ < MOST_KINDS)
            print_kind(path, kind, total_us);
        else
            rest.count += kind->count, rest.us += kind->us;
    }
    if (kinds <= MOST_KINDS) return;
    snprintf(name, sizeof name, "other operations, of %zu kinds", kinds - MOST_KINDS);
    print_kind(path, &rest, total_us);
}

/* Prints what of the trace was broken, and what its rows assume. */
static void print_assumptions(const struct trace *trace, const struct trace_step *step)
{
    int64_t unknown = 0, uneven = 0;
    for (size_t i = 0; i < step->count; i++)
        unknown += step->operations[i].group_unknown, uneven += step->operations[i].uneven;
    if (trace->broken) warn("%s: left out: %zu broken events or process groups", trace->path, trace->broken);
    if (unknown)
        warn("%s: the trace does not say which ranks are in the groups of %lld collectives: their rows "
             "assume all ranks, and their notes say so: correct the column group",
             trace->path, (long long)unknown);
    if (uneven)
        warn("%s: the parts of %lld collectives differ in size: their rows assume equal parts, because the "
             "trace of one rank does not show the parts of the others",
             trace->path, (long long)uneven);
    if (!trace->timed) warn("%s: a Chakra trace has no times, so the rows declare no overlap", trace->path);
}

/* Adds text such as "rank 0 of 2, ProfilerStep#7 (chosen of 3 in the trace)". chosen: the user named the
   step. */
static void add_origin(struct text *text, const struct trace *trace, const struct trace_step *step,
                       bool chosen)
{
    if (trace->rank != NO_NUMBER) text_add(text, "rank %lld", (long long)trace->rank);
    if (trace->rank == NO_NUMBER) text_add(text, "one rank");
    if (step->ranks != NO_NUMBER) text_add(text, " of %lld", (long long)step->ranks);
    if (step->number == NO_NUMBER)
        text_add(text, ", the whole trace as one step");
    else
        text_add(text, ", ProfilerStep#%lld (%s of %zu in the trace%s)", (long long)step->number,
                 chosen ? "chosen" : "the last whole one", step->steps,
                 step->later_short ? "; the one after it has fewer operations" : "");
}

static void print_summary(const struct trace *trace, const struct trace_step *step, const char *origin,
                          size_t rows)
{
    int64_t messages = 0, matmuls = 0;
    double bytes = 0, flops = 0;
    for (size_t i = 0; i < step->count; i++) {
        const struct trace_operation *operation = &step->operations[i];
        *(operation->collective ? &messages : &matmuls) += operation->count;
        bytes += (double)operation->bytes;
        flops += 2.0 * (double)operation->m * (double)operation->n * (double)operation->k *
                 (double)operation->count;
    }
    warn("%s: workload of %s: %lld collectives (%.4g bytes) and %lld matmuls (%.4g FLOPs) in %zu rows",
         trace->path, origin, (long long)messages, bytes, (long long)matmuls, flops, rows);
}

/* Prints what was not looked for in a large step. */
static void print_limits(const char *path, const struct trace_rows *rows)
{
    if (rows->not_searched)
        warn("%s: %zu operation%s may overlap with others that were called much later: that was not looked "
             "for, so their rows declare no overlap",
             path, rows->not_searched, rows->not_searched == 1 ? "" : "s");
    if (rows->longest_loop)
        warn("%s: loops of more than %zu rows were not looked for: shorten the table by hand where a longer "
             "sequence repeats",
             path, rows->longest_loop);
}

static enum status import_step(const struct trace_import *import, struct trace *trace,
                               const struct trace_step *step)
{
    print_left_out(trace->path, step);
    print_assumptions(trace, step);
    if (!step->count)
        return fail(STATUS_ENVIRONMENT, "%s: no collective and no matmul of the step could be imported",
                    trace->path);
    struct text origin = {0}, table = {0};
    add_origin(&origin, trace, step, import->step != NO_NUMBER);
    text_add(
        &table,
        "# A workload that busbar import made of a trace: %s.\n# results/README.md describes the columns. "
        "Add tokens yourself: the trace does not have them.\n",
        text_get(&origin));
    struct trace_rows rows = trace_add_rows(step, import->workload, &table);
    enum status status = import->check ? STATUS_OK : outfile_put(import->output, &table);
    if (!status) print_summary(trace, step, text_get(&origin), rows.count);
    if (!status) print_limits(trace->path, &rows);
    text_free(&origin);
    text_free(&table);
    return status;
}

enum status trace_import(const struct trace_import *import, const char *path)
{
    struct trace trace;
    struct trace_step step;
    enum status status = check_name(import->workload);
    if (!status) status = trace_read(&trace, path);
    if (status) return status;
    status = trace_select_step(&trace, import->step, import->ranks, &step);
    if (!status) status = import_step(import, &trace, &step);
    trace_step_free(&step);
    trace_free(&trace);
    return status;
}
