#include "base/units.h"
#include "step/step.h"

#include <math.h>
#include <stdio.h>

static void print_line(const char *part, const char *group, const char *what, int64_t calls, double us,
                       double step_us, int64_t wrong, FILE *out)
{
    char time[UNIT_TEXT], share[UNIT_TEXT] = "-", errors[UNIT_TEXT] = "-";
    if (isfinite(us * step_us)) snprintf(share, sizeof share, "%.1f", 100 * us * (double)calls / step_us);
    if (wrong != ABSENT) snprintf(errors, sizeof errors, "%lld", (long long)wrong);
    fprintf(out, "%-16s %-14s %-28s %8lld %11s %8s %6s\n", part, group, what, (long long)calls,
            figure_text(us, time), share, errors);
}

static void print_calls(const struct step_launch *l, double step_us, FILE *out)
{
    const struct schedule *s = &l->schedule;
    struct text words = {0};
    for (size_t i = 0; i < s->call_count; i++) {
        const struct step_call *c = &s->calls[i];
        char size[UNIT_TEXT], what[96];
        snprintf(what, sizeof what, "%s %s", format_size((size_t)c->bytes, size), dtypes[c->dtype].name);
        print_line(c->row->part, c->axes ? axes_words(c->axes, &words) : "all ranks", what, c->in_step,
                   step_time_us(l, REPLAY_CALL, i), step_us, l->call_wrong[i], out);
    }
    text_free(&words);
}

static void print_products(const struct step_launch *l, double step_us, FILE *out)
{
    const struct schedule *s = &l->schedule;
    for (size_t i = 0; i < s->product_count; i++) {
        const struct step_product *p = &s->products[i];
        char what[96];
        snprintf(what, sizeof what, "%lldx%lldx%lld %s", (long long)p->m, (long long)p->n, (long long)p->k,
                 gemm_type_name(p->type));
        print_line("matmul", "", what, p->in_step, step_time_us(l, REPLAY_PRODUCT, i), step_us,
                   l->product_wrong[i], out);
    }
}

static void print_overlaps(const struct step_launch *l, double step_us, FILE *out)
{
    const struct schedule *s = &l->schedule;
    for (size_t i = 0; i < s->section_count; i++) {
        const struct step_section *section = &s->sections[i];
        char what[160], times[2][UNIT_TEXT];
        double communication_us, computation_us;
        if (!section->overlap) continue;
        step_sides_us(l, section, &communication_us, &computation_us);
        snprintf(what, sizeof what, "alone %s and %s", figure_text(communication_us, times[0]),
                 figure_text(computation_us, times[1]));
        char name[64];
        snprintf(name, sizeof name, "overlap %.40s", section->overlap);
        print_line(name, "", what, section->in_step, step_time_us(l, REPLAY_SECTION, i), step_us, ABSENT,
                   out);
    }
}

static void print_tokens(const struct step_launch *l, const struct step_figures *f, FILE *out)
{
    const double tokens = l->schedule.workload->tokens, step_s = f->step_us * 1e-6;
    char text[UNIT_TEXT];
    if (!isfinite(tokens)) return;
    fprintf(out, "tokens per second         %s (%s per rank and step)\n",
            figure_text(tokens * l->schedule.ranks / step_s, text),
            figure_text(tokens, (char[UNIT_TEXT]){0}));
    if (l->settings.usd_per_hour > 0)
        fprintf(out, "US$ per million tokens    %s at US$ %g per GPU-hour\n",
                figure_text(l->settings.usd_per_hour / 3600 * step_s / tokens * 1e6, text),
                l->settings.usd_per_hour);
    if (isfinite(f->power_w))
        fprintf(out, "J per token               %s at %.0f W, the GPU with the most\n",
                figure_text(f->power_w * step_s / tokens, text), f->power_w);
}

static void print_figures(const struct step_launch *l, const struct step_figures *f, FILE *out)
{
    char a[UNIT_TEXT], b[UNIT_TEXT], c[UNIT_TEXT];
    fprintf(out, "\nseconds per step          %s", figure_text(f->step_us * 1e-6, a));
    if (isfinite(f->lo_us))
        fprintf(out, " [%s, %s]", figure_text(f->lo_us * 1e-6, b), figure_text(f->hi_us * 1e-6, c));
    fprintf(
        out,
        ", %zu rounds\ncomputed from the parts   %s, error %+.1f %%; were the shorter side of each overlap "
        "free: %s\nits matmuls alone         %s\nexposed communication     %.1f %% of the step",
        l->rounds, figure_text(f->computed_us * 1e-6, a), 100 * f->error, figure_text(f->ideal_us * 1e-6, b),
        figure_text(f->computation_us * 1e-6, c), 100 * f->exposed);
    if (isfinite(f->exposed_lo)) fprintf(out, " [%.1f, %.1f]", 100 * f->exposed_lo, 100 * f->exposed_hi);
    fprintf(out, "\n");
    print_tokens(l, f, out);
}

void step_table(const struct step_launch *l, FILE *out)
{
    const struct schedule *s = &l->schedule;
    const struct world *w = &l->driver.world;
    const struct step_figures f = step_figures(l);
    fprintf(out, "a step of %s; %d rank%s on %d host%s: ", s->label, w->ranks, w->ranks == 1 ? "" : "s",
            w->nodes, w->nodes == 1 ? "" : "s");
    for (int axis = 0; axis < AXES; axis++)
        fprintf(out, "%s%s %lld", axis ? " x " : "", axis_names[axis], (long long)s->sizes[axis]);
    fprintf(out, "; progress by %s, %s cache\n",
            name_of(&overlap_progress_names, (int)l->settings.sides.progress),
            cache_name(l->settings.sides.cache));
    if (*l->algorithm) fprintf(out, "by %s\n", l->algorithm);
    fprintf(out,
            "times are medians of the slowest rank's, of a call alone; brackets: the median's 95 %% interval "
            "within this launch\n\n");
    fprintf(out, "%-16s %-14s %-28s %8s %11s %8s %6s\n", "", "group", "what", "calls", "time us", "% step",
            "wrong");
    print_calls(l, f.step_us, out);
    print_products(l, f.step_us, out);
    print_overlaps(l, f.step_us, out);
    if (l->status)
        fprintf(out, "\n%s: %s\n", case_status_name(case_status_of(l->status)), l->reason);
    else
        print_figures(l, &f, out);
}
