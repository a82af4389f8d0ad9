/* Plots of a collective beside a matmul: how much slower each side is, against the ratio of their times. */
#include "analysis/common/table.h"
#include "analysis/compare/overlap.h"
#include "analysis/plot/charts.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_WORD = 40 };

/* The ratio is the measured one: a whole number of multiplications only comes near to the one that was asked
   for. */
static void add_side(struct drawings *drawings, struct drawing *drawing, const struct overlap_summary *lines,
                     size_t n, bool matmul, const char *label)
{
    int colour = (int)(drawing->curve_count % DRAWING_CURVES) + 1;
    struct curve *curve = drawing_curve(drawings, drawing, CURVE_FIGURES, label, n);
    curve->colour = colour;
    for (size_t i = 0; i < n; i++) {
        struct figure figure = matmul ? lines[i].computation_slowdown : lines[i].communication_slowdown;
        bool interval = figure.kind != INTERVAL_NONE;
        if (figure_present(figure))
            curve_point(curve, lines[i].computation_us.point / lines[i].communication_us.point, figure.point,
                        interval ? figure.lo : NAN, interval ? figure.hi : NAN);
    }
    if (!curve->count) drawing->curve_count--;
}

/* What the curves of a plot differ in; only that is in their labels. */
struct varying {
    const struct overlap_row *first; /* of the first curve */
    struct conditions conditions;    /* likewise */
    size_t run;
    bool runs, sizes, types, ranks, nodes, progress, caches, memories, registration, cta, shapes, conditioned;
};

static void note_varying(struct varying *varying, const struct overlap_summary *line, size_t run)
{
    const struct overlap_row *row = line->row;
    const struct overlap_row *first = varying->first;
    if (!first) {
        varying->first = row;
        varying->conditions = line->conditions;
        varying->run = run;
        return;
    }
    varying->runs |= run != varying->run;
    varying->sizes |= row->bytes != first->bytes;
    varying->types |= !same(row->dtype, first->dtype) || !same(row->gemm_dtype, first->gemm_dtype);
    varying->ranks |= row->ranks != first->ranks;
    varying->nodes |= row->nodes != first->nodes;
    varying->progress |= row->progress != first->progress;
    varying->caches |= row->cache != first->cache;
    varying->memories |= row->memory != first->memory;
    varying->conditioned |= conditions_order(&line->conditions, &varying->conditions) != 0;
    varying->registration |= row->registration != first->registration;
    varying->cta |= !same(row->cta, first->cta);
    varying->shapes |= row->m != first->m || row->n != first->n || row->k != first->k;
}

/* Adds the properties that only labels state, because the title would be too long with them. */
static void add_rare_properties(const struct overlap_summary *line, const struct varying *varying,
                                struct text *text)
{
    const struct overlap_row *row = line->row;
    if (varying->types)
        text_add(text, ", %s beside %s", row->dtype ? row->dtype : "",
                 row->gemm_dtype ? row->gemm_dtype : "");
    if (varying->nodes && row->nodes != ABSENT)
        text_add(text, ", %lld node%s", (long long)row->nodes, row->nodes == 1 ? "" : "s");
    if (varying->caches && row->cache) text_add(text, ", %s cache", cache_name(row->cache));
    if (varying->memories && row->memory) text_add(text, ", %s memory", memory_name(row->memory));
    if (varying->registration && row->registration)
        text_add(text, ", registration %s", registration_name(row->registration));
    if (varying->conditioned) conditions_words(&line->conditions, text);
}

/* Adds the properties of a row that the curves differ in, or the others. */
static void add_properties(const struct overlap_row *row, const struct varying *varying, bool wanted,
                           struct text *text)
{
    char size[UNIT_TEXT];
    if (varying->sizes == wanted && row->bytes >= 0)
        text_add(text, ", %s", format_size((size_t)row->bytes, size));
    if (varying->ranks == wanted && row->ranks != ABSENT) text_add(text, " ×%lld", (long long)row->ranks);
    if (varying->progress == wanted && row->progress)
        text_add(text, ", %s", name_of(&overlap_progress_names, (int)row->progress));
    if (varying->cta == wanted && row->cta) text_add(text, ", cta %s", row->cta);
    if (varying->shapes == wanted)
        text_add(text, ", %lldx%lldx%lld", (long long)row->m, (long long)row->n, (long long)row->k);
}

static void add_curve(struct drawings *drawings, struct drawing *drawing, const struct run_summary *run,
                      const struct varying *varying, const struct overlap_summary *lines, size_t n)
{
    struct text label = {0};
    for (int matmul = 0; matmul < 2; matmul++) {
        text_clear(&label);
        text_add(&label, "%s", matmul ? "matmul" : "collective");
        add_properties(lines[0].row, varying, true, &label);
        add_rare_properties(&lines[0], varying, &label);
        if (varying->runs) text_add(&label, ", %s", run->label);
        add_side(drawings, drawing, lines, n, matmul, text_get(&label));
    }
    text_free(&label);
}

static struct drawing *overlap_drawing(struct drawings *drawings, const char *collective,
                                       const struct varying *varying)
{
    struct text name = {0}, title = {0};
    text_add(&name, "overlap-%s", collective);
    plain_text(&title, collective, MOST_WORD);
    add_properties(varying->first, varying, false, &title);
    text_add(&title, ": slower beside matmul");
    struct drawing *drawing = drawing_add(drawings, text_get(&name), text_get(&title));
    drawing->x_axis = AXIS_RATIO, drawing->x_label = "computation alone / communication alone";
    drawing->y_axis = AXIS_FROM_0, drawing->y_label = "own time beside the other / own time alone";
    text_free(&name);
    text_free(&title);
    return drawing;
}

static const char *overlap_caption(struct drawings *drawings, const struct study *study, size_t left_out)
{
    struct text caption = {0};
    text_add(&caption,
             "Own time beside the other side over own time alone; 1: not slowed down. Bands: the "
             "interval over launches, from six launches on at 95 %%, with two to five their minimum "
             "and maximum; none with one launch.");
    if (left_out) text_add(&caption, " %zu more curves are in the tables only.", left_out);
    const char *result = caption_with_provenance(drawings, study, text_get(&caption));
    text_free(&caption);
    return result;
}

static size_t curve_end(const struct overlaps *overlaps, size_t first)
{
    size_t last = first + 1;
    while (last < overlaps->count && overlaps->list[last].curve == overlaps->list[first].curve) last++;
    return last;
}

/* One plot for each collective, with all runs that measured it. */
static void plot_collective(struct drawings *drawings, const struct study *study,
                            const struct overlaps *overlaps, const char *collective)
{
    struct varying varying = {0};
    for (size_t r = 0; r < study->aggregate.count; r++)
        for (size_t i = 0; i < overlaps[r].count; i++)
            if (same(overlaps[r].list[i].row->collective, collective))
                note_varying(&varying, &overlaps[r].list[i], r);
    size_t left_out = 0;
    struct drawing *drawing = overlap_drawing(drawings, collective, &varying);
    for (size_t r = 0; r < study->aggregate.count; r++)
        for (size_t first = 0, last; first < overlaps[r].count; first = last) {
            const struct overlap_summary *lines = &overlaps[r].list[first];
            last = curve_end(&overlaps[r], first);
            if (!same(lines->row->collective, collective)) continue;
            if (drawing->curve_count + 2 > DRAWING_CURVES)
                left_out += 2;
            else
                add_curve(drawings, drawing, &study->aggregate.runs[r], &varying, lines, last - first);
        }
    drawing->caption = overlap_caption(drawings, study, left_out);
    if (!drawing->curve_count) {
        free(drawing->curves);
        drawings->count--;
    }
}

static bool plotted_before(const struct overlaps *overlaps, size_t run, size_t at)
{
    const char *collective = overlaps[run].list[at].row->collective;
    for (size_t r = 0; r <= run; r++)
        for (size_t i = 0; i < (r < run ? overlaps[r].count : at); i++)
            if (same(overlaps[r].list[i].row->collective, collective)) return true;
    return false;
}

void chart_overlap(struct drawings *drawings, const struct study *study)
{
    size_t runs = study->aggregate.count;
    struct overlaps *overlaps = allocate(runs, sizeof *overlaps);
    for (size_t r = 0; r < runs; r++) overlaps[r] = overlaps_of(&study->aggregate.runs[r]);
    for (size_t r = 0; r < runs; r++)
        for (size_t i = 0; i < overlaps[r].count; i++)
            if (!plotted_before(overlaps, r, i))
                plot_collective(drawings, study, overlaps, overlaps[r].list[i].row->collective);
    for (size_t r = 0; r < runs; r++) overlaps_free(&overlaps[r]);
    free(overlaps);
}
