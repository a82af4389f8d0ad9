/* The verdicts of a history in words. */
#include "analysis/history/history_output.h"
#include "analysis/compare/names.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *night_date(const struct history *history, size_t night, char date[NIGHT_DATE])
{
    return strncpy(memset(date, 0, NIGHT_DATE), history->nights[night].started, NIGHT_DATE - 1);
}

void percent_text(struct text *out, double ratio)
{
    double percent = 100 * (ratio - 1);
    text_add(out, fabs(percent) >= 99.95 ? "%+.0f %%" : "%+.1f %%", percent);
}

void trend_text(const struct history *history, const struct case_history *one, struct text *out)
{
    char date[NIGHT_DATE];
    const bool several = one->apart_since < history->night_count && !history->nights[one->apart_since].newest;
    struct text percent = {0};
    percent_text(&percent, one->ratio);
    const char *night = one->since < history->night_count ? history->nights[one->since].name : "?";
    switch (one->trend) {
    case TREND_REGRESSION:
    case TREND_FOLLOWS:
        text_add(out, "slower (%s) since %s (%s)", text_get(&percent), night_date(history, one->since, date),
                 night);
        if (one->steps > 1) text_add(out, ", in %zu steps, as a slow drift makes them", one->steps);
        if (one->trend == TREND_FOLLOWS) text_add(out, ", with all cases");
        break;
    case TREND_IMPROVEMENT:
        text_add(out, "faster (%s) since %s (%s)", text_get(&percent), night_date(history, one->since, date),
                 night);
        break;
    case TREND_MISSING:
        text_add(out, "%s since %s (%s)", one->gap ? one->gap : "no figure",
                 night_date(history, one->since, date), night);
        break;
    case TREND_WRONG:
        text_add(out, "wrong data in the newest run");
        break;
    case TREND_ACKNOWLEDGED:
        text_add(out, "%s", one->missing ? one->gap ? one->gap : "no figure" : "");
        if (!one->missing) text_add(out, "%s (%s)", one->ratio < 1 ? "faster" : "slower", text_get(&percent));
        text_add(out, " since %s (%s)", night_date(history, one->since, date), night);
        break;
    case TREND_UNLIKE:
        text_add(
            out,
            "no figure since %s (%s): the newest run chose another BLAS: %s (--blas and --blas-kernel fix "
            "the choice)",
            night_date(history, one->since, date), night, one->instead);
        break;
    case TREND_FEW:
        text_add(out, "%zu figures: a change shows from %d on", one->figures, NIGHTS_FOR_CHANGE);
        break;
    default:
        if (!one->apart) text_add(out, "steady");
    }
    if (one->trend == TREND_ACKNOWLEDGED && one->acknowledgement)
        text_add(out, ", acknowledged: %s", one->acknowledgement->reason);
    if (one->problem && (one->trend == TREND_MISSING || one->trend == TREND_WRONG))
        text_add(out, ": %s", one->problem);
    if (one->apart)
        text_add(out, "%sthe newest night is far off (%.2f times as long%s%s): %s, or a change that begins",
                 one->trend == TREND_STEADY ? "" : "; ", one->newest_ratio, several ? ", since " : "",
                 several ? night_date(history, one->apart_since, date) : "",
                 several ? "bad nights" : "one bad night");
    text_free(&percent);
}

bool trend_fails(const struct case_history *one, bool strict)
{
    return one->trend == TREND_REGRESSION || one->trend == TREND_MISSING || one->trend == TREND_WRONG ||
           (strict && one->apart);
}

/* ---- the summary line ---- */

/* Adds "in the newest night 2 of 6 cases take up to 2.02 times as long" if any is far off. */
static void apart_words(const struct history *history, struct text *out)
{
    const struct case_history *common = &history->cases[history->case_count], *only = NULL;
    size_t cases = 0;
    double most = 0;
    for (size_t c = 0; c < history->case_count; c++) {
        if (!history->cases[c].apart) continue;
        only = &history->cases[c];
        most = fmax(most, only->newest_ratio);
        cases++;
    }
    text_add(out, "in the newest night ");
    if (history->has_common && common->apart)
        text_add(out, "all cases together take %.2f times as long%s", common->newest_ratio,
                 cases ? ", and " : "");
    if (cases)
        text_add(out, "%zu of %zu cases %s %s%.2f times as long", cases, history->case_count,
                 cases == 1 ? "takes" : "take", cases == 1 ? "" : "up to ", most);
}

void history_sentence(const struct history *history, bool strict, struct text *out)
{
    char first[NIGHT_DATE], last[NIGHT_DATE];
    bool bad = history_status(history, strict) != STATUS_OK;
    size_t slower = history->counts[TREND_REGRESSION],
           common = history->cases[history->case_count].trend == TREND_REGRESSION;
    if (!history->has_common) common = 0;
    const char *comma = "";
    text_add(out, "%s: ", bad ? "FAIL" : history->apart ? "watch" : "ok");
    if (history->apart) apart_words(history, out), comma = "; ";
    if (common) text_add(out, "all cases together have become slower"), comma = ", ";
    if (slower > common)
        text_add(out, "%s%zu of %zu cases %s become slower", comma, slower - common, history->case_count,
                 slower - common == 1 ? "has" : "have"),
            comma = ", ";
    if (!slower && history->counts[TREND_FEW] == history_series(history))
        text_add(out, "%stoo few nights to tell of lasting changes (%d are needed)", comma,
                 NIGHTS_FOR_CHANGE),
            comma = ", ";
    else if (!slower)
        text_add(out, "%sno case has become slower%s%s", comma, history->apart ? " for good" : "",
                 history->counts[TREND_ACKNOWLEDGED] ? " unless acknowledged" : ""),
            comma = ", ";
    if (history->counts[TREND_MISSING]) text_add(out, "%s%zu missing", comma, history->counts[TREND_MISSING]);
    if (history->counts[TREND_WRONG]) text_add(out, ", %zu with wrong data", history->counts[TREND_WRONG]);
    if (history->failure_count)
        text_add(out, ", %zu failure%s", history->failure_count, history->failure_count == 1 ? "" : "s");
    text_add(out, ". %zu night%s, %s to %s.", history->night_count, history->night_count == 1 ? "" : "s",
             night_date(history, 0, first), night_date(history, history->night_count - 1, last));
}

bool trend_is_listed(const struct case_history *one)
{
    return one->apart ||
           (one->trend != TREND_STEADY && one->trend != TREND_FOLLOWS && one->trend != TREND_FEW);
}

/* ---- names ---- */

void history_masks(const struct history *history, unsigned masks[2], struct text *shared)
{
    struct case_name *list = allocate(history->case_count, sizeof *list);
    for (size_t c = 0; c < history->case_count; c++)
        list[c] = (struct case_name){history->cases[c].key, history->cases[c].row};
    for (int gemm = 0; gemm < 2; gemm++) {
        struct text tokens = {0};
        masks[gemm] = shared_tokens(list, history->case_count, gemm, &tokens);
        if (tokens.length && shared) {
            text_add(shared, "all %s: ", gemm ? "matmul" : "collectives");
            plain_text(shared, tokens.data, 2000);
            text_add(shared, "\n");
        }
        text_free(&tokens);
    }
    free(list);
}

void series_name(const struct case_history *one, const unsigned masks[2], struct text *name)
{
    if (!one->row)
        text_add(name, "all cases (common)");
    else
        short_name(name, &(struct case_name){one->key, one->row}, masks[one->row->gemm != NULL]);
}
