/* Prices with what a reader must know before using one: kind, age, and whether they are doubtful. */
#include "analysis/report/report_figures.h"

#include <math.h>

enum { OLD_DAYS = 90 };

bool report_priced(const struct instance *instance)
{
    return instance && isfinite(instance->usd_per_gpu_hour);
}

bool report_price_doubtful(const struct report *report, const struct instance *instance)
{
    int64_t age = price_age_days(instance, report->now);
    return price_is_unverified(instance) || age == ABSENT || age > OLD_DAYS;
}

/* Adds a price's kind, date and age, and in capitals why it is doubtful: OUT OF DATE, UNVERIFIED. */
static void words(struct text *out, const struct report *report, const struct instance *instance,
                  const char *separator)
{
    int64_t age = price_age_days(instance, report->now);
    plain_text(out, *instance->price_kind ? instance->price_kind : "kind not given", 40);
    text_add(out, "%s", separator);
    if (*instance->price_date) {
        plain_text(out, instance->price_date, 40);
        text_add(out, "%s", separator);
    }
    if (age == ABSENT)
        text_add(out, "AGE NOT KNOWN");
    else
        text_add(out, "%lld day%s old", (long long)age, age == 1 ? "" : "s");
    if (age > OLD_DAYS) text_add(out, "%sOUT OF DATE", separator);
    if (price_is_unverified(instance)) text_add(out, "%sUNVERIFIED", separator);
}

void report_price_words(struct text *out, const struct report *report, const struct instance *instance)
{
    words(out, report, instance, ", ");
}

void report_price_cell(struct table *table, const struct report *report, const struct instance *instance)
{
    struct text text = {0};
    struct instance other;
    if (report_priced(instance)) {
        text_add(&text, "%.2f\n", instance->usd_per_gpu_hour);
        words(&text, report, instance, "\n"); /* short lines: the column is narrow */
        if (instance->price_given)
            text_add(&text, "\n--price");
        else
            text_add(&text, "\nclouds.tsv:%zu", instance->line);
        if (instance_other_price(instance, &other)) {
            text_add(&text, "\nor %.2f\n", other.usd_per_gpu_hour);
            words(&text, report, &other, "\n");
        }
    }
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
}

/* The leader stays ahead until its price has risen by the factor `ratio`, since value for money is
   inversely proportional to the price. */
void report_lead_words(struct text *out, const char *name, double usd_per_gpu_hour, double ratio)
{
    text_add(out, " %s leads up to US$ %.2f per GPU-hour", name, usd_per_gpu_hour * ratio);
}

void report_price_cells(struct table *table, const struct report *report, const struct instance *instance)
{
    enum { CELLS = 5 };
    bool priced = report_priced(instance);
    if (!priced) {
        for (int i = 0; i < CELLS; i++) table_cell(table, "%s", "");
        return;
    }
    int64_t age = price_age_days(instance, report->now);
    table_cell(table, "%.7g", instance->usd_per_gpu_hour);
    table_cell(table, "%s", instance->price_kind);
    table_cell(table, "%s", instance->price_date);
    table_integer(table, age);
    table_cell(table, "%s",
               price_is_unverified(instance) ? "unverified"
               : age == ABSENT               ? "age not known"
               : age > OLD_DAYS              ? "older than 90 days"
                                             : "");
}
