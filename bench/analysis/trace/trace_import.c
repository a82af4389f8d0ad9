/* busbar import --workload: the table of a trace's step, and in words what it has and lacks. */
#include "analysis/trace/trace.h"
#include "base/outfile.h"

#include <math.h>
#include <string.h>

enum { MOST_KINDS = 12 }; /* lines about operations that are neither collectives nor matmuls */

static enum status check_name(const char *name)
{
    bool good = *name && *name != '#' && strlen(name) <= 80;
    for (const char *c = name; *c; c++) good = good && (unsigned char)*c >= ' ' && *c != 0x7f;
    return good ? STATUS_OK
                : fail(STATUS_USAGE,
                       "--workload: '%s': expected a name of 1 to 80 printable characters, the first not #",
                       name);
}

static void print_left_out(const struct trace *trace, const struct trace_step *step)
{
    double all = step->us;
    size_t kinds = 0;
    struct trace_left_out rest = {0};
    for (size_t i = 0; i < step->left_out_count; i++) all += step->left_out[i].us;
    for (size_t i = 0; i < step->left_out_count; i++) {
        const struct trace_left_out *kind = &step->left_out[i];
        char share[48] = "";
        if (kind->us > 0)
            snprintf(share, sizeof share, " (%.1f %% of the computing time)", kind->us / all * 100);
        if (kind->why)
            warn("%s: left out: %lld x %.100s: %s%s", trace->path, (long long)kind->count, kind->name,
                 kind->why, share);
        else if (kinds++ < MOST_KINDS)
            warn("%s: left out: %lld x %.100s: no matmul%s", trace->path, (long long)kind->count, kind->name,
                 share);
        else
            rest.count += kind->count, rest.us += kind->us;
    }
    if (kinds <= MOST_KINDS) return;
    char share[48] = "";
    if (rest.us > 0) snprintf(share, sizeof share, " (%.1f %% of the computing time)", rest.us / all * 100);
    warn("%s: left out: %lld operations of %zu other kinds%s", trace->path, (long long)rest.count,
         kinds - MOST_KINDS, share);
}

static void print_doubts(const struct trace *trace, const struct trace_step *step)
{
    int64_t unknown = 0, uneven = 0;
    for (size_t i = 0; i < step->count; i++)
        unknown += step->operations[i].group_unknown, uneven += step->operations[i].uneven;
    if (trace->broken) warn("%s: %zu events are broken: left out", trace->path, trace->broken);
    if (unknown)
        warn("%s: %lld collectives do not tell their group, and the job has groups of fewer ranks: their "
             "rows say all ranks, and "
             "the note says so: correct the column group",
             trace->path, (long long)unknown);
    if (uneven)
        warn("%s: %lld collectives in uneven parts: their rows have equal parts, since one rank's trace does "
             "not tell the others'",
             trace->path, (long long)uneven);
    if (!trace->timed) warn("%s: a Chakra trace has no times: no overlap is declared", trace->path);
}

/* "rank 0 of 2, ProfilerStep#7 (of 3 steps; the last one is shorter)" */
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
    warn("%s: a workload of %s: %lld collectives (%.4g bytes) and %lld matmuls (%.4g FLOPs) in %zu rows",
         trace->path, origin, (long long)messages, bytes, (long long)matmuls, flops, rows);
}

static enum status import_step(const struct trace_import *import, struct trace *trace,
                               const struct trace_step *step)
{
    print_left_out(trace, step);
    print_doubts(trace, step);
    if (!step->count)
        return fail(STATUS_ENVIRONMENT, "%s: no collective and no matmul of the step can be read",
                    trace->path);
    struct text origin = {0}, table = {0};
    add_origin(&origin, trace, step, import->step != NO_NUMBER);
    text_add(&table,
             "# A workload by busbar import of a trace: %s.\n# Columns: results/README.md. tokens is yours "
             "to add.\n",
             text_get(&origin));
    size_t rows = trace_add_rows(step, import->workload, &table);
    enum status status = import->check ? STATUS_OK : outfile_put(import->output, &table);
    if (!status) print_summary(trace, step, text_get(&origin), rows);
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
    status = trace_take_step(&trace, import->step, import->ranks, &step);
    if (!status) status = import_step(import, &trace, &step);
    trace_step_free(&step);
    trace_free(&trace);
    return status;
}
