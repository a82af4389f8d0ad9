#include "analysis/history/history_output.h"
#include "analysis/common/terminal.h"
#include "analysis/compare/names.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DATE = 10, NAME = 22, SHOWN_DIFFERENCES = 6, SHOWN_NIGHTS = 5 };

static const char *date_of(const struct history *history, size_t night, char date[DATE + 1])
{
    return strncpy(memset(date, 0, DATE + 1), history->nights[night].started, DATE);
}

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

static void percent_text(struct text *out, double ratio)
{
    double percent = 100 * (ratio - 1);
    text_add(out, fabs(percent) >= 99.95 ? "%+.0f %%" : "%+.1f %%", percent);
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

void trend_text(const struct history *history, const struct case_history *one, struct text *out)
{
    char date[DATE + 1];
    struct text percent = {0};
    percent_text(&percent, one->ratio);
    const char *night = one->since < history->night_count ? history->nights[one->since].name : "?";
    switch (one->trend) {
    case TREND_REGRESSION:
    case TREND_FOLLOWS:
        text_add(out, "slower (%s) since %s (%s)", text_get(&percent), date_of(history, one->since, date),
                 night);
        if (one->steps > 1) text_add(out, ", in %zu steps, as a slow drift makes them", one->steps);
        if (one->trend == TREND_FOLLOWS) text_add(out, ", with all cases");
        break;
    case TREND_IMPROVEMENT:
        text_add(out, "faster (%s) since %s (%s)", text_get(&percent), date_of(history, one->since, date),
                 night);
        break;
    case TREND_MISSING:
        text_add(out, "no figure since %s (%s)", date_of(history, one->since, date), night);
        break;
    case TREND_WRONG:
        text_add(out, "wrong data in the newest run");
        break;
    case TREND_ACKNOWLEDGED:
        text_add(out, "changed on %s (%s)", date_of(history, one->since, date), night);
        break;
    case TREND_UNLIKE:
        text_add(
            out,
            "no figure since %s (%s): the newest run chose another BLAS: %s (--blas and --blas-kernel fix "
            "the choice)",
            date_of(history, one->since, date), night, one->instead);
        break;
    case TREND_FEW:
        text_add(out, "%zu figures: a change shows from %d on", one->figures, NIGHTS_FOR_CHANGE);
        break;
    default:
        text_add(out, "steady");
    }
    if (one->trend == TREND_ACKNOWLEDGED && one->acknowledgement)
        text_add(out, ", acknowledged: %s", one->acknowledgement->reason);
    if (one->problem && (one->trend == TREND_MISSING || one->trend == TREND_WRONG))
        text_add(out, ": %s", one->problem);
    if (one->apart) text_add(out, "; the newest night is far off: one bad night, or a change that begins");
    text_free(&percent);
}

bool trend_fails(const struct case_history *one, bool strict)
{
    return one->trend == TREND_REGRESSION || one->trend == TREND_MISSING || one->trend == TREND_WRONG ||
           (strict && one->apart);
}

/* ---- the summary line ---- */

void history_sentence(const struct history *history, bool strict, struct text *out)
{
    char first[DATE + 1], last[DATE + 1];
    bool bad = history_status(history, strict) != STATUS_OK;
    size_t slower = history->counts[TREND_REGRESSION],
           common = history->cases[history->case_count].trend == TREND_REGRESSION;
    if (!history->has_common) common = 0;
    text_add(out, "%s: ", bad ? "FAIL" : "ok");
    const char *comma = "";
    if (common) text_add(out, "all cases together have become slower"), comma = ", ";
    if (slower > common)
        text_add(out, "%s%zu of %zu cases %s become slower", comma, slower - common, history->case_count,
                 slower - common == 1 ? "has" : "have"),
            comma = ", ";
    if (!slower)
        text_add(out, "%sno case has become slower%s", comma,
                 history->counts[TREND_ACKNOWLEDGED] ? " unless acknowledged" : ""),
            comma = ", ";
    if (history->counts[TREND_MISSING]) text_add(out, "%s%zu missing", comma, history->counts[TREND_MISSING]);
    if (history->counts[TREND_WRONG]) text_add(out, ", %zu with wrong data", history->counts[TREND_WRONG]);
    if (history->failure_count)
        text_add(out, ", %zu failure%s", history->failure_count, history->failure_count == 1 ? "" : "s");
    if (strict && history->apart) text_add(out, ", %zu far off in the newest night", history->apart);
    text_add(out, ". %zu night%s, %s to %s.", history->night_count, history->night_count == 1 ? "" : "s",
             date_of(history, 0, first), date_of(history, history->night_count - 1, last));
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

bool trend_is_listed(const struct case_history *one)
{
    return one->apart ||
           (one->trend != TREND_STEADY && one->trend != TREND_FOLLOWS && one->trend != TREND_FEW);
}

static void row(const struct history *history, const struct case_history *one, const unsigned masks[2],
                bool whole, bool wide, struct table *table)
{
    char date[DATE + 1];
    struct text text = {0}, name = {0};
    bool changed =
        one->trend == TREND_REGRESSION || one->trend == TREND_FOLLOWS || one->trend == TREND_IMPROVEMENT;
    bool gone = one->trend == TREND_MISSING || one->trend == TREND_UNLIKE,
         dated = changed || gone || one->trend == TREND_ACKNOWLEDGED;
    if (!one->row)
        text_add(&name, "all cases (common)");
    else if (whole)
        text_add(&name, "%s", one->key);
    else
        short_name(&name, &(struct case_name){one->key, one->row}, masks[one->row->gemm != NULL]);
    plain_text(&text, text_get(&name), whole || wide ? 300 : NAME);
    table_cell(table, "%s", text_get(&text));
    text_clear(&text);
    if (changed) percent_text(&text, one->ratio);
    table_cell(table, "%s", dated ? date_of(history, one->since, date) : "");
    table_cell(table, "%s", text_get(&text));
    const bool percent = one->row && one->row->overlap;
    time_cell(table, one->before_us, percent);
    time_cell(table, gone ? NAN : one->now_us, percent);
    table_cell(table, "%s%s", one->trend == TREND_STEADY && one->apart ? "watch" : trend_names[one->trend],
               one->trend != TREND_STEADY && one->apart && whole ? ", watch" : "");
    text_free(&text);
    text_free(&name);
}

void history_fill_table(const struct history *history, bool all, bool whole, struct table *table,
                        struct text *shared)
{
    static const char *const names[] = {"<case", "<since", "change", "before", "now", "<verdict", NULL};
    struct case_name *list = allocate(history->case_count, sizeof *list);
    unsigned masks[2];
    const struct case_history *common = &history->cases[history->case_count];
    for (size_t c = 0; c < history->case_count; c++)
        list[c] = (struct case_name){history->cases[c].key, history->cases[c].row};
    for (int gemm = 0; gemm < 2; gemm++) {
        struct text tokens = {0};
        masks[gemm] = shared_tokens(list, history->case_count, gemm, &tokens);
        if (tokens.length && !whole) {
            text_add(shared, "all %s: ", gemm ? "matmul" : "collectives");
            plain_text(shared, tokens.data, 2000);
            text_add(shared, "\n");
        }
        text_free(&tokens);
    }
    table_columns(table, names);
    if (history->has_common && (all || trend_is_listed(common)))
        row(history, common, masks, whole, all, table);
    for (size_t c = 0; c < history->case_count; c++)
        if (all || trend_is_listed(&history->cases[c]))
            row(history, &history->cases[c], masks, whole, all, table);
    free(list);
}

static void print_table(const struct history *history, const struct readable *to)
{
    struct table table = {0};
    struct text shared = {0};
    history_fill_table(history, to->wide, to->markdown, &table, &shared);
    if (shared.length) terminal_lines(text_get(&shared), to->wide, to->out);
    if (table_rows(&table)) {
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

static void bad_nights(const struct history *history, const struct history_rules *rules,
                       const struct readable *to)
{
    struct text line = {0};
    size_t shown = 0, more = 0;
    char date[DATE + 1];
    for (size_t t = 0; t < history->night_count; t++) {
        size_t series = 0;
        for (size_t c = 0; c < history_series(history); c++)
            series += bad_night(history, &history->cases[c], rules, t) > 0;
        if (series && shown++ < SHOWN_NIGHTS)
            text_add(&line, "%s%s (%zu)", shown > 1 ? ", " : "Bad nights, not lasting (number of series): ",
                     date_of(history, t, date), series);
        else
            more += series > 0;
    }
    if (more) text_add(&line, " and %zu more", more);
    if (shown) say(to, text_get(&line), 0);
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
             "acknowledged). Chance of any false change in 30 nights: %g %%, over %zu series%s.",
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
