/* Prints a history in the formats for programs: JSON and JUnit XML. */
#include "analysis/history/history_output.h"
#include "analysis/common/json.h"
#include "analysis/common/table.h"

#include <math.h>
#include <stdlib.h>

/* ---- JSON ---- */

static json_t *night_json(const struct history *history, size_t night)
{
    json_t *object = json_object();
    object_put(object, "index", json_integer((json_int_t)night));
    object_put_text(object, "run", history->nights[night].run->run);
    object_put_text(object, "allocation", history->nights[night].run->allocation);
    object_put_text(object, "started", history->nights[night].started);
    return object;
}

static json_t *change_json(struct history *history, const struct case_history *one, size_t i)
{
    const struct change *change = &one->series.changes[i];
    json_t *object = json_object(), *list = json_array();
    size_t count;
    object_put(object, "first", night_json(history, change->first));
    object_put(object, "seen", night_json(history, change->found));
    object_put_real(object, "ratio", change_ratio(history, one, i));
    struct difference *differences = change_differences(history, one, change->first, &count);
    for (size_t d = 0; d < count; d++) {
        json_t *difference = json_object();
        object_put_text(difference, "name", differences[d].name);
        object_put_text(difference, "before", differences[d].base);
        object_put_text(difference, "after", differences[d].fresh);
        array_add(list, difference);
    }
    free(differences);
    object_put(object, "environment", list);
    return object;
}

static json_t *case_json(struct history *history, const struct history_rules *rules,
                         const struct case_history *one)
{
    json_t *object = json_object(), *changes = json_array(), *bad = json_array(), *figures = json_array();
    struct text text = {0};
    trend_text(history, one, &text);
    object_put_text(object, "key", one->key);
    if (one->row) object_put_text(object, "statistic", statistic_name(one->statistic));
    object_put_text(object, "verdict", trend_names[one->trend]);
    object_put_text(object, "text", text_get(&text));
    const bool percent = one->row && one->row->overlap;
    object_put_real(object, percent ? "before_percent" : "before_us", one->before_us);
    object_put_real(object, percent ? "level_percent" : "level_us", one->level_us);
    object_put_real(object, percent ? "now_percent" : "now_us", one->now_us);
    object_put_real(object, "ratio", one->ratio);
    object_put_real(object, "sigma", one->series.sigma);
    object_put(object, "newest_night_far_off", json_boolean(one->apart));
    object_put_real(object, "newest_ratio", one->newest_ratio);
    if (one->acknowledgement) object_put_text(object, "acknowledged", one->acknowledgement->reason);
    for (size_t i = 0; i < one->series.change_count; i++) array_add(changes, change_json(history, one, i));
    object_put(object, "changes", changes);
    for (size_t t = 0; t < history->night_count; t++) {
        double value = one->series.values[t];
        array_add(figures, isnan(value) ? json_null() : json_real(exp(value)));
        if (bad_night(history, one, rules, t)) array_add(bad, json_integer((json_int_t)t));
    }
    object_put(object, "bad_nights", bad);
    object_put(object, !one->row ? "factor" : percent ? "both_percent" : "time_us", figures);
    text_free(&text);
    return object;
}

static json_t *lines_json(const char *const *lines, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) array_add(list, clean_string(lines[i]));
    return list;
}

void history_json(struct history *history, const struct history_rules *rules, bool strict, struct text *out)
{
    json_t *object = json_object(), *nights = json_array(), *cases = json_array();
    object_put(object, "alpha", json_real(rules->alpha));
    object_put(object, "delta", json_real(rules->delta));
    for (size_t t = 0; t < history->night_count; t++) array_add(nights, night_json(history, t));
    object_put(object, "nights", nights);
    for (size_t c = 0; c < history->case_count; c++)
        array_add(cases, case_json(history, rules, &history->cases[c]));
    object_put(object, "cases", cases);
    if (history->has_common)
        object_put(object, "common", case_json(history, rules, &history->cases[history->case_count]));
    object_put(object, "failures", lines_json(history->failures, history->failure_count));
    object_put(object, "notes", lines_json(history->notes, history->note_count));
    object_put(object, "pass", json_boolean(!history_status(history, strict)));
    print_json(out, object, 9);
}

/* ---- JUnit ---- */

static void test_case(const char *name, const char *element, const char *what, struct text *out)
{
    text_add(out, "    <testcase classname=\"busbar.history\" name=\"");
    xml_text(out, name);
    text_add(out, "\">\n      <%s%s", element ? element : "system-out", element ? " message=\"" : ">");
    xml_text(out, what);
    text_add(out, "%s\n    </testcase>\n", element ? "\"/>" : "</system-out>");
}

/* A case without a verdict. */
static bool is_skipped(const struct case_history *one, bool strict)
{
    return (one->trend == TREND_FEW || one->trend == TREND_UNLIKE) && !trend_fails(one, strict);
}

void history_junit(const struct history *history, bool strict, struct text *out)
{
    size_t series = history_series(history), failures = history->failure_count, skips = 0;
    for (size_t c = 0; c < series; c++) {
        failures += trend_fails(&history->cases[c], strict);
        skips += is_skipped(&history->cases[c], strict);
    }
    text_add(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
        "  <testsuite name=\"busbar history\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n",
        series + history->failure_count, failures, skips);
    for (size_t c = 0; c < series; c++) {
        const struct case_history *one = &history->cases[c];
        struct text what = {0};
        text_add(&what, "%s: ", trend_names[one->trend]);
        trend_text(history, one, &what);
        const char *element = trend_fails(one, strict)  ? "failure"
                              : is_skipped(one, strict) ? "skipped"
                                                        : NULL;
        test_case(one->key, element, text_get(&what), out);
        text_free(&what);
    }
    for (size_t i = 0; i < history->failure_count; i++) {
        struct text name = {0};
        text_add(&name, "whole history %zu", i + 1);
        test_case(text_get(&name), "failure", history->failures[i], out);
        text_free(&name);
    }
    text_add(out, "  </testsuite>\n</testsuites>\n");
}
