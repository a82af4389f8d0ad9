#include "analysis/plot/charts.h"
#include "analysis/common/table.h"
#include "analysis/compare/ranking.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *unit_of(const struct site *site)
{
    return site->gpu_name || site->gpu || site->instance ? "GPUs" : "ranks";
}

/* The label of a curve: what distinguishes it from the others in its plot. With several runs the run and the
   number of ranks, with one run the number of ranks and nodes. */
static void curve_label(const struct study *study, const struct tracks *tracks, const struct track *track,
                        bool with_mode, struct text *text)
{
    const struct case_row *row = track->cases[0].row;
    text_clear(text);
    bool alone = study->aggregate.count == 1;
    /* In one run it is what tells the curves apart: at the front, since long labels are cut at the end. */
    if (alone)
        track_case(track, text);
    else
        text_add(text, "%s", study->aggregate.runs[track->run].label);
    if (row->ranks == ABSENT) return;
    text_add(text, "%s%lld %s",
             !text->length ? ""
             : alone       ? ", "
                           : " ×",
             (long long)row->ranks, alone ? unit_of(&study->sites[track->run]) : "");
    if (study->aggregate.count == 1 && row->nodes != ABSENT)
        text_add(text, ", %lld node%s", (long long)row->nodes, row->nodes == 1 ? "" : "s");
    while (text->length && text->data[text->length - 1] == ' ') text->data[--text->length] = 0;
    if (!alone) track_case(track, text);
    if (with_mode && row->mode) text_add(text, ", %s", mode_name(row->mode));
    track_world(tracks, track, text);
}

/* Are two bounds too close to be distinguished in a plot? */
static bool close_to(double a, double b)
{
    return fabs(a / b - 1) < 5e-3; /* false if either is NAN */
}

static double bound_busbw(const struct study *study, const struct track *track, enum bound_kind kind)
{
    const struct case_summary *line = &track->cases[track->count - 1];
    const struct collective *collective = collective_find(line->row->collective);
    struct machine machine;
    struct bound bound;
    if (!collective || line->row->ranks < 2) return NAN;
    if (kind == BOUND_MACHINE && isfinite(line->bound_us))
        return busbw_gbps(collective, line->row->ranks, (double)line->row->bytes, line->bound_us);
    if (!site_machine(&study->sites[track->run], line, &machine)) return NAN;
    if (!bound_of(collective, (double)line->row->bytes, &machine, kind, &bound)) return NAN;
    struct bound best;
    bool alike = kind == BOUND_REFERENCE &&
                 bound_of(collective, (double)line->row->bytes, &machine, BOUND_MACHINE, &best) &&
                 close_to(best.busbw_gbps, bound.busbw_gbps);
    return alike ? NAN : bound.busbw_gbps; /* omit a reference that equals the bound */
}

/* The name that a bound is labelled with: the GPU's if all tracks with this GPU and number of ranks have the
   same bound, else the run's. */
static const char *bound_owner(const struct study *study, const struct tracks *tracks, size_t t,
                               enum bound_kind kind)
{
    const struct track *track = &tracks->list[t];
    const struct gpu_facts *gpu = study->sites[track->run].gpu;
    double own = bound_busbw(study, track, kind);
    bool alike = gpu != NULL;
    for (size_t i = 0; i < tracks->count && alike; i++) {
        const struct track *other = &tracks->list[i];
        double bound = bound_busbw(study, other, kind);
        bool namesake =
            study->sites[other->run].gpu == gpu && other->cases[0].row->ranks == track->cases[0].row->ranks;
        alike = !namesake || isnan(bound) || close_to(bound, own);
    }
    return alike ? gpu->name : study->aggregate.runs[track->run].label;
}

/* Draws one line per different bound; its label lists the GPUs or runs that it applies to. A bound far above
   all curves would flatten them: goes into `beyond`, for the caption, instead. */
static void add_bounds(struct drawings *drawings, struct drawing *drawing, const struct study *study,
                       const struct tracks *tracks, enum bound_kind kind, double highest, struct text *beyond)
{
    struct text label = {0}, name = {0};
    for (size_t i = 0; i < tracks->count; i++) {
        double value = bound_busbw(study, &tracks->list[i], kind);
        bool seen = false;
        if (!isfinite(value)) continue;
        for (size_t j = 0; j < i && !seen; j++)
            seen = close_to(bound_busbw(study, &tracks->list[j], kind), value);
        if (seen) continue;
        text_clear(&label);
        text_add(&label, "%s %.0f", kind == BOUND_MACHINE ? "bound" : "reference", value);
        for (size_t j = i; j < tracks->count; j++) {
            if (!close_to(bound_busbw(study, &tracks->list[j], kind), value)) continue;
            text_clear(&name);
            text_add(&name, "%s%s×%lld",
                     study->aggregate.count > 1 ? bound_owner(study, tracks, j, kind) : "",
                     study->aggregate.count > 1 ? " " : "", (long long)tracks->list[j].cases[0].row->ranks);
            if (!list_has(text_get(&label), ", ", text_get(&name))) text_add(&label, ", %s", text_get(&name));
        }
        if (value > 4 * highest) {
            text_add(beyond, "%s%s", beyond->length ? "; " : "Above the plot: ", text_get(&label));
            continue;
        }
        curve_point(drawing_curve(drawings, drawing, kind == BOUND_MACHINE ? CURVE_BOUND : CURVE_REFERENCE,
                                  text_get(&label), 2),
                    1, value, NAN, NAN);
    }
    text_free(&label);
    text_free(&name);
}

static void add_figures(struct drawings *drawings, struct drawing *drawing, const struct study *study,
                        const struct track *track, int colour, enum purpose purpose, const char *label)
{
    struct curve *curve = drawing_curve(drawings, drawing, CURVE_FIGURES, label, track->count);
    curve->colour = colour;
    curve->imported = study->aggregate.runs[track->run].imported;
    for (size_t i = 0; i < track->count; i++) {
        struct figure figure = purpose == FOR_LATENCY ? track->cases[i].time_us : track->cases[i].busbw_gbps;
        bool interval = figure.kind != INTERVAL_NONE;
        if (figure_present(figure) && track->cases[i].row->bytes > 0)
            curve_point(curve, (double)track->cases[i].row->bytes, figure.point, interval ? figure.lo : NAN,
                        interval ? figure.hi : NAN);
    }
    if (!curve->count) drawing->curve_count--;
}

int chart_colour(const struct study *study, size_t run, size_t position)
{
    bool enough = study->aggregate.count > 1 && study->aggregate.count <= DRAWING_COLOURS;
    return (int)((enough ? run : position) % DRAWING_CURVES) + 1;
}

int bar_colour(size_t run)
{
    return (int)(run % DRAWING_COLOURS) + 1;
}

/* How many tracks before this one are of the same run. */
static size_t earlier_of_run(const struct tracks *tracks, size_t position)
{
    size_t earlier = 0;
    for (size_t i = 0; i < position; i++) earlier += tracks->list[i].run == tracks->list[position].run;
    return earlier;
}

/* Like chart_colour(), for plots in which a run may have several curves: its second one has the same colour
   and is dashed. If a run has more, colours follow the order of the curves. */
static int track_colour(const struct study *study, const struct tracks *tracks, size_t position)
{
    bool enough = study->aggregate.count > 1;
    for (size_t i = 0; i < tracks->count; i++) enough &= earlier_of_run(tracks, i) < 2;
    if (!enough) return (int)(position % DRAWING_CURVES) + 1;
    int dashed = study->aggregate.count <= DRAWING_COLOURS && earlier_of_run(tracks, position);
    return chart_colour(study, tracks->list[position].run, position) + (dashed ? DRAWING_COLOURS : 0);
}

static double highest_busbw(const struct tracks *tracks)
{
    double highest = 0;
    for (size_t i = 0; i < tracks->count; i++)
        for (size_t c = 0; c < tracks->list[i].count; c++)
            highest = fmax(highest, tracks->list[i].cases[c].busbw_gbps.point);
    return highest; /* fmax ignores NAN */
}

/* Adds "Provenance: simulated." or, if runs differ, the provenance of each. */
static void provenance_text(const struct study *study, const struct tracks *tracks, struct text *caption)
{
    text_add(caption, " Provenance:");
    for (size_t i = 0; i < tracks->count; i++) {
        const char *kind = study->aggregate.runs[tracks->list[i].run].provenance, *between = "";
        size_t others = 0;
        bool said = false;
        for (size_t j = 0; j < i; j++)
            said |= same(study->aggregate.runs[tracks->list[j].run].provenance, kind);
        if (said) continue;
        for (size_t j = 0; j < tracks->count; j++)
            others += !same(study->aggregate.runs[tracks->list[j].run].provenance, kind);
        text_add(caption, "%s %s", i ? ";" : "", kind);
        for (size_t j = i; j < tracks->count && others; j++) {
            const struct run_summary *run = &study->aggregate.runs[tracks->list[j].run];
            if (!same(run->provenance, kind) || (j && tracks->list[j - 1].run == tracks->list[j].run))
                continue;
            text_add(caption, "%s %s", *between ? between : ":", run->label);
            between = ",";
        }
    }
    text_add(caption, ".");
}

static void caption_of(const struct study *study, const struct tracks *tracks, struct text *caption)
{
    struct text variant = {0}, other = {0};
    bool mixed = false, imported = false, intervals = false, ranges = false;
    for (size_t i = 0; i < tracks->count; i++) {
        text_clear(&other);
        track_variant(&tracks->list[i], i ? &other : &variant);
        mixed |= i && strcmp(text_get(&variant), text_get(&other)) != 0;
        imported |= study->aggregate.runs[tracks->list[i].run].imported;
        for (size_t c = 0; c < tracks->list[i].count; c++) {
            intervals |= tracks->list[i].cases[c].time_us.kind == INTERVAL_EXACT;
            ranges |= tracks->list[i].cases[c].time_us.kind == INTERVAL_RANGE;
        }
    }
    text_add(caption, "%s.",
             mixed ? "Types and modes differ between the curves (see the data tables)" : text_get(&variant));
    if (intervals) text_add(caption, " Bands: 95 %% interval over launches.");
    if (ranges) text_add(caption, " Bands of runs with 2 to 5 launches: minimum and maximum.");
    if (imported) text_add(caption, " Hollow points: imported, another statistic (a mean) than our medians.");
    provenance_text(study, tracks, caption);
    text_free(&variant);
    text_free(&other);
}

static bool has_kind(const struct drawing *drawing, enum curve_kind kind)
{
    for (size_t c = 0; c < drawing->curve_count; c++)
        if (drawing->curves[c].kind == kind) return true;
    return false;
}

/* For captions of plots with isolated figures of several numbers of ranks. */
static const char grows_with_ranks[] =
    " An isolated time is that of the slowest rank, which grows with the number of ranks even if every "
    "rank is as fast as before.";

static bool is_isolated(const struct track *track)
{
    return track->cases[0].row->mode == MODE_ISOLATED;
}

static bool compares_isolated_ranks(const struct tracks *tracks)
{
    const struct track *first = NULL;
    for (size_t i = 0; i < tracks->count; i++) {
        const struct track *track = &tracks->list[i];
        if (!is_isolated(track)) continue;
        if (first && first->cases[0].row->ranks != track->cases[0].row->ranks) return true;
        first = track;
    }
    return false;
}

static void figure_plot(struct drawings *drawings, const struct study *study, const char *collective,
                        struct tracks *tracks, enum purpose purpose, const char *where, const char *slug)
{
    struct text title = {0}, caption = {0}, label = {0}, beyond = {0}, name = {0};
    size_t usable = 0;
    bool modes_differ = false;
    for (size_t i = 0; i < tracks->count; i++) /* a single rank has no bus bandwidth */
        if (purpose == FOR_LATENCY || tracks->list[i].cases[0].row->ranks > 1)
            tracks->list[usable++] = tracks->list[i];
    tracks->count = usable;
    if (!usable) return;
    for (size_t i = 1; i < usable; i++)
        modes_differ |= tracks->list[i].cases[0].row->mode != tracks->list[0].cases[0].row->mode;
    text_add(&name, "%s-%s%s", purpose == FOR_LATENCY ? "latency" : "bandwidth", collective, slug);
    text_add(&title, "%s: %s%s%s", collective, purpose == FOR_LATENCY ? "time" : "bus bandwidth",
             *where ? ", " : "", where);
    struct drawing *drawing = drawing_add(drawings, text_get(&name), text_get(&title));
    drawing->x_axis = AXIS_BYTES, drawing->x_label = "size";
    drawing->y_axis = purpose == FOR_LATENCY ? AXIS_US : AXIS_FROM_0;
    drawing->y_label = purpose == FOR_LATENCY ? "time of one operation" : "bus bandwidth (GB/s)";
    for (size_t i = 0; i < usable && i < DRAWING_CURVES; i++) {
        curve_label(study, tracks, &tracks->list[i], modes_differ, &label);
        if (impossible_line(study, &tracks->list[i])) text_add(&label, ", above its bound: impossible");
        add_figures(drawings, drawing, study, &tracks->list[i], track_colour(study, tracks, i), purpose,
                    text_get(&label));
    }
    if (purpose == FOR_BANDWIDTH) {
        add_bounds(drawings, drawing, study, tracks, BOUND_MACHINE, highest_busbw(tracks), &beyond);
        add_bounds(drawings, drawing, study, tracks, BOUND_REFERENCE, highest_busbw(tracks), &beyond);
    }
    caption_of(study, tracks, &caption);
    if (compares_isolated_ranks(tracks)) text_add(&caption, "%s", grows_with_ranks);
    if (has_kind(drawing, CURVE_BOUND)) text_add(&caption, " Grey dashes: what the machine can do at best.");
    if (has_kind(drawing, CURVE_REFERENCE))
        text_add(&caption,
                 " Grey dots: the same machine if its switches did not reduce; a reference, no bound.");
    if (beyond.length) text_add(&caption, " %s.", text_get(&beyond));
    if (usable > DRAWING_CURVES)
        text_add(&caption, " %zu more curves are in the tables only.", usable - DRAWING_CURVES);
    drawing->caption = arena_string(&drawings->arena, text_get(&caption));
    if (!drawing->curve_count) {
        free(drawing->curves);
        drawings->count--;
    }
    text_free(&title);
    text_free(&caption);
    text_free(&label);
    text_free(&beyond);
    text_free(&name);
}

static const char *const scope_slugs[SCOPE_COUNT] = {
    [SCOPE_NODE] = "-node", [SCOPE_DOMAIN] = "-domain", [SCOPE_DOMAINS] = "-domains",
    [SCOPE_HOST] = "-host", [SCOPE_HOSTS] = "-hosts",   [SCOPE_UNKNOWN] = "-unknown"};

void chart_curves(struct drawings *drawings, const struct study *study)
{
    const char **names = study_collectives(study);
    bool several = study->aggregate.count > 1;
    for (int purpose = FOR_BANDWIDTH; purpose <= FOR_LATENCY; purpose++)
        for (const char **name = names; *name; name++)
            for (int scope = 0; scope < (several ? SCOPE_COUNT : 1); scope++) {
                struct tracks tracks =
                    several ? study_tracks_in(study, *name, (enum purpose)purpose, (enum scope)scope)
                            : study_tracks(study, *name, (enum purpose)purpose);
                figure_plot(drawings, study, *name, &tracks, (enum purpose)purpose,
                            several ? scope_names[scope] : "", several ? scope_slugs[scope] : "");
                free(tracks.list);
            }
    free(names);
}

/* Does the track belong to the curve that begins with `first`? It needs the same ranks per node, basis,
   backend and table. */
static bool same_series(const struct track *first, const struct track *track)
{
    const struct case_summary *a = first->cases, *b = track->cases;
    struct basis x = basis_of(SCOPE_UNKNOWN, a), y = basis_of(SCOPE_UNKNOWN, b);
    x.ranks = y.ranks = 0;
    return basis_order(&x, &y) == 0 && a->row->ranks * b->row->nodes == b->row->ranks * a->row->nodes &&
           same(a->conditions.backend, b->conditions.backend) &&
           same(a->conditions.table, b->conditions.table);
}

/* Selects the tracks of a run that form one curve over the number of nodes; returns how many. For each number
   of nodes takes the track with the fewest NVLink domains. All tracks that cross the network use the same
   transport. */
static size_t scalable(const struct study *study, const struct track *tracks, size_t count, struct track *out)
{
    size_t n = 0;
    const char *transport = NULL;
    bool crosses = false;
    for (size_t i = 0; i < count; i++) {
        const struct case_summary *line = &tracks[i].cases[0];
        if (line->row->ranks < 2 || line->row->nodes < 1 || impossible_line(study, &tracks[i])) continue;
        if (n && (!same_series(&out[0], &tracks[i]) || out[n - 1].cases[0].row->nodes == line->row->nodes))
            continue;
        if (line->row->nodes > 1) {
            if (crosses && !same(transport, line->conditions.transport)) continue;
            transport = line->conditions.transport, crosses = true;
        }
        out[n++] = tracks[i];
    }
    return n;
}

static void scaling_curve(struct drawings *drawings, struct drawing *drawing, const struct study *study,
                          const struct track *tracks, size_t n, bool efficiency, int colour)
{
    int64_t bytes = largest_common_bytes(tracks, n);
    struct text label = {0};
    char size[UNIT_TEXT];
    const struct run_summary *run = &study->aggregate.runs[tracks[0].run];
    text_add(&label, "%s%s%s", study->aggregate.count > 1 ? run->label : "",
             study->aggregate.count > 1 ? ", " : "", format_size((size_t)bytes, size));
    struct curve *curve = drawing_curve(drawings, drawing, CURVE_FIGURES, text_get(&label), n);
    curve->colour = colour;
    curve->imported = run->imported;
    double base = track_at(&tracks[0], bytes)->busbw_gbps.point;
    for (size_t i = 0; i < n; i++) {
        struct figure figure = track_at(&tracks[i], bytes)->busbw_gbps;
        if (efficiency) figure = figure_scaled(figure, 100 / base);
        bool interval = figure.kind != INTERVAL_NONE;
        curve_point(curve, (double)tracks[i].cases[0].row->nodes, figure.point, interval ? figure.lo : NAN,
                    interval ? figure.hi : NAN);
    }
    if (!efficiency) {
        text_clear(&label);
        text_add(&label, "%s%sbound", study->aggregate.count > 1 ? run->label : "",
                 study->aggregate.count > 1 ? ", " : "");
        curve = drawing_curve(drawings, drawing, CURVE_BOUND, text_get(&label), n);
        curve->colour = colour;
        for (size_t i = 0; i < n; i++) {
            double bound = bound_busbw(study, &tracks[i], BOUND_MACHINE);
            if (isfinite(bound)) curve_point(curve, (double)tracks[i].cases[0].row->nodes, bound, NAN, NAN);
        }
        if (!curve->count) drawing->curve_count--;
    }
    text_free(&label);
}

/* For plots over nodes, domains and time, which may contain any run. */
const char *caption_with_provenance(struct drawings *drawings, const struct study *study, const char *caption)
{
    struct text text = {0};
    struct track *all = allocate(study->aggregate.count, sizeof *all);
    for (size_t r = 0; r < study->aggregate.count; r++) all[r] = (struct track){.run = r};
    text_add(&text, "%s", caption);
    provenance_text(study, &(struct tracks){all, study->aggregate.count}, &text);
    const char *result = arena_string(&drawings->arena, text_get(&text));
    text_free(&text);
    free(all);
    return result;
}

static void scaling_caption(struct drawings *drawings, const struct study *study, struct drawing *drawing,
                            bool efficiency, bool isolated)
{
    struct text text = {0};
    text_add(&text, "%s",
             efficiency ? "Bus bandwidth as a percentage of that on the fewest nodes of the same run, at the "
                          "largest size that all its node counts have (named at the curve)."
                        : "At the largest size that all node counts of a run have (named at the curve). "
                          "Dashed: the bound.");
    if (isolated) text_add(&text, "%s", grows_with_ranks);
    drawing->caption = caption_with_provenance(drawings, study, text_get(&text));
    text_free(&text);
}

static void scaling_plot(struct drawings *drawings, const struct study *study, const char *collective,
                         bool efficiency)
{
    struct tracks tracks = study_tracks(study, collective, FOR_BANDWIDTH);
    struct track *part = allocate(tracks.count, sizeof *part);
    struct drawing *drawing = NULL;
    size_t position = 0;
    bool isolated = false;
    for (size_t first = 0, last; first < tracks.count; first = last) {
        for (last = first + 1; last < tracks.count && tracks.list[last].run == tracks.list[first].run;)
            last++;
        size_t n = scalable(study, &tracks.list[first], last - first, part);
        if (n < 2 || part[0].cases[0].row->nodes == part[n - 1].cases[0].row->nodes ||
            !largest_common_bytes(part, n))
            continue;
        if (position >= DRAWING_CURVES / 2) continue;
        if (!drawing) {
            struct text name = {0}, title = {0};
            text_add(&name, "%s-%s", efficiency ? "efficiency" : "scaling", collective);
            text_add(&title,
                     efficiency ? "%s: bus bandwidth kept over nodes" : "%s: bus bandwidth over nodes",
                     collective);
            drawing = drawing_add(drawings, text_get(&name), text_get(&title));
            drawing->x_axis = AXIS_COUNT, drawing->x_label = "nodes";
            drawing->y_axis = AXIS_FROM_0,
            drawing->y_label = efficiency ? "percent of the fewest nodes" : "bus bandwidth (GB/s)";
            text_free(&name);
            text_free(&title);
        }
        scaling_curve(drawings, drawing, study, part, n, efficiency,
                      chart_colour(study, part[0].run, position++));
        isolated |= is_isolated(&part[0]);
    }
    if (drawing) scaling_caption(drawings, study, drawing, efficiency, isolated);
    free(part);
    free(tracks.list);
}

void chart_scaling(struct drawings *drawings, const struct study *study)
{
    const char **names = study_collectives(study);
    for (const char **name = names; *name; name++) {
        scaling_plot(drawings, study, *name, false);
        scaling_plot(drawings, study, *name, true);
    }
    free(names);
}

void chart_all(struct drawings *drawings, const struct study *study)
{
    chart_curves(drawings, study);
    chart_scaling(drawings, study);
    chart_edge(drawings, study);
    chart_matmul(drawings, study);
    chart_overlap(drawings, study);
    chart_steps(drawings, study);
    chart_scan(drawings, study);
    chart_series(drawings, study);
}
