/* 4. What a reader must know before trusting a figure. */
#include "analysis/report.h"
#include "base/units.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SOURCE_WARNINGS = 40 };

static void __attribute__((format(printf, 4, 5)))
say(struct page *page, const char *kind, const struct run_summary *run, const char *format, ...)
{
    struct text text = {0};
    char words[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(words, sizeof words, format, values);
    va_end(values);
    text_add(&text, "%s%s%s", run ? run->label : "", run ? ": " : "", words);
    page_item(page, kind, text_get(&text));
    text_free(&text);
}

static void about_launches(struct page *page, const struct run_summary *run)
{
    if (run->imported)
        say(page, "imported", run,
            "another tool's statistic, without samples: no interval, never compared with measured medians.");
    else if (run->launch_count < 6)
        say(page, "few launches", run, "%zu launch%s; six are needed for a 95 %% interval.",
            run->launch_count, run->launch_count == 1 ? "" : "es");
    if (!run->imported && run->allocations == 1)
        say(page, "one allocation", run,
            "all launches ran on one set of hosts: differences to other runs are confounded with the "
            "allocation.");
    if (!run->imported && run->allocations == 0)
        say(page, "allocation not known", run, "the records do not say on which hosts the launches ran.");
    if (strstr(run->provenance, "simulated") || strstr(run->provenance, "emulated") ||
        strstr(run->provenance, "faulted"))
        say(page, "not a measurement", run, "provenance is %s.", run->provenance);
    if (run->died)
        say(page, "died", run, "%zu launches have no end record; what they wrote is used.", run->died);
    if (run->unfinished)
        say(page, "unfinished", run, "%zu launches were interrupted or failed.", run->unfinished);
    if (run->broken_lines)
        say(page, "broken lines", run, "%zu lines of its files could not be read.", run->broken_lines);
}

static void about_results(struct page *page, const struct run_summary *run)
{
    size_t wrong = 0, unchecked = 0, figures = 0, failed = 0, above = 0;
    for (size_t c = 0; c < run->case_count; c++) {
        const struct case_summary *line = &run->cases[c];
        bool is_wrong = same(line->status, "wrong") || (line->wrong != ABSENT && line->wrong > 0);
        wrong += is_wrong;
        failed += !is_wrong && (same(line->status, "error") || same(line->status, "timeout"));
        figures += line->launches > 0;
        unchecked += line->launches > 0 && line->unchecked > 0;
        above += figure_present(line->bound_percent) && line->bound_percent.point > 100.5;
    }
    if (wrong)
        say(page, "wrong results", run, "%zu cases gave wrong data; those launches have no speed here.",
            wrong);
    if (failed)
        say(page, "failed", run,
            "%zu cases ended in an error, a timeout or contradict themselves in some launch.", failed);
    if (unchecked)
        say(page, "unchecked", run, "%zu of %zu figures were not verified in every launch.", unchecked,
            figures);
    if (above)
        say(page, "above the bound", run,
            "%zu figures are faster than their bound: its inputs (clouds.tsv, gpus.tsv) do not fit this "
            "machine.",
            above);
}

static void about_throttling(struct page *page, const struct run_summary *run)
{
    struct text reasons = {0};
    size_t cases = 0;
    for (size_t c = 0; c < run->case_count; c++)
        for (size_t i = 0; i < run->cases[c].launches; i++) {
            json_t *list = json_object_get(run->cases[c].points[i].row->telemetry, "throttle"), *reason;
            size_t k;
            cases += json_array_size(list) > 0;
            json_array_foreach(list, k, reason)
            {
                const char *word = json_string_value(reason);
                if (word && !strstr(text_get(&reasons), word) && reasons.length < 200)
                    text_add(&reasons, "%s%s", reasons.length ? ", " : "", word);
            }
        }
    if (cases)
        say(page, "throttled", run, "in %zu case rows the clocks were held down: %s.", cases,
            text_get(&reasons));
    text_free(&reasons);
}

/* What import found: truncated tables, contradicting rank counts, rows that do not fit themselves. */
static void about_sources(struct page *page, const struct run_summary *run, size_t *left)
{
    for (size_t i = 0; i < run->launch_count; i++) {
        json_t *list = json_object_get(run->launches[i]->header.source, "warnings"), *item;
        size_t k;
        json_array_foreach(list, k, item)
        {
            struct text words = {0};
            if (!json_is_string(item) || !*left) continue;
            plain_text(&words, json_string_value(item), 400);
            say(page, "import", run, "%s", text_get(&words));
            if (--*left == 0)
                say(page, "import", NULL,
                    "more warnings by busbar import are in the records (source.warnings).");
            text_free(&words);
        }
    }
}

static void about_prices(struct page *page, const struct study *study, size_t r)
{
    const struct instance *instance = study->sites[r].instance;
    const struct run_summary *run = &study->aggregate.runs[r];
    if (!instance)
        say(page, "no price", run, "its instance is not in clouds.tsv: no price, no NIC rate for a bound.");
    else if (!isfinite(instance->usd_per_gpu_hour))
        say(page, "no price", run, "clouds.tsv has none for %s.", instance->name);
    else if (!*instance->price_date)
        say(page, "price without date", run, "%s, clouds.tsv line %zu.", instance->name, instance->line);
    else if (strstr(instance->note, "unverified"))
        say(page, "price unverified", run, "%s: says clouds.tsv line %zu.", instance->name, instance->line);
}

/* Sizes of the summary that some runs of an extent have and others do not: they are left empty, never
 * averaged over. */
static void about_sizes(struct page *page, const struct report *report)
{
    static const char *const names[] = {"all_reduce", "all_gather"};
    char size[UNIT_TEXT];
    for (int n = 0; n < 2; n++)
        for (int scope = 0; scope < SCOPE_COUNT; scope++) {
            struct tracks tracks = study_tracks_in(report->study, names[n], FOR_BANDWIDTH, (enum scope)scope);
            for (size_t s = 0; s < report->size_count; s++) {
                struct text without = {0};
                size_t with = 0;
                for (size_t t = 0; t < tracks.count; t++) {
                    bool has = track_at(&tracks.list[t], (int64_t)report->sizes[s]) != NULL;
                    with += has;
                    if (!has && without.length < 600)
                        text_add(&without, "%s%s", without.length ? ", " : "",
                                 report->study->aggregate.runs[tracks.list[t].run].label);
                }
                if (with && without.length)
                    say(page, "size missing", NULL, "%s of %s, %s, was not measured in: %s.", names[n],
                        format_size(report->sizes[s], size), scope_names[scope], text_get(&without));
                text_free(&without);
            }
            free(tracks.list);
        }
}

void report_warnings(struct page *page, const struct report *report)
{
    size_t left = MOST_SOURCE_WARNINGS, before;
    page_heading(page, 2, "warnings", "Warnings");
    before = page->out.length;
    for (size_t r = 0; r < report->study->aggregate.count; r++) {
        const struct run_summary *run = &report->study->aggregate.runs[r];
        about_launches(page, run);
        about_results(page, run);
        about_throttling(page, run);
        about_sources(page, run, &left);
        about_prices(page, report->study, r);
    }
    about_sizes(page, report);
    if (page->out.length == before) page_paragraph(page, "None.");
}
