#include "analysis/compare/study.h"
#include "analysis/common/table.h"
#include "analysis/compare/overlap_cases.h"
#include "collective/dtype.h"
#include "record/redact.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_WORD = 40 }; /* of a type, an operation or a mode: a record may contain any text */

static enum status read_catalog(struct study *study, const char *catalog)
{
    if (!catalog_read(&study->catalog, catalog)) return STATUS_OK;
    study->catalog = (struct catalog){0};
    warn("without clouds.tsv and gpus.tsv there are no bounds from the catalog, no peaks and no prices");
    return catalog ? STATUS_ENVIRONMENT : STATUS_OK;
}

static void combine(struct study *study, bool by_allocation)
{
    study->aggregate = aggregate_archive(&study->archive, by_allocation);
    study->sites = allocate(study->aggregate.count, sizeof *study->sites);
    for (size_t r = 0; r < study->aggregate.count; r++) {
        study->sites[r] = site_of(&study->catalog, &study->aggregate.runs[r]);
        site_bounds(&study->sites[r], &study->aggregate.runs[r], &study->aggregate.arena);
    }
}

enum status study_read(struct study *study, char **paths, int count, const char *catalog,
                       enum study_kind kind)
{
    *study = (struct study){0};
    enum status status = STATUS_OK;
    for (int i = 0; !status && i < count; i++) status = archive_read(&study->archive, paths[i]);
    if (!status) status = read_catalog(study, catalog);
    if (status) {
        study_free(study);
        return status;
    }
    archive_merge_passes(
        &study->archive); /* as archive_make_comparable(), with the cases between the steps */
    if (kind == STUDY_JUDGED || kind == STUDY_NIGHTS) add_overlap_cases(&study->archive);
    study->twins = archive_drop_twins(&study->archive);
    archive_complete_keys(&study->archive);
    if (study->twins) warn("%s", study->twins);
    if (kind == STUDY_REDACTED) {
        redact_archive(&study->archive);
        if (study->twins)
            study->twins =
                "some launches were read twice and count once"; /* because the line contains paths */
    }
    combine(study, kind == STUDY_BY_ALLOCATION || kind == STUDY_NIGHTS);
    return STATUS_OK;
}

void study_of(struct study *study, const struct archive *archive, const char *catalog, enum study_kind kind)
{
    *study = (struct study){.archive = *archive, .borrowed = true};
    (void)read_catalog(study, catalog); /* if there is none, it warns, and there are no bounds */
    combine(study, kind == STUDY_BY_ALLOCATION);
}

void study_free(struct study *study)
{
    free(study->sites);
    aggregate_free(&study->aggregate);
    catalog_free(&study->catalog);
    if (!study->borrowed) archive_free(&study->archive);
}

static int preference(const struct track *track, enum purpose purpose)
{
    const struct case_row *row = track->cases[0].row;
    enum mode wanted = purpose == FOR_LATENCY ? MODE_ISOLATED : MODE_PIPELINED;
    const bool as_nccl_tests = !row->mode || row->mode == MODE_NCCL_TESTS; /* imported rows have no mode */
    int score = row->mode == wanted ? 8 : as_nccl_tests ? 4 : 0;
    if (row->placement != IN_PLACE) score += 2;
    if (is_usual_op(row->op)) score += 1;
    return score;
}

static bool is_better(const struct track *a, const struct track *b, enum purpose purpose)
{
    int x = preference(a, purpose), y = preference(b, purpose);
    return x != y ? x > y : a->figures > b->figures;
}

static int by_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

/* Compares by ranks, nodes, conditions, cache and memory. */
static int by_place(const struct track *a, const struct track *b)
{
    const struct case_row *x = a->cases[0].row, *y = b->cases[0].row;
    if (x->ranks != y->ranks) return x->ranks < y->ranks ? -1 : 1;
    if (x->nodes != y->nodes) return x->nodes < y->nodes ? -1 : 1;
    int order = conditions_order(&a->cases[0].conditions, &b->cases[0].conditions);
    if (!order) order = -by_text(cache_name(x->cache), cache_name(y->cache)); /* warm before cold */
    return order ? order : by_text(memory_name(x->memory), memory_name(y->memory));
}

/* Compares like by_place(), then by the number of operations in a group (-m). */
static int by_group(const struct track *a, const struct track *b)
{
    const int64_t x = case_aggregate(a->cases[0].row), y = case_aggregate(b->cases[0].row);
    int order = by_place(a, b);
    return order ? order : (x > y) - (x < y);
}

/* Compares like by_group(), then by the imbalance of alltoallv. Each combination of these is a world: a run
   has one track in it. */
static int by_world(const struct track *a, const struct track *b)
{
    int order = by_group(a, b);
    return order ? order : by_text(a->cases[0].row->imbalance, b->cases[0].row->imbalance);
}

static void keep_better(struct tracks *tracks, struct track track, enum purpose purpose)
{
    for (size_t i = tracks->count; i-- > 0 && tracks->list[i].run == track.run;) {
        if (by_world(&tracks->list[i], &track) != 0) continue;
        if (is_better(&track, &tracks->list[i], purpose)) tracks->list[i] = track;
        return;
    }
    tracks->list = reallocate(tracks->list, tracks->count + 1, sizeof *tracks->list);
    tracks->list[tracks->count++] = track;
}

static int by_run_and_world(const void *a, const void *b)
{
    const struct track *x = a, *y = b;
    if (x->run != y->run) return x->run < y->run ? -1 : 1;
    return by_world(x, y);
}

struct tracks study_tracks(const struct study *study, const char *collective, enum purpose purpose)
{
    struct tracks tracks = {0};
    for (size_t r = 0; r < study->aggregate.count; r++) {
        const struct run_summary *run = &study->aggregate.runs[r];
        for (size_t first = 0, last; first < run->case_count; first = last) {
            const struct case_summary *line = &run->cases[first];
            for (last = first + 1; last < run->case_count && same_curve(line, &run->cases[last]);) last++;
            struct track track = {.run = r, .cases = line, .count = last - first};
            for (size_t i = first; i < last; i++) track.figures += run->cases[i].launches > 0;
            bool whole = is_world(line->row->group);
            if (!track.figures || !whole || !same(line->row->collective, collective)) continue;
            track.scope = site_scope(&study->sites[r], line);
            keep_better(&tracks, track, purpose);
        }
    }
    if (tracks.count) qsort(tracks.list, tracks.count, sizeof *tracks.list, by_run_and_world);
    return tracks;
}

struct tracks study_tracks_in(const struct study *study, const char *collective, enum purpose purpose,
                              enum scope scope)
{
    struct tracks tracks = study_tracks(study, collective, purpose);
    size_t kept = 0;
    for (size_t i = 0; i < tracks.count; i++)
        if (tracks.list[i].scope == scope) tracks.list[kept++] = tracks.list[i];
    tracks.count = kept;
    return tracks;
}

static const struct track *find_track(const struct tracks *tracks, const struct track *world,
                                      int (*of_same_collective)(const struct track *, const struct track *))
{
    for (size_t i = 0; i < tracks->count; i++) {
        const struct track *track = &tracks->list[i];
        bool alike = same(track->cases[0].row->collective, world->cases[0].row->collective);
        if (track->run == world->run && (alike ? of_same_collective : by_place)(track, world) == 0)
            return track;
    }
    return NULL;
}

const struct track *track_in_world(const struct tracks *tracks, const struct track *world)
{
    return find_track(tracks, world, by_world);
}

const struct track *track_of_any_imbalance(const struct tracks *tracks, const struct track *world)
{
    return find_track(tracks, world, by_group);
}

const struct case_summary *track_at(const struct track *track, int64_t bytes)
{
    for (size_t i = 0; i < track->count; i++)
        if (track->cases[i].row->bytes == bytes && track->cases[i].launches) return &track->cases[i];
    return NULL;
}

int64_t largest_common_bytes(const struct track *tracks, size_t count)
{
    for (size_t i = count ? tracks[0].count : 0; i-- > 0;) {
        int64_t bytes = tracks[0].cases[i].row->bytes;
        bool common = tracks[0].cases[i].launches > 0;
        for (size_t t = 1; t < count && common; t++) common = track_at(&tracks[t], bytes) != NULL;
        if (common) return bytes;
    }
    return 0;
}

void track_variant(const struct track *track, struct text *text)
{
    const struct case_row *row = track->cases[0].row;
    const char *words[] = {row->dtype, same(row->op, "none") ? NULL : row->op,
                           row->placement == OUT_OF_PLACE ? "out of place"
                           : row->placement == IN_PLACE   ? "in place"
                                                          : placement_name(row->placement),
                           mode_name(row->mode)};
    for (int i = 0; i < 4; i++) {
        if (!words[i]) continue;
        text_add(text, "%s", !text->length ? "" : i == 1 ? " " : ", ");
        plain_text(text, words[i], LONGEST_WORD);
    }
}

void track_case(const struct track *track, struct text *text)
{
    const struct case_row *row = track->cases[0].row;
    if (case_aggregate(row) > 1)
        text_add(text, "%sgroups of %lld operations", text->length ? ", " : "",
                 (long long)case_aggregate(row));
    if (!row->imbalance) return;
    text_add(text, "%simbalance ", text->length ? ", " : "");
    plain_text(text, row->imbalance, LONGEST_WORD);
}

void track_world(const struct tracks *tracks, const struct track *track, struct text *text)
{
    const struct case_row *row = track->cases[0].row;
    bool conditions_differ = false, cache_differs = false, nodes_differ = false;
    for (size_t i = 0; i < tracks->count; i++) {
        const struct track *other = &tracks->list[i];
        cache_differs |= other->cases[0].row->cache != row->cache;
        nodes_differ |= other->run == track->run && other->cases[0].row->ranks == row->ranks &&
                        other->cases[0].row->nodes != row->nodes;
        conditions_differ |= other->run == track->run && other->cases[0].row->ranks == row->ranks &&
                             conditions_order(&other->cases[0].conditions, &track->cases[0].conditions) != 0;
    }
    if (nodes_differ && row->nodes != ABSENT)
        text_add(text, ", %lld node%s", (long long)row->nodes, row->nodes == 1 ? "" : "s");
    if (conditions_differ) conditions_words(&track->cases[0].conditions, text);
    if (cache_differs && row->cache) {
        text_add(text, ", ");
        plain_text(text, cache_name(row->cache), LONGEST_WORD);
        text_add(text, " cache");
    }
}

const char **study_collectives(const struct study *study)
{
    const char **names = NULL;
    size_t count = 0;
    bool known[COLLECTIVE_COUNT] = {false};
    for (int pass = 0; pass < 2;
         pass++) /* first find the known collectives that have figures, then add the others */
        for (size_t r = 0; r < study->aggregate.count; r++)
            for (size_t c = 0; c < study->aggregate.runs[r].case_count; c++) {
                const struct case_summary *line = &study->aggregate.runs[r].cases[c];
                const struct collective *collective =
                    line->row->collective ? collective_find(line->row->collective) : NULL;
                if (!line->launches || !line->row->collective) continue;
                if (collective) known[collective->id] = true;
                bool listed = collective != NULL;
                for (size_t i = 0; i < count && !listed; i++) listed = same(names[i], line->row->collective);
                if (pass == 0 || listed) continue;
                names = reallocate(names, count + 1, sizeof *names);
                names[count++] = line->row->collective;
            }
    const char **list = allocate(count + COLLECTIVE_COUNT + 1, sizeof *list);
    size_t n = 0;
    for (int id = 0; id < COLLECTIVE_COUNT; id++)
        if (known[id]) list[n++] = collectives[id].name;
    for (size_t i = 0; i < count; i++) list[n++] = names[i];
    free(names);
    return list;
}
