#include "analysis/show/sentence.h"
#include "analysis/common/table.h"
#include "analysis/compare/overlap.h"
#include "analysis/compare/ranking.h"
#include "base/units.h"

#include <math.h>

enum { LONGEST_WORD = 40 };

static double rate_of(const struct case_summary *line, bool gemm, bool bus)
{
    struct figure rate = gemm ? line->tflops : bus ? line->busbw_gbps : line->algbw_gbps;
    /* Beside a load a case does not show what the machine reaches. */
    bool counts = line->launches && (line->row->gemm != NULL) == gemm && !is_impossible(line) &&
                  line->wrong <= 0 && !line->row->beside;
    return counts && figure_present(rate) ? rate.point : NAN;
}

/* The case with the highest rate; NULL: there is none. */
static const struct case_summary *best_case(const struct run_summary *run, bool gemm, bool bus)
{
    const struct case_summary *best = NULL;
    for (size_t c = 0; c < run->case_count; c++)
        if (rate_of(&run->cases[c], gemm, bus) > (best ? rate_of(best, gemm, bus) : 0)) best = &run->cases[c];
    return best;
}

static void add_bound(const struct case_summary *line, const char *of, struct text *out)
{
    if (figure_present(line->bound_percent))
        text_add(out, " (%.0f %% of the %s)", line->bound_percent.point, of);
}

static void add_part(struct text *out, size_t *parts)
{
    text_add(out, (*parts)++ ? "; " : "");
}

static void add_collective(const struct run_summary *run, struct text *out, size_t *parts)
{
    const struct case_summary *best = best_case(run, false, true);
    bool bus = best != NULL;
    char number[32], size[UNIT_TEXT];
    if (!bus) best = best_case(run, false, false);
    if (!best) return;
    add_part(out, parts);
    plain_text(out, best->row->collective, LONGEST_WORD);
    text_add(out, " reaches %s GB/s of %s bandwidth", number_text(rate_of(best, false, bus), number),
             bus ? "bus" : "algorithm");
    add_bound(best, "bound", out);
    if (best->row->bytes >= 0) text_add(out, " at %s", format_size((size_t)best->row->bytes, size));
    if (best->row->ranks != ABSENT)
        text_add(out, " on %lld rank%s", (long long)best->row->ranks, best->row->ranks == 1 ? "" : "s");
}

static void add_matmul(const struct run_summary *run, struct text *out, size_t *parts)
{
    const struct case_summary *best = best_case(run, true, false);
    char number[32];
    if (!best) return;
    double tflops = rate_of(best, true, false);
    bool giga = tflops < 1;
    add_part(out, parts);
    text_add(out, "matmul reaches %s %s", number_text(giga ? 1e3 * tflops : tflops, number),
             giga ? "GFLOP/s" : "TFLOP/s");
    add_bound(best, "peak", out);
    text_add(out, " at %lldx%lldx%lld ", (long long)best->row->m, (long long)best->row->n,
             (long long)best->row->k);
    plain_text(out, best->row->dtype ? best->row->dtype : "", LONGEST_WORD);
}

/* The line that hides most. Not of --progress-by none, where nothing can be hidden and the share is noise. */
static void add_overlap(const struct run_summary *run, struct text *out, size_t *parts)
{
    struct overlaps overlaps = overlaps_of(run);
    const struct overlap_summary *best = NULL;
    for (size_t i = 0; i < overlaps.count; i++) {
        const struct overlap_summary *line = &overlaps.list[i];
        if (line->row->progress == OVERLAP_NONE) continue;
        if (line->launches && !(line->hidden_share.point <= (best ? best->hidden_share.point : -INFINITY)))
            best = line;
    }
    if (best && isfinite(best->hidden_share.point)) {
        add_part(out, parts);
        plain_text(out, best->row->collective, LONGEST_WORD);
        text_add(out, " beside a matmul: at best %.0f %% of the shorter side is hidden%s",
                 100 * best->hidden_share.point,
                 best->hidden_share.point > 1   ? " (over 100 %: the times scatter)"
                 : best->hidden_share.point < 0 ? " (below 0: longer than one after the other)"
                                                : "");
    }
    overlaps_free(&overlaps);
}

static void add_data(const struct run_summary *run, struct text *out, size_t *parts)
{
    size_t figures = 0, wrong = 0, checked = 0, gaps = 0;
    for (size_t c = 0; c < run->case_count; c++) {
        const struct case_summary *line = &run->cases[c];
        figures += line->launches > 0;
        gaps += line->launches > 0 && line->turnout.without > 0;
        wrong += line->wrong > 0 || line->status == CASE_WRONG;
        checked += line->launches > 0 && line->wrong != ABSENT;
    }
    if (!run->case_count) return;
    add_part(out, parts);
    if (wrong)
        text_add(out, "WRONG DATA in %zu of %zu cases", wrong, run->case_count);
    else if (!figures)
        text_add(out, "no case has a figure");
    else if (!checked)
        text_add(out, "no data were checked");
    else
        text_add(out, "no wrong data in %zu case%s", checked, checked == 1 ? "" : "s");
    if (!wrong && checked && checked < figures) text_add(out, ", %zu not checked", figures - checked);
    if (gaps) text_add(out, ", %zu without a figure in some launches", gaps);
}

void run_sentence(const struct run_summary *run, struct text *out)
{
    size_t parts = 0, lost = run->died + run->unfinished + run->shortfall.missing;
    add_collective(run, out, &parts);
    add_matmul(run, out, &parts);
    add_overlap(run, out, &parts);
    add_data(run, out, &parts);
    if (lost) {
        add_part(out, &parts);
        text_add(out, "%zu launch%s died, did not complete or %s missing", lost, lost == 1 ? "" : "es",
                 lost == 1 ? "is" : "are");
    }
    if (parts) text_add(out, ".");
}
