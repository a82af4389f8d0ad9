#include "measure/beside_table.h"
#include "base/text.h"
#include "base/units.h"
#include "base/wrap.h"

#include <math.h>

static struct case_row summary(const struct measured *m, const struct settings *s, unsigned capabilities)
{
    struct case_row row = cases_row(m, s, capabilities);
    row.samples_us = (struct samples){m->us, m->count};
    case_row_summarise(&row);
    return row;
}

static void print_interval(double lo, double hi, FILE *out)
{
    char a[UNIT_TEXT], b[UNIT_TEXT], text[2 * UNIT_TEXT + 4] = "-";
    if (isfinite(lo) && isfinite(hi))
        snprintf(text, sizeof text, "%s-%s", figure_text(lo, a), figure_text(hi, b));
    fprintf(out, " %15s", text);
}

static void print_figures(const char *state, const double median[3], const double p99[3], FILE *out)
{
    char text[UNIT_TEXT];
    fprintf(out, "  %-6s %8s", state, figure_text(median[0], text));
    print_interval(median[1], median[2], out);
    fprintf(out, " %8s", figure_text(p99[0], text));
    print_interval(p99[1], p99[2], out);
}

static void print_state(const char *state, const struct measured *m, const struct case_row *row, FILE *out)
{
    print_figures(state, (double[]){sampled_time_us(row), row->lo_us, row->hi_us},
                  (double[]){row->p99_us, row->p99_lo_us, row->p99_hi_us}, out);
    if (m->wrong == ABSENT)
        fprintf(out, " %5s", "-");
    else
        fprintf(out, " %5lld", (long long)m->wrong);
}

static void print_pair(const struct measured *idle, const struct measured *loaded, const struct settings *s,
                       unsigned capabilities, FILE *out)
{
    struct case_row a = summary(idle, s, capabilities), b = summary(loaded, s, capabilities);
    char size[UNIT_TEXT], time[UNIT_TEXT];
    case_row_compare_idle(&b, &a);
    fprintf(out, "%8s", format_size(idle->bytes, size));
    print_state("idle", idle, &a, out);
    fprintf(out, "\n%8s", idle->call.in_place ? "in place" : "");
    print_state("loaded", loaded, &b, out);
    fprintf(out, "\n%8s", "");
    print_figures("ratio", (double[]){b.slowdown, b.slowdown_lo, b.slowdown_hi},
                  (double[]){b.p99_slowdown, b.p99_slowdown_lo, b.p99_slowdown_hi}, out);
    fprintf(out, "\n");
    if (loaded->load.operations == ABSENT) return;
    fprintf(out, "%8s  load: %lld operations of %s us in %.1f %% of the time", "",
            (long long)loaded->load.operations, figure_text(loaded->load.us, time), 100 * loaded->load.share);
    if (loaded->load.wrong != ABSENT) fprintf(out, ", %lld wrong", (long long)loaded->load.wrong);
    fprintf(out, "\n");
}

static bool in_one_block(const struct measured *a, const struct measured *b)
{
    return a->call.collective == b->call.collective && a->call.mode == b->call.mode &&
           a->call.dtype == b->call.dtype && a->call.op == b->call.op && a->imbalance == b->imbalance;
}

static void print_heading(const struct measured *m, FILE *out)
{
    fprintf(out, "\n%s %s", m->call.collective->name, dtypes[m->call.dtype].name);
    if (m->call.collective->reduces) fprintf(out, " %s", op_names[m->call.op]);
    if (m->call.collective->rooted) fprintf(out, ", root %d", m->call.root);
    if (m->imbalance) fprintf(out, ", imbalance %s", m->imbalance->label);
    fprintf(out, ", %s\n%8s  %-6s %8s %15s %8s %15s %5s\n", mode_name(m->call.mode), "size", "", "time us",
            "95%", "p99 us", "95%", "wrong");
}

void beside_table(const struct cases *cases, const struct settings *s, const struct world *world,
                  unsigned capabilities, FILE *out)
{
    const struct measured *last = NULL;
    const int measuring = cases->count ? cases->list->split->ranks : 0;
    struct text head = {0}, folded = {0};
    text_add(&head, "%d ranks measure; the other %d sleep (idle) or repeat %s (loaded)\n", measuring,
             world->ranks - measuring, s->beside.label);
    text_add_wrapped(&folded, text_get(&head), TERMINAL_COLUMNS, 4);
    fputs(text_get(&folded), out);
    text_free(&head);
    text_free(&folded);
    for (size_t i = 0; i + 1 < cases->count; i += 2) {
        const struct measured *idle = &cases->list[i], *loaded = &cases->list[i + 1];
        if (!idle->count || !loaded->count) continue;
        if (!last || !in_one_block(last, idle)) print_heading(idle, out);
        print_pair(idle, loaded, s, capabilities, out);
        last = idle;
    }
}
