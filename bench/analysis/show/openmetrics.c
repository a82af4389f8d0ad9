#include "analysis/show/openmetrics.h"
#include "analysis/compare/ranking.h"
#include "base/units.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A case on one machine, from the newest run that has a figure or wrong results for it. */
struct metric {
    const char *labels; /* all labels, without braces; different for each metric */
    const struct case_summary *line;
    const char *started; /* start of its newest launch */
    const char *verdict; /* NULL: none */
};

enum status verdicts_read(json_t **verdicts, const char *path)
{
    json_error_t error;
    *verdicts = json_load_file(path, 0, &error);
    if (!*verdicts)
        return fail(error.line < 0 ? STATUS_ENVIRONMENT : STATUS_WRONG, "%s: cannot be read as JSON: %s",
                    path, error.text);
    if (json_is_array(json_object_get(*verdicts, "cases"))) return STATUS_OK;
    json_decref(*verdicts);
    *verdicts = NULL;
    return fail(STATUS_WRONG,
                "%s: no output of busbar compare or history --format json: it has no list 'cases'", path);
}

static const char *verdict_of(const json_t *verdicts, const char *key)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(verdicts, "cases"), i, one)
    {
        if (same(json_string_value(json_object_get(one, "key")), key))
            return json_string_value(json_object_get(one, "verdict"));
    }
    return NULL;
}

/* Adds a label with an untrusted value: escapes backslash, quote and newline; other control characters and
   bytes that are not UTF-8 become '?'. value NULL: adds nothing. */
static void add_label(struct text *out, const char *name, const char *value)
{
    wchar_t letter;
    size_t bytes;
    if (!value) return;
    text_add(out, "%s%s=\"", out->length ? "," : "", name);
    for (const char *c = value; *c; c += bytes) {
        bytes = utf8_letter(c, &letter);
        if (*c == '\\' || *c == '"')
            text_add(out, "\\%c", *c);
        else if (*c == '\n')
            text_add(out, "\\n");
        else if (letter == NOT_UTF8 || is_control(letter))
            text_add(out, "?");
        else
            text_add_bytes(out, c, bytes);
    }
    text_add(out, "\"");
}

static void add_number(struct text *out, const char *name, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    add_label(out, name, value == ABSENT ? NULL : text);
}

/* The labels of a case. The run's name is not one of them, because each run would then begin new time
   series. */
static const char *labels_of(const struct run_summary *run, const struct case_summary *line,
                             struct arena *arena)
{
    const struct case_row *row = line->row;
    struct text text = {0};
    add_label(&text, "case", line->key);
    add_label(&text, "collective", row->gemm ? "matmul" : row->collective);
    add_label(&text, "dtype", row->dtype);
    if (!row->gemm)
        add_number(&text, "bytes", row->requested_bytes != ABSENT ? row->requested_bytes : row->bytes);
    add_number(&text, "ranks", row->ranks);
    add_label(&text, "mode", mode_name(row->mode));
    add_label(&text, "statistic", statistic_name(line->statistic));
    add_label(&text, "rank_reduction", line->rank_reduction);
    add_label(&text, "provider", run->provider);
    add_label(&text, "type", run->instance); /* not "instance": Prometheus sets that label itself */
    add_label(&text, "gpu", run->gpu);
    add_label(&text, "label", run->given_label);
    add_label(&text, "provenance", run->provenance);
    const char *labels = arena_string(arena, text_get(&text));
    text_free(&text);
    return labels;
}

static int by_labels_newest_first(const void *a, const void *b)
{
    const struct metric *x = a, *y = b;
    int order = x->labels == y->labels ? 0 : strcmp(x->labels, y->labels);
    return order ? order : -strcmp(x->started ? x->started : "", y->started ? y->started : "");
}

static struct metric *list_metrics(const struct study *study, const json_t *verdicts, struct arena *arena,
                                   size_t *count)
{
    size_t most = 0, kept = 0;
    for (size_t r = 0; r < study->aggregate.count; r++) most += study->aggregate.runs[r].case_count;
    struct metric *list = allocate(most, sizeof *list);
    *count = 0;
    for (size_t r = 0; r < study->aggregate.count; r++) {
        const struct run_summary *run = &study->aggregate.runs[r];
        for (size_t c = 0; c < run->case_count; c++) {
            const struct case_summary *line = &run->cases[c];
            if (!line->launches && !(line->wrong > 0))
                continue; /* if all launches are wrong, export their number of wrong elements */
            if (is_impossible(line)) {
                warn("%s: %s is left out: it is %.0f %% of its %s", run->label, line->key,
                     line->bound_percent.point, line->row->gemm ? "peak" : "bound");
                continue;
            }
            const struct launch *newest = line->launches ? line->points[line->launches - 1].launch
                                                         : run->launches[run->launch_count - 1];
            list[(*count)++] = (struct metric){labels_of(run, line, arena), line, newest->header.started,
                                               verdict_of(verdicts, line->key)};
        }
    }
    if (*count) qsort(list, *count, sizeof *list, by_labels_newest_first);
    for (size_t i = 0; i < *count; i++)
        if (!kept || list[i].labels != list[kept - 1].labels) list[kept++] = list[i];
    *count = kept;
    return list;
}

/* ---- the families ---- */

static double time_value(const struct metric *metric)
{
    return metric->line->time_us.point * 1e-6;
}
static double bandwidth_value(const struct metric *metric)
{
    return metric->line->busbw_gbps.point * 1e9;
}
static double matmul_value(const struct metric *metric)
{
    return metric->line->tflops.point * 1e12;
}
static double bound_value(const struct metric *metric)
{
    return metric->line->bound_percent.point / 100;
}
static double launches_value(const struct metric *metric)
{
    return (double)metric->line->launches;
}
static double without_value(const struct metric *metric)
{
    return (double)metric->line->turnout.without;
}
static double wrong_value(const struct metric *metric)
{
    return metric->line->wrong == ABSENT ? NAN : (double)metric->line->wrong;
}
static double stamp_value(const struct metric *metric)
{
    double seconds;
    return metric->started && !parse_time(metric->started, &seconds) ? seconds : NAN;
}

static const struct {
    const char *name, *unit, *help;
    double (*value)(const struct metric *);
} families[] = {
    {"busbar_time_seconds", "seconds",
     "Time per operation: median over launches of the newest run that has the case.", time_value},
    {"busbar_bus_bandwidth_bytes_per_second", NULL, "Bus bandwidth, as nccl-tests defines it.",
     bandwidth_value},
    {"busbar_matmul_operations_per_second", NULL, "Floating-point operations of a matrix multiplication.",
     matmul_value},
    {"busbar_bound_ratio", "ratio", "Share of the physical bound, or of the peak of a matrix multiplication.",
     bound_value},
    {"busbar_launches", NULL, "Launches that the figure is the median of.", launches_value},
    {"busbar_launches_without_figure", NULL,
     "Launches of that run that lack the figure; those that have it may be the fast ones.", without_value},
    {"busbar_wrong_elements", NULL,
     "Elements of the results that differ from the exact value; absent: not checked.", wrong_value},
    {"busbar_measured_timestamp_seconds", "seconds",
     "Start of the newest launch in the figure; its age is time() less this.", stamp_value},
};

static void print_family(size_t family, const struct metric *list, size_t count, struct text *out)
{
    bool begun = false;
    for (size_t i = 0; i < count; i++) {
        double value = families[family].value(&list[i]);
        if (!isfinite(value)) continue;
        if (!begun) {
            text_add(out, "# TYPE %s gauge\n", families[family].name);
            if (families[family].unit)
                text_add(out, "# UNIT %s %s\n", families[family].name, families[family].unit);
            text_add(out, "# HELP %s %s\n", families[family].name, families[family].help);
        }
        begun = true;
        text_add(out, "%s{%s} %.10g\n", families[family].name, list[i].labels, value);
    }
}

static void print_verdicts(const struct metric *list, size_t count, struct text *out)
{
    bool begun = false;
    struct text label = {0};
    for (size_t i = 0; i < count; i++) {
        if (!list[i].verdict) continue;
        if (!begun)
            text_add(
                out,
                "# TYPE busbar_verdict gauge\n"
                "# HELP busbar_verdict 1 for the verdict of busbar compare or busbar history on the case.\n");
        begun = true;
        text_clear(&label);
        add_label(&label, "verdict", list[i].verdict);
        text_add(out, "busbar_verdict{%s,%s} 1\n", list[i].labels, text_get(&label));
    }
    text_free(&label);
}

size_t openmetrics_print(const struct study *study, const json_t *verdicts, struct text *out)
{
    struct arena arena = {0};
    size_t count;
    struct metric *list = list_metrics(study, verdicts, &arena, &count);
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) print_family(f, list, count, out);
    print_verdicts(list, count, out);
    text_add(out, "# EOF\n");
    free(list);
    arena_free(&arena);
    return count;
}
