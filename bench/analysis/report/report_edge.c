/* What it costs to leave a host, to leave the rack (the NVLink domain), and to do without NVLink between
   hosts: the bus bandwidth of each run, and of each instance with published figures, in four extents. */
#include "analysis/report/report_clouds.h"
#include "analysis/report/report_figures.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One figure. All of a group are alike in everything but extent, number of GPUs and size. */
struct point {
    enum reach reach;
    int64_t gpus, bytes; /* bytes below 1: the source does not say */
    struct figure busbw;
    double bound;                    /* GB/s; NAN: not known */
    const struct case_summary *line; /* NULL: published */
    const struct published_figure *published;
};

struct group {
    const char *collective;
    size_t run;                            /* of the measured ones */
    const struct track *track;             /* its first; NULL: published */
    const struct published_figure *figure; /* its first; NULL: measured */
    const struct instance *instance;       /* NULL: not in the catalog */
    struct point *points;
    size_t count;
};

struct groups {
    struct group *list;
    size_t count;
};

/* The figures of a group at one size that stand for the extents; NULL: none. */
struct row {
    int64_t bytes;
    const struct point *points[REACH_UNKNOWN];
    const struct point *same_gpus; /* with NVLink on, on as many GPUs as the one with NVLink off */
};

/* ---- bounds ---- */

static double bound_at(const struct report *report, const struct instance *instance, const char *collective,
                       int64_t gpus, int64_t nodes, int64_t domains)
{
    const struct gpu_facts *gpu = catalog_gpu(&report->study->catalog, instance->gpu);
    struct machine machine;
    struct bound bound;
    if (!machine_of(instance, gpu, gpus, nodes, domains, &machine) ||
        !bound_of(collective_find(collective), 1e9, &machine, BOUND_MACHINE, &bound))
        return NAN;
    return bound.busbw_gbps;
}

/* The bound of a whole host, a whole domain, two domains, and a domain with NVLink off between its hosts. */
static double bound_of_extent(const struct report *report, const struct instance *instance,
                              const char *collective, enum reach reach)
{
    int64_t domain = instance->gpus_per_domain, hosts = domain / instance->gpus_per_vm;
    switch (reach) {
    case REACH_HOST:
        return bound_at(report, instance, collective, instance->gpus_per_vm, 1, 1);
    case REACH_DOMAIN:
        return bound_at(report, instance, collective, domain, hosts, 1);
    case REACH_DOMAINS:
        return bound_at(report, instance, collective, 2 * domain, 2 * hosts, 2);
    default:
        return bound_at(report, instance, collective, domain, hosts, hosts);
    }
}

/* Whether the instance can have this extent. Where NVLink ends at the host, no domain has several hosts. */
static bool has_extent(const struct instance *instance, enum reach reach)
{
    return !instance || instance->gpus_per_domain > instance->gpus_per_vm ||
           (reach != REACH_DOMAIN && reach != REACH_NO_LINK);
}

/* ---- groups ---- */

static void add_point(struct group *group, struct point point)
{
    group->points = reallocate(group->points, group->count + 1, sizeof *group->points);
    group->points[group->count++] = point;
}

static struct group *add_group(struct groups *groups, struct group group)
{
    groups->list = reallocate(groups->list, groups->count + 1, sizeof *groups->list);
    groups->list[groups->count] = group;
    return &groups->list[groups->count++];
}

static enum reach reach_of(const struct track *track)
{
    const char *transport = track->cases->conditions.transport;
    if (track->scope == SCOPE_DOMAIN)
        return transport && strstr(transport, "no multi-node NVLink") ? REACH_NO_LINK : REACH_DOMAIN;
    return track->scope == SCOPE_NODE      ? REACH_HOST
           : track->scope == SCOPE_DOMAINS ? REACH_DOMAINS
                                           : REACH_UNKNOWN;
}

static void add_track(struct group *group, const struct report *report, const struct track *track)
{
    enum reach reach = reach_of(track);
    for (size_t i = 0; i < track->count; i++) {
        const struct case_summary *line = &track->cases[i];
        const struct case_row *row = line->row;
        double bound = line->busbw_gbps.point * 100 / line->bound_percent.point;
        if (!figure_present(line->busbw_gbps)) continue;
        if (reach == REACH_NO_LINK) /* each host is a domain of its own */
            bound = group->instance ? bound_at(report, group->instance, group->collective, row->ranks,
                                               row->nodes, row->nodes)
                                    : NAN;
        add_point(group, (struct point){.reach = reach,
                                        .gpus = row->ranks,
                                        .bytes = row->bytes,
                                        .busbw = line->busbw_gbps,
                                        .bound = bound,
                                        .line = line});
    }
}

static void add_measured(struct groups *groups, const struct report *report, const char *collective,
                         const struct tracks *tracks)
{
    for (size_t t = 0; t < tracks->count; t++) {
        const struct track *track = &tracks->list[t];
        struct group *group = NULL;
        if (reach_of(track) == REACH_UNKNOWN || track->cases->row->ranks < 2 ||
            impossible_line(report->study, track))
            continue;
        for (size_t g = 0; g < groups->count && !group; g++)
            if (groups->list[g].track && same(groups->list[g].collective, collective) &&
                tracks_alike(groups->list[g].track, track))
                group = &groups->list[g];
        if (!group)
            group = add_group(groups, (struct group){.collective = collective,
                                                     .run = track->run,
                                                     .track = track,
                                                     .instance = report->study->sites[track->run].instance});
        add_track(group, report, track);
    }
}

static bool same_series(const struct published_figure *a, const struct published_figure *b)
{
    return same(a->instance, b->instance) && same(a->source, b->source) && same(a->statistic, b->statistic) &&
           same(a->placement, b->placement) && same(a->dtype, b->dtype);
}

static void add_published(struct groups *groups, const struct report *report, const char *collective)
{
    for (size_t i = 0; i < report->published->count; i++) {
        const struct published_figure *figure = &report->published->list[i];
        struct group *group = NULL;
        if (!same(figure->collective, collective) || figure->reach >= REACH_UNKNOWN ||
            published_impossible(figure) || !report_is_of_candidate(report, figure))
            continue;
        for (size_t g = 0; g < groups->count && !group; g++)
            if (groups->list[g].figure && same(groups->list[g].collective, collective) &&
                same_series(groups->list[g].figure, figure))
                group = &groups->list[g];
        if (!group)
            group = add_group(groups, (struct group){.collective = collective,
                                                     .figure = figure,
                                                     .instance = catalog_instance(&report->study->catalog,
                                                                                  figure->instance)});
        add_point(group, (struct point){.reach = figure->reach,
                                        .gpus = figure->gpus,
                                        .bytes = figure->bytes,
                                        .busbw = {figure->busbw_gbps, figure->busbw_gbps, figure->busbw_gbps,
                                                  INTERVAL_NONE},
                                        .bound = figure->bound,
                                        .published = figure});
    }
}

/* ---- the figures that stand for a group ---- */

static size_t reaches_at(const struct group *group, int64_t bytes)
{
    unsigned seen = 0;
    size_t count = 0;
    for (size_t i = 0; i < group->count; i++)
        if (group->points[i].bytes == bytes) seen |= 1U << group->points[i].reach;
    for (; seen; seen &= seen - 1) count++;
    return count;
}

static const struct point *most_gpus(const struct group *group, int64_t bytes, enum reach reach)
{
    const struct point *most = NULL;
    for (size_t i = 0; i < group->count; i++) {
        const struct point *point = &group->points[i];
        if (point->reach == reach && point->bytes == bytes && (!most || point->gpus > most->gpus))
            most = point;
    }
    return most;
}

/* With the fewest GPUs, but at least `least`: a much larger number would show the loss from scale. */
static const struct point *fewest_gpus(const struct group *group, int64_t bytes, enum reach reach,
                                       int64_t least)
{
    const struct point *fewest = NULL;
    for (size_t i = 0; i < group->count; i++) {
        const struct point *point = &group->points[i];
        if (point->reach == reach && point->bytes == bytes && point->gpus >= least &&
            (!fewest || point->gpus < fewest->gpus))
            fewest = point;
    }
    return fewest;
}

/* Chooses the size that most extents have, and of several such sizes the largest. Returns false if no size
   has two extents. */
static bool choose(const struct group *group, struct row *row)
{
    size_t most = 1;
    *row = (struct row){0};
    for (size_t i = 0; i < group->count; i++) {
        int64_t bytes = group->points[i].bytes;
        size_t count = reaches_at(group, bytes);
        if (count > most || (count == most && most > 1 && bytes > row->bytes))
            most = count, row->bytes = bytes;
    }
    if (most < 2) return false;
    row->points[REACH_HOST] = most_gpus(group, row->bytes, REACH_HOST);
    row->points[REACH_DOMAIN] = most_gpus(group, row->bytes, REACH_DOMAIN);
    row->points[REACH_NO_LINK] = most_gpus(group, row->bytes, REACH_NO_LINK);
    const struct point *inside =
                           row->points[REACH_DOMAIN] ? row->points[REACH_DOMAIN] : row->points[REACH_HOST],
                       *off = row->points[REACH_NO_LINK];
    row->points[REACH_DOMAINS] = fewest_gpus(group, row->bytes, REACH_DOMAINS, inside ? inside->gpus : 0);
    for (size_t i = 0; i < group->count && off && !row->same_gpus; i++)
        if (group->points[i].reach == REACH_DOMAIN && group->points[i].bytes == row->bytes &&
            group->points[i].gpus == off->gpus)
            row->same_gpus = &group->points[i];
    size_t count = 0;
    for (int reach = 0; reach < REACH_UNKNOWN; reach++) count += row->points[reach] != NULL;
    return count > 1;
}

/* The figure that the figure of an extent is compared with; NULL: there is none. *words: its extent, for
   readers. */
static const struct point *before(const struct row *row, enum reach reach, const char **words)
{
    const struct point *host = row->points[REACH_HOST], *domain = row->points[REACH_DOMAIN];
    *words = reach == REACH_NO_LINK             ? "NVLink on"
             : reach == REACH_DOMAIN || !domain ? "one host"
                                                : "one domain";
    return reach == REACH_HOST      ? NULL
           : reach == REACH_NO_LINK ? row->same_gpus
           : reach == REACH_DOMAIN  ? host
           : domain                 ? domain
                                    : host;
}

static double crossing_percent(const struct row *row, enum reach reach, const char **words)
{
    const struct point *from = before(row, reach, words), *to = row->points[reach];
    return from && to ? 100 * (to->busbw.point / from->busbw.point - 1) : NAN;
}

static struct groups groups_of(const struct report *report, struct tracks tracks[REPORT_COLLECTIVES])
{
    struct groups groups = {0};
    for (int c = 0; c < REPORT_COLLECTIVES; c++) {
        tracks[c] = study_tracks(report->study, report_collectives[c], FOR_BANDWIDTH);
        add_measured(&groups, report, report_collectives[c], &tracks[c]);
        add_published(&groups, report, report_collectives[c]);
    }
    return groups;
}

static void groups_free(struct groups *groups, struct tracks tracks[REPORT_COLLECTIVES])
{
    for (size_t g = 0; g < groups->count; g++) free(groups->list[g].points);
    for (int c = 0; c < REPORT_COLLECTIVES; c++) free(tracks[c].list);
    free(groups->list);
}

/* ---- the page ---- */

static void group_name(struct text *text, const struct report *report, const struct group *group)
{
    if (group->track)
        text_add(text, "%s", report->study->aggregate.runs[group->run].label);
    else
        text_add(text, "%s %s", group->figure->provider, group->figure->instance);
}

static void group_cell(struct table *table, const struct report *report, const struct group *group,
                       const struct row *row)
{
    struct text text = {0};
    char size[UNIT_TEXT];
    group_name(&text, report, group);
    text_add(&text, "\n%s, %s", group->collective,
             row->bytes > 0 ? format_size((size_t)row->bytes, size) : "size not said");
    if (group->track)
        text_add(&text, "\n%s", report->study->aggregate.runs[group->run].provenance);
    else
        text_add(&text, "\npublished, %s",
                 *group->figure->statistic ? group->figure->statistic : "statistic not said");
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
}

static void extent_cell(struct table *table, const struct report *report, const struct group *group,
                        const struct row *row, enum reach reach)
{
    const struct point *point = row->points[reach];
    struct text text = {0};
    const char *against;
    char value[32];
    double percent = crossing_percent(row, reach, &against);
    if (!has_extent(group->instance, reach)) {
        table_cell(table, "%s", "–\nNVLink ends at the host");
        return;
    }
    if (!point) {
        double bound =
            group->instance ? bound_of_extent(report, group->instance, group->collective, reach) : NAN;
        text_add(&text, "no measurement\nbound %s",
                 isfinite(bound) ? number_text(bound, value) : "not known");
        table_cell(table, "%s", text_get(&text));
        text_free(&text);
        return;
    }
    figure_words(&text, point->busbw, "\n");
    if (isfinite(percent)) text_add(&text, "\n%+.0f %% against %s", percent, against);
    text_add(&text, "\n%lld GPUs", (long long)point->gpus);
    if (isfinite(point->bound))
        text_add(&text, "\n%.0f %% of bound %s", 100 * point->busbw.point / point->bound,
                 number_text(point->bound, value));
    else
        text_add(&text, "\nbound not known");
    if (point->line)
        text_add(&text, "\n%zu launch%s", point->line->launches, point->line->launches == 1 ? "" : "es");
    else
        text_add(&text, "\npublished.tsv:%zu", point->published->line);
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
}

static const enum reach extents[] = {REACH_HOST, REACH_DOMAIN, REACH_DOMAINS, REACH_NO_LINK};
enum { EXTENTS = sizeof extents / sizeof *extents };

void report_edge(struct page *page, const struct report *report)
{
    static const char *const names[] = {"<who",
                                        "one host, GB/s",
                                        "one NVLink domain, GB/s",
                                        "across domains, GB/s",
                                        "hosts with NVLink off, GB/s",
                                        NULL};
    struct tracks tracks[REPORT_COLLECTIVES];
    struct groups groups = groups_of(report, tracks);
    struct table table = {0};
    struct row row;
    bool isolated = false;
    table_columns(&table, names);
    for (size_t g = 0; g < groups.count; g++) {
        if (!choose(&groups.list[g], &row)) continue;
        group_cell(&table, report, &groups.list[g], &row);
        isolated |= groups.list[g].track && groups.list[g].track->cases[0].row->mode == MODE_ISOLATED;
        for (int e = 0; e < EXTENTS; e++) extent_cell(&table, report, &groups.list[g], &row, extents[e]);
    }
    page_heading(page, 3, "edge", "The rack's edge");
    if (isolated)
        page_paragraph(
            page, "An isolated time is that of the slowest rank, which grows with the number of GPUs even "
                  "if every GPU is as fast as before: this may be a part of the change at an edge.");
    if (table_rows(&table))
        page_table(
            page, &table,
            "A row has figures of one run, or of one published source, that are alike in size, mode and "
            "statistic. The percentage is what crossing changes. One host and one domain: the figure on the "
            "most GPUs. Across domains: on as many GPUs, or the next larger number. NVLink off: "
            "against as many GPUs with NVLink on. No measurement: there is no such figure.");
    else
        page_paragraph(page, "No run, and nobody who published, has two extents that are alike.");
    table_free(&table);
    groups_free(&groups, tracks);
}

/* One sentence on all-reduce: what the edge of the domain costs, and what NVLink off costs. */
void report_edge_answer(struct page *page, const struct report *report)
{
    enum { MOST = 4 };
    struct tracks tracks[REPORT_COLLECTIVES];
    struct groups groups = groups_of(report, tracks);
    struct text text = {0};
    const char *against;
    size_t said = 0;
    struct row row;
    for (size_t g = 0; g < groups.count && said < MOST; g++) {
        const struct group *group = &groups.list[g];
        if (!same(group->collective, "all_reduce") || !group->instance ||
            !has_extent(group->instance, REACH_DOMAIN) || !choose(group, &row) || !row.points[REACH_DOMAIN])
            continue;
        double across = crossing_percent(&row, REACH_DOMAINS, &against),
               off = crossing_percent(&row, REACH_NO_LINK, &against);
        if (!isfinite(across) && !isfinite(off)) continue;
        text_add(&text, "%s", said++ ? "; " : "");
        group_name(&text, report, group);
        if (isfinite(across))
            text_add(&text, " %+.0f %% from %lld GPUs in one domain to %lld across domains", across,
                     (long long)row.points[REACH_DOMAIN]->gpus, (long long)row.points[REACH_DOMAINS]->gpus);
        if (isfinite(off))
            text_add(&text, "%s %+.0f %% on %lld GPUs with NVLink off", isfinite(across) ? "," : "", off,
                     (long long)row.points[REACH_NO_LINK]->gpus);
        text_add(&text, group->track ? "" : " (published)");
    }
    if (said) {
        text_add(&text, ". All-reduce bus bandwidth; no ranking.");
        page_item(page, "the rack's edge", text_get(&text));
    }
    text_free(&text);
    groups_free(&groups, tracks);
}

/* ---- rows for CSV and JSON ---- */

static void add_rows(struct table *table, const struct report *report, const struct group *group,
                     const struct row *chosen, enum reach reach)
{
    const struct point *point = chosen->points[reach];
    struct text name = {0}, figure = {0}, note = {0};
    const char *against;
    double percent = crossing_percent(chosen, reach, &against);
    if (!point) return;
    struct report_row row = {.provenance = "published"};
    if (point->line) {
        row = report_row_of(report, group->run, SCOPE_UNKNOWN, point->line);
    } else {
        row.statistic = point->published->statistic;
        text_add(&note, "published.tsv:%zu", point->published->line);
    }
    group_name(&name, report, group);
    row.cloud = text_get(&name);
    row.extent = reach_names[reach];
    row.ranks = point->gpus;
    row.bytes = point->bytes;
    row.bound_percent = isfinite(point->bound) ? 100 * point->busbw.point / point->bound : 0;
    row.instance = group->instance;
    row.note = text_get(&note);
    text_add(&figure, "%s edge busbw", group->collective);
    row.figure = text_get(&figure);
    row.value = point->busbw;
    row.unit = "GB/s";
    report_row_add(table, report, &row);
    text_clear(&figure);
    text_add(&figure, "%s edge, against %s", group->collective, against);
    row.figure = text_get(&figure);
    row.value = (struct figure){percent, percent, percent, INTERVAL_NONE};
    row.unit = "%";
    row.bound_percent = 0;
    report_row_add(table, report, &row);
    text_free(&name);
    text_free(&figure);
    text_free(&note);
}

void report_edge_rows(struct table *table, const struct report *report)
{
    struct tracks tracks[REPORT_COLLECTIVES];
    struct groups groups = groups_of(report, tracks);
    struct row row;
    for (size_t g = 0; g < groups.count; g++)
        if (choose(&groups.list[g], &row))
            for (int e = 0; e < EXTENTS; e++) add_rows(table, report, &groups.list[g], &row, extents[e]);
    groups_free(&groups, tracks);
}
