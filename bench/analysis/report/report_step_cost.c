#include "analysis/report/report_step_cost.h"
#include "analysis/compare/steps.h"

#include <math.h>

double step_cost_factor(const struct report *report, const struct step *step)
{
    const struct instance *instance = report->study->sites[step->run].instance;
    return report_priced(instance) ? instance->usd_per_gpu_hour / 3600 * (double)step->ranks : NAN;
}

double step_token_cost_factor(const struct report *report, const struct step *step)
{
    return step_cost_factor(report, step) / ((double)step->ranks * report->workload->tokens) * 1e6;
}

double step_token_joule(const struct report *report, const struct step *step)
{
    return report_step_joule(step, report->workload) / report->workload->tokens;
}

void step_price_cell(struct table *table, const struct report *report, const struct step *step)
{
    const double factor = step_cost_factor(report, step);
    struct text cell = {0};
    char least[32], most[32];
    if (figure_present(step->serial) && !isfinite(factor))
        text_add(&cell, "no price");
    else if (figure_present(step->serial)) {
        text_add(&cell, "%s to %s\n", number_text(step->overlapped.point * factor, least),
                 number_text(step->serial.point * factor, most));
        report_price_words(&cell, report, report->study->sites[step->run].instance);
    }
    table_cell(table, "%s", text_get(&cell));
    text_free(&cell);
}

void cheapest_step(struct text *text, const struct report *report, const struct step *steps, size_t n)
{
    const struct step *best = NULL;
    double least = INFINITY, next = INFINITY;
    const char *kind = NULL;
    char value[32], tokens[32];
    size_t alike = 0;
    for (size_t i = 0; i < n; i++) {
        const struct instance *instance = report->study->sites[steps[i].run].instance;
        double cost = steps[i].serial.point * step_cost_factor(report, &steps[i]);
        if (!isfinite(cost) || (kind && !same(kind, instance->price_kind))) continue;
        kind = instance->price_kind;
        alike++;
        if (cost < least)
            next = least, least = cost, best = &steps[i];
        else
            next = fmin(next, cost);
    }
    if (!best) return;
    const struct instance *instance = report->study->sites[best->run].instance;
    const char *label = report->study->aggregate.runs[best->run].label;
    const double per_token = best->serial.point * step_token_cost_factor(report, best),
                 joule = step_token_joule(report, best);
    text_add(text, " %s without overlap: %s, US$ %s per step", alike > 1 ? "Cheapest" : "Cost", label,
             number_text(least, value));
    if (isfinite(per_token)) text_add(text, ", US$ %s per million tokens", number_text(per_token, tokens));
    if (isfinite(joule)) text_add(text, ", %s J per token", number_text(joule, tokens));
    text_add(text, ", at US$ %.2f per GPU-hour (", instance->usd_per_gpu_hour);
    report_price_words(text, report, instance);
    text_add(text, ")");
    if (alike > 1) {
        text_add(text, ";");
        report_lead_words(text, label, instance->usd_per_gpu_hour, next / least);
    }
    text_add(text, ".");
}

struct figure measured_token_cost(const struct report *report, size_t run, const struct case_summary *line)
{
    const struct instance *instance = report->study->sites[run].instance;
    const struct figure tokens = step_figure(line, "tokens");
    if (!report_priced(instance) || !figure_present(tokens)) return figure_absent();
    return figure_scaled(line->time_us, instance->usd_per_gpu_hour / 3600 / tokens.point);
}

void measured_cost_words(struct text *text, const struct report *report, size_t run,
                         const struct case_summary *line)
{
    const struct instance *instance = report->study->sites[run].instance;
    const struct figure cost = measured_token_cost(report, run, line);
    char usd[32];
    if (!figure_present(cost)) return;
    text_add(text, "; US$ per million tokens %s, at US$ %.2f per GPU-hour (", number_text(cost.point, usd),
             instance->usd_per_gpu_hour);
    report_price_words(text, report, instance);
    text_add(text, ")");
}
