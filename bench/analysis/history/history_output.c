#include "analysis/history/history_output.h"
#include "analysis/common/terminal.h"
#include "analysis/compare/names.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 22, SHOWN_DIFFERENCES = 6, SHOWN_NIGHTS = 5, SHOWN_SERIES = 3 };

/* ---- lines ---- */

struct readable {
    struct text *out;
    bool markdown, wide;
};

/* Adds a line. Indents it by `indent`, and continuation lines by four. */
static void say(const struct readable *to, const char *line, size_t indent)
{
    struct text plain = {0};
    line_text(&plain, line, 2000, to->markdown);
    struct text indented = {0};
    text_add(&indented, "%*s%s%s\n", (int)indent, "", to->markdown ? "- " : "", text_get(&plain));
    terminal_lines(text_get(&indented), to->markdown || to->wide, to->out);
    text_free(&indented);
    text_free(&plain);
}

/* "4.02 ms": three or four digits, at most nine columns. percent: of overlap (compare/overlap_cases.h). */
static void time_cell(struct table *table, double us, bool percent)
{
    static const struct {
        double from;
        const char *unit;
    } units[] = {{1e6, "s"}, {1e3, "ms"}, {1, "us"}, {0, "ns"}};
    char number[32];
    size_t u = 0;
    if (!isfinite(us)) {
        table_cell(table, "%s", "");
        return;
    }
    if (percent) {
        table_cell(table, "%s %%", number_text(us, number));
        return;
    }
    while (us < units[u].from) u++;
    table_cell(table, "%.6s %s", number_text(us / (units[u].from > 0 ? units[u].from : 1e-3), number),
               units[u].unit);
}

static void sentence(const struct history *history, bool strict, const struct readable *to)
{
    struct text line = {0};
    history_sentence(history, strict, &line);
    if (to->markdown)
        text_add(to->out, "**%s**\n\n", text_get(&line));
    else
        say(to, text_get(&line), 0), text_add(to->out, "\n");
    text_free(&line);
}

/* ---- the table ---- */

/* The change of the level or, where none is found, of the newest night; NAN: nothing to show. */
static double shown_ratio(const struct case_history *one)
{
    switch (one->trend) {
    case TREND_REGRESSION:
    case TREND_FOLLOWS:
    case TREND_IMPROVEMENT:
        return one->ratio;
    case TREND_ACKNOWLEDGED:
        return one->missing ? NAN : one->ratio;
    default:
        return one->newest_ratio;
    }
}

static void row(const struct history *history, const struct case_history *one, const unsigned masks[2],
                bool wraps, bool wide, struct table *table)
{
    char date[NIGHT_DATE];
    struct text text = {0}, name = {0};
    const bool watch = trend_is_open(one) && one->apart, percent = one->row && one->row->overlap;
    const bool dated = !trend_is_open(one) && one->trend != TREND_WRONG;
    const double ratio = shown_ratio(one);
    series_name(one, masks, &name);
    for (size_t i = 0; wraps && i < name.length; i++)
        if (name.data[i] == '/') name.data[i] = ' ';
    plain_text(&text, text_get(&name), wraps || wide ? 300 : NAME);
    table_cell(table, "%s", text_get(&text));
    text_clear(&text);
    if (!isnan(ratio)) percent_text(&text, ratio);
    table_cell(table, "%s",
               watch   ? night_date(history, one->apart_since, date)
               : dated ? night_date(history, one->since, date)
                       : "");
    table_cell(table, "%s", text_get(&text));
    time_cell(table, one->before_us, percent);
    time_cell(table, one->now_us, percent);
    table_cell(table, "%s%s", watch ? "watch" : trend_names[one->trend],
               one->apart && !watch && wraps ? ", watch" : "");
    text_free(&text);
    text_free(&name);
}

void history_fill_table(const struct history *history, bool all, bool wraps, struct table *table,
                        struct text *shared)
{
    static const char *const names[] = {"<case", "<since", "change", "before", "now", "<verdict", NULL};
    unsigned masks[2];
    const struct case_history *common = &history->cases[history->case_count];
    history_masks(history, masks, shared);
    table_columns(table, names);
    if (history->has_common && (all || trend_is_listed(common)))
        row(history, common, masks, wraps, all, table);
    for (size_t c = 0; c < history->case_count; c++)
        if (all || trend_is_listed(&history->cases[c]))
            row(history, &history->cases[c], masks, wraps, all, table);
}

static void print_table(const struct history *history, const struct readable *to)
{
    struct table table = {0};
    struct text shared = {0};
    history_fill_table(history, to->wide, to->markdown, &table, &shared);
    for (char *line = shared.data, *end; line && *line; line = end + 1) {
        end = strchr(line, '\n');
        *end = 0;
        say(to, line, 0);
    }
    if (table_rows(&table)) {
        if (to->markdown) text_add(to->out, "\n");
        table_print(&table, to->markdown ? TABLE_MARKDOWN : TABLE_TEXT, to->out);
        text_add(to->out, "\n");
    }
    table_free(&table);
    text_free(&shared);
}

/* ---- differences of the environments ---- */

/* A sort key: differences that usually explain a change come first. */
static int weight(const char *name)
{
    static const char *const first[] = {
        "facts.nccl", "facts.driver", "facts.nvidia", "facts.cuda", "facts.kernel",
        "facts.mpi",  "env.",         "hosts",        "args",       NULL};
    int at = 0;
    while (first[at] && strncmp(name, first[at], strlen(first[at])) != 0) at++;
    return at;
}

static int by_weight(const void *a, const void *b)
{
    const struct difference *x = a, *y = b;
    int order = weight(x->name) - weight(y->name);
    return order ? order : strcmp(x->name, y->name);
}

void trend_differences(struct history *history, const struct case_history *one, struct text *out)
{
    size_t count;
    struct difference *list = change_differences(history, one, one->since, &count);
    if (count) qsort(list, count, sizeof *list, by_weight);
    for (size_t i = 0; i < count && i < SHOWN_DIFFERENCES; i++) {
        plain_text(out, list[i].name, 60);
        text_add(out, ": ");
        plain_text(out, list[i].base, 60);
        text_add(out, " -> ");
        plain_text(out, list[i].fresh, 60);
        text_add(out, "\n");
    }
    if (count > SHOWN_DIFFERENCES)
        text_add(out, "and %zu more differences (busbar history --format json lists all)\n",
                 count - SHOWN_DIFFERENCES);
    if (!count) text_add(out, "nothing that the records know of changed in the environment\n");
    free(list);
}

static void differences_text(struct history *history, const struct case_history *one,
                             const struct readable *to)
{
    struct text lines = {0};
    trend_differences(history, one, &lines);
    for (char *line = lines.data, *end; line && *line; line = end + 1) {
        end = strchr(line, '\n');
        *end = 0;
        say(to, line, 4);
    }
    text_free(&lines);
}

static void details(struct history *history, const struct readable *to)
{
    for (size_t c = 0; c <= history->case_count; c++) { /* the common factor first */
        const struct case_history *one = &history->cases[c ? c - 1 : history->case_count];
        if ((!c && !history->has_common) || !trend_is_listed(one)) continue;
        struct text line = {0};
        text_add(&line, "%s: ", one->row ? one->key : "all cases (common)");
        trend_text(history, one, &line);
        say(to, text_get(&line), 0);
        if (one->trend == TREND_REGRESSION || one->trend == TREND_IMPROVEMENT)
            differences_text(history, one, to);
        text_free(&line);
    }
    text_add(to->out, "\n");
}

/* Adds "2026-01-13: +40.1 % all_reduce 2 MiB, +20.0 % all_reduce 4 MiB and 3 more". Returns false if no
   series was slow on that night alone. */
static bool bad_night_text(const struct history *history, const struct history_rules *rules,
                           const unsigned masks[2], size_t night, size_t most, struct text *out)
{
    size_t series = 0;
    char date[NIGHT_DATE];
    for (size_t c = 0; c <= history->case_count; c++) { /* the common factor first */
        const struct case_history *one = &history->cases[c ? c - 1 : history->case_count];
        if ((!c && !history->has_common) || bad_night(history, one, rules, night) <= 0) continue;
        if (one->apart && night >= one->apart_since) continue; /* perhaps a change that begins */
        if (series++ >= most) continue;
        if (series == 1)
            text_add(out, "%s: ", night_date(history, night, date));
        else
            text_add(out, ", ");
        percent_text(out, night_ratio(history, one, night));
        text_add(out, " ");
        series_name(one, masks, out);
    }
    if (series > most) text_add(out, " and %zu more", series - most);
    return series > 0;
}

/* Lists the nights before the newest run that were slow alone, the last ones first. */
static void bad_nights(const struct history *history, const struct history_rules *rules,
                       const struct readable *to)
{
    struct text line = {0};
    size_t shown = 0, more = 0;
    unsigned masks[2];
    history_masks(history, masks, NULL);
    for (size_t t = history->night_count; t-- > 0;) {
        text_clear(&line);
        if (history->nights[t].newest ||
            !bad_night_text(history, rules, masks, t, to->wide ? SIZE_MAX : SHOWN_SERIES, &line))
            continue;
        if (!to->wide && shown == SHOWN_NIGHTS) {
            more++;
            continue;
        }
        if (!shown++) say(to, "Bad nights, not lasting:", 0);
        say(to, text_get(&line), 4);
    }
    text_clear(&line);
    text_add(&line, "and %zu earlier one%s", more, more == 1 ? "" : "s");
    if (more) say(to, text_get(&line), 4);
    text_free(&line);
}

static void summary(const struct history *history, const struct history_rules *rules,
                    const struct readable *to)
{
    struct text line = {0};
    for (size_t i = 0; i < TREND_COUNT; i++)
        if (history->counts[i])
            text_add(&line, "%s%zu %s", line.length ? ", " : "", history->counts[i], trend_names[i]);
    text_add(&line, ".");
    say(to, text_get(&line), 0);
    text_clear(&line);
    text_add(&line,
             "Slower by more than %g %% than the reference (the first level, or the last one that lasted and "
             "was faster or "
             "acknowledged). A change is that of the level, the median of the nights; now is the newest "
             "night. Chance of any false change in 30 nights: %g %%, over %zu series%s.",
             100 * rules->delta, 100 * rules->alpha, history_series(history),
             history->has_common ? ", one of them what all cases of a night have in common" : "");
    say(to, text_get(&line), 0);
    text_free(&line);
}

void history_print(struct history *history, const struct history_rules *rules,
                   const struct history_choice *choice, struct text *out)
{
    const struct readable to = {out, choice->markdown, choice->wide};
    struct text line = {0};
    sentence(history, choice->strict, &to);
    print_table(history, &to);
    details(history, &to);
    for (int note = 0; note < 2; note++)
        for (size_t i = 0; i < (note ? history->note_count : history->failure_count); i++) {
            text_clear(&line);
            text_add(&line, "%s: %s", note ? "note" : "FAIL",
                     note ? history->notes[i] : history->failures[i]);
            say(&to, text_get(&line), 0);
        }
    bad_nights(history, rules, &to);
    summary(history, rules, &to);
    text_free(&line);
}
