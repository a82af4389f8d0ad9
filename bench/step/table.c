#include "base/units.h"
#include "base/wrap.h"
#include "step/step.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PART = 26, HOW = 21 }; /* columns of the texts; with the figures a row has 80 */

/* A row: the part, its type and group, calls, time of a call, share of the step, wrong elements. */
static void add_line(const char *part, const char *how, int64_t calls, double us, double step_us,
                     int64_t wrong, struct text *out)
{
    char time[UNIT_TEXT], share[UNIT_TEXT] = "-", errors[UNIT_TEXT] = "-";
    if (isfinite(us * step_us)) snprintf(share, sizeof share, "%.1f", 100 * us * (double)calls / step_us);
    if (wrong != ABSENT) snprintf(errors, sizeof errors, "%lld", (long long)wrong);
    if (strlen(part) > PART || strlen(how) > HOW) {
        text_add(out, "%s  %s\n", part, how);
        part = how = "";
    }
    text_add(out, "%-*s %-*s %7lld %9s %7s %5s\n", PART, part, HOW, how, (long long)calls,
             figure_text(us, time), share, errors);
}

static void add_calls(const struct step_launch *l, double step_us, struct text *out)
{
    const struct schedule *s = &l->schedule;
    struct text words = {0};
    for (size_t i = 0; i < s->call_count; i++) {
        const struct step_call *c = &s->calls[i];
        char size[UNIT_TEXT], part[96], how[96];
        snprintf(part, sizeof part, "%.40s %s", c->row->part, format_size((size_t)c->bytes, size));
        snprintf(how, sizeof how, "%s, %s", dtypes[c->dtype].name,
                 c->axes ? axes_words(c->axes, &words) : "all ranks");
        add_line(part, how, c->in_step, step_time_us(l, REPLAY_CALL, i), step_us, l->call_wrong[i], out);
    }
    text_free(&words);
}

static void add_products(const struct step_launch *l, double step_us, struct text *out)
{
    const struct schedule *s = &l->schedule;
    for (size_t i = 0; i < s->product_count; i++) {
        const struct step_product *p = &s->products[i];
        char part[96];
        snprintf(part, sizeof part, "matmul %lldx%lldx%lld", (long long)p->m, (long long)p->n,
                 (long long)p->k);
        add_line(part, gemm_type_name(p->type), p->in_step, step_time_us(l, REPLAY_PRODUCT, i), step_us,
                 l->product_wrong[i], out);
    }
}

static void add_overlaps(const struct step_launch *l, double step_us, struct text *out)
{
    const struct schedule *s = &l->schedule;
    bool any = false;
    for (size_t i = 0; i < s->section_count; i++) {
        const struct step_section *section = &s->sections[i];
        char part[64], sides[96], times[2][UNIT_TEXT];
        double communication_us, computation_us;
        if (!section->overlap) continue;
        any = true;
        step_sides_us(l, section, &communication_us, &computation_us);
        snprintf(part, sizeof part, "overlap %.40s", section->overlap);
        snprintf(sides, sizeof sides, "%s, %s", figure_text(communication_us, times[0]),
                 figure_text(computation_us, times[1]));
        add_line(part, sides, section->in_step, step_time_us(l, REPLAY_SECTION, i), step_us, ABSENT, out);
    }
    if (any)
        text_add(
            out,
            "The two times of an overlap are those of its collectives and of its matmuls, each alone.\n");
}

static void add_tokens(const struct step_launch *l, const struct step_figures *f, struct text *out)
{
    const double tokens = l->schedule.workload->tokens, step_s = f->step_us * 1e-6;
    char text[UNIT_TEXT], per_step[UNIT_TEXT];
    if (!isfinite(tokens)) return;
    text_add(out, "tokens per second         %s (%s per rank and step)\n",
             figure_text(tokens * l->schedule.ranks / step_s, text), figure_text(tokens, per_step));
    if (l->settings.usd_per_hour > 0)
        text_add(out, "US$ per million tokens    %s at US$ %g per GPU-hour\n",
                 figure_text(l->settings.usd_per_hour / 3600 * step_s / tokens * 1e6, text),
                 l->settings.usd_per_hour);
    if (isfinite(f->power_w))
        text_add(out, "J per token               %s, at %.0f W: the GPU that takes most\n",
                 figure_text(f->power_w * step_s / tokens, text), f->power_w);
}

static void add_figures(const struct step_launch *l, const struct step_figures *f, struct text *out)
{
    char a[UNIT_TEXT], b[UNIT_TEXT];
    text_add(out, "\nseconds per step          %s", figure_text(f->step_us * 1e-6, a));
    if (isfinite(f->lo_us))
        text_add(out, " [%s, %s]", figure_text(f->lo_us * 1e-6, a), figure_text(f->hi_us * 1e-6, b));
    text_add(out, ", %zu round%s\n", l->rounds, l->rounds == 1 ? "" : "s");
    text_add(out, "computed from the parts   %s, error %+.1f %%\n", figure_text(f->computed_us * 1e-6, a),
             100 * f->error);
    text_add(out, "with perfect overlap      %s (an overlap counts as its longer side alone)\n",
             figure_text(f->ideal_us * 1e-6, a));
    text_add(out, "its matmuls alone         %s\n", figure_text(f->computation_us * 1e-6, a));
    text_add(out, "exposed communication     %.1f %% of the step", 100 * f->exposed);
    if (isfinite(f->exposed_lo)) text_add(out, " [%.1f, %.1f]", 100 * f->exposed_lo, 100 * f->exposed_hi);
    text_add(out, "\n");
    add_tokens(l, f, out);
}

void step_table(const struct step_launch *l, FILE *out)
{
    const struct schedule *s = &l->schedule;
    const struct world *w = &l->driver.world;
    const struct step_figures f = step_figures(l);
    struct text lines = {0}, folded = {0};
    text_add(&lines, "a step of %s; %d rank%s on %d host%s: ", s->label, w->ranks, w->ranks == 1 ? "" : "s",
             w->nodes, w->nodes == 1 ? "" : "s");
    for (int axis = 0; axis < AXES; axis++)
        text_add(&lines, "%s%s %lld", axis ? " x " : "", axis_names[axis], (long long)s->sizes[axis]);
    text_add(&lines, "; progress by %s, %s cache\n",
             name_of(&overlap_progress_names, (int)l->settings.sides.progress),
             cache_name(l->settings.sides.cache));
    if (*l->algorithm) text_add(&lines, "by %s\n", l->algorithm);
    text_add(&lines,
             "Times are medians over the rounds, of the slowest rank and of one call; in brackets the "
             "median's 95 %% interval within this launch.\n\n");
    text_add(&lines, "%-*s %-*s %7s %9s %7s %5s\n", PART, "", HOW, "type, group", "calls", "time us",
             "% step", "wrong");
    add_calls(l, f.step_us, &lines);
    add_products(l, f.step_us, &lines);
    add_overlaps(l, f.step_us, &lines);
    if (l->status)
        text_add(&lines, "\n%s: %s\n", case_status_name(case_status_of(l->status)), l->reason);
    else
        add_figures(l, &f, &lines);
    text_add_wrapped(&folded, text_get(&lines), TERMINAL_COLUMNS, 4);
    fputs(text_get(&folded), out);
    text_free(&lines);
    text_free(&folded);
}
