/* What a reader must know before trusting a figure. */
#include "analysis/report/report_clouds.h"
#include "base/units.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SOURCE_WARNINGS = 40 };

/* One warning, with the labels of all runs that it applies to. */
struct warning {
    const char *kind, *words;
    struct text runs;
};

struct warnings {
    struct warning *list;
    size_t count;
    struct arena arena;
};

static void __attribute__((format(printf, 4, 5)))
say(struct warnings *warnings, const char *kind, const struct run_summary *run, const char *format, ...)
{
    char text[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    const char *words = arena_string(&warnings->arena, text); /* interned: equal texts are equal pointers */
    size_t i = 0;
    while (i < warnings->count && (warnings->list[i].words != words || !same(warnings->list[i].kind, kind)))
        i++;
    if (i == warnings->count) {
        warnings->list = reallocate(warnings->list, ++warnings->count, sizeof *warnings->list);
        warnings->list[i] = (struct warning){.kind = kind, .words = words};
    }
    if (run) text_add(&warnings->list[i].runs, "%s%s", warnings->list[i].runs.length ? ", " : "", run->label);
}

static void print_warnings(struct page *page, struct warnings *warnings)
{
    struct text text = {0};
    for (size_t i = 0; i < warnings->count; i++) {
        struct warning *warning = &warnings->list[i];
        text_clear(&text);
        text_add(&text, "%s%s%s", text_get(&warning->runs), warning->runs.length ? ": " : "", warning->words);
        page_item(page, warning->kind, text_get(&text));
        text_free(&warning->runs);
    }
    if (!warnings->count) page_paragraph(page, "None.");
    text_free(&text);
    free(warnings->list);
    arena_free(&warnings->arena);
}

static void about_launches(struct warnings *warnings, const struct run_summary *run)
{
    if (run->imported)
        say(warnings, "imported", run,
            "another tool's statistic, without samples: no interval, never compared with measured medians.");
    else if (run->launch_count < 6)
        say(warnings, "few launches", run, "%zu launch%s; six are needed for a 95 %% interval.",
            run->launch_count, run->launch_count == 1 ? "" : "es");
    if (!run->imported && run->allocations == 1)
        say(warnings, "one allocation", run,
            "all launches ran on one set of hosts: differences to other runs are confounded with the "
            "allocation.");
    if (!run->imported && run->allocations == 0)
        say(warnings, "allocation not known", run, "the records do not say on which hosts the launches ran.");
    if (strstr(run->provenance, "simulated") || strstr(run->provenance, "emulated") ||
        strstr(run->provenance, "faulted"))
        say(warnings, "not a measurement", run, "provenance is %s.", run->provenance);
    if (run->died)
        say(warnings, "died", run, "%zu launch%s no end record; what was written is used.", run->died,
            run->died == 1 ? " has" : "es have");
    if (run->unfinished)
        say(warnings, "unfinished", run, "%zu launch%s interrupted or failed.", run->unfinished,
            run->unfinished == 1 ? " was" : "es were");
    if (run->shortfall.missing)
        say(warnings, "missing", run, "%zu of %zu planned launches are missing: %s.", run->shortfall.missing,
            run->shortfall.planned, run->shortfall.names);
    if (run->shortfall.unknown)
        say(warnings, "missing", run, "%s cannot be read: it is not known whether launches are missing.",
            run->shortfall.unknown);
    if (run->broken_lines)
        say(warnings, "broken lines", run, "%zu lines of its files could not be read.", run->broken_lines);
}

static void about_results(struct warnings *warnings, const struct run_summary *run)
{
    size_t wrong = 0, unchecked = 0, figures = 0, failed = 0, above = 0, gaps = 0;
    const struct case_summary *worst = NULL; /* the case that most launches lack */
    for (size_t c = 0; c < run->case_count; c++) {
        const struct case_summary *line = &run->cases[c];
        bool is_wrong = line->status == CASE_WRONG || (line->wrong != ABSENT && line->wrong > 0);
        wrong += is_wrong;
        failed += !is_wrong && (line->status == CASE_ERROR || line->status == CASE_TIMEOUT);
        figures += line->launches > 0;
        unchecked += line->launches > 0 && line->unchecked > 0;
        above += is_impossible(line);
        if (!line->launches || !line->turnout.without) continue;
        gaps++;
        if (!worst || line->turnout.without > worst->turnout.without) worst = line;
    }
    if (wrong)
        say(warnings, "wrong results", run,
            "Wrong data in %zu case%s. The launches that returned it are left out of the figures.", wrong,
            wrong == 1 ? "" : "s");
    if (failed)
        say(warnings, "failed", run,
            "%zu cases ended in an error, a timeout or contradict themselves in some launch.", failed);
    if (worst) {
        struct text words = {0};
        turnout_words(&words, worst->turnout, worst->status);
        say(warnings, "launches without a figure", run,
            "%zu case%s; the worst: %s (%s). The launches with a figure may be the fast ones: no 95 %% "
            "interval, and no place.",
            gaps, gaps == 1 ? "" : "s", text_get(&words), worst->key);
        text_free(&words);
    }
    if (unchecked)
        say(warnings, "unchecked", run, "%zu of %zu figures were not verified in every launch.", unchecked,
            figures);
    if (above)
        say(warnings, "above the bound", run,
            "%zu figures are faster than their bound or peak: they are impossible and rank nowhere.", above);
}

static void about_throttling(struct warnings *warnings, const struct run_summary *run)
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
                if (word && !list_has(text_get(&reasons), ", ", word) && reasons.length < 200)
                    text_add(&reasons, "%s%s", reasons.length ? ", " : "", word);
            }
        }
    if (cases)
        say(warnings, "throttled", run, "in %zu case rows the clocks were held down: %s.", cases,
            text_get(&reasons));
    text_free(&reasons);
}

/* Adds the warnings of busbar import: truncated tables, contradictory rank counts, inconsistent rows. */
static void about_sources(struct warnings *warnings, const struct run_summary *run, size_t *left)
{
    for (size_t i = 0; i < run->launch_count; i++) {
        json_t *list = json_object_get(run->launches[i]->header.source, "warnings"), *item;
        size_t k;
        json_array_foreach(list, k, item)
        {
            struct text words = {0};
            if (!json_is_string(item) || !*left) continue;
            plain_text(&words, json_string_value(item), 400);
            say(warnings, "import", run, "%s", text_get(&words));
            if (--*left == 0)
                say(warnings, "import", NULL,
                    "more warnings by busbar import are in the records (source.warnings).");
            text_free(&words);
        }
    }
}

static void about_prices(struct warnings *warnings, const struct report *report, size_t r)
{
    const struct study *study = report->study;
    const struct instance *instance = study->sites[r].instance;
    const struct run_summary *run = &study->aggregate.runs[r];
    if (!instance)
        say(warnings, "no price", run,
            "instance not given, or not in clouds.tsv: no price, no NIC rate for a bound.");
    else if (!report_priced(instance))
        say(warnings, "no price", run, "clouds.tsv has none for %s.", instance->name);
    else if (report_price_doubtful(report, instance)) {
        struct text words = {0};
        report_price_words(&words, report, instance);
        say(warnings, "doubtful price", run, "%s, US$ %.2f: %s (clouds.tsv line %zu).", instance->name,
            instance->usd_per_gpu_hour, text_get(&words), instance->line);
        text_free(&words);
    }
}

/* Warns of sizes in the summary that some runs of an extent lack: their cells stay empty and are not
   interpolated. */
static void about_sizes(struct warnings *warnings, const struct report *report)
{
    char size[UNIT_TEXT];
    for (int n = 0; n < REPORT_COLLECTIVES; n++)
        for (int scope = 0; scope < SCOPE_COUNT; scope++) {
            struct tracks tracks =
                study_tracks_in(report->study, report_collectives[n], FOR_BANDWIDTH, (enum scope)scope);
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
                    say(warnings, "size missing", NULL, "%s of %s, %s, was not measured in: %s.",
                        report_collectives[n], format_size(report->sizes[s], size), scope_names[scope],
                        text_get(&without));
                text_free(&without);
            }
            free(tracks.list);
        }
}

void report_warnings(struct page *page, const struct report *report)
{
    struct warnings warnings = {0};
    size_t left = MOST_SOURCE_WARNINGS;
    for (size_t r = 0; r < report->study->aggregate.count; r++) {
        const struct run_summary *run = &report->study->aggregate.runs[r];
        about_launches(&warnings, run);
        about_results(&warnings, run);
        about_throttling(&warnings, run);
        about_sources(&warnings, run, &left);
        about_prices(&warnings, report, r);
    }
    about_sizes(&warnings, report);
    if (report->study->twins) say(&warnings, "read twice", NULL, "%s.", report->study->twins);
    page_heading(page, 2, "warnings", "Warnings");
    print_warnings(page, &warnings);
}
