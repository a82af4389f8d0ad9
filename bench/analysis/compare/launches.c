#include "analysis/compare/launches.h"
#include "analysis/compare/conditions.h"
#include "analysis/plan/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMED = 5 }; /* the most launches that a message names */

const char *launch_folder(const struct launch *launch, struct arena *arena)
{
    const char *slash = strrchr(launch->path, '/');
    struct text text = {0};
    if (slash) text_add_bytes(&text, launch->path, (size_t)(slash - launch->path));
    const char *folder = arena_string(arena, slash ? text_get(&text) : ".");
    text_free(&text);
    return folder;
}

const char *launch_failure(const struct launch *launch)
{
    if (launch->end.status == END_COMPLETE) return NULL;
    return !launch->end.status                     ? "died"
           : launch->end.status == END_INTERRUPTED ? "was interrupted"
                                                   : "failed";
}

/* ---- launches that were read twice ---- */

static double time_of(const struct case_row *row)
{
    if (row->samples_us.count) return sampled_time_us(row);
    return row->time_us > 0 ? row->time_us : row->median_us;
}

/* Does `whole` have every case of `part`, with the same time? A baseline rounds to seven digits, and has its
   own order. */
static bool holds(const struct launch *whole, const struct launch *part)
{
    const double most = 1e-5; /* difference of ln(time) */
    for (size_t i = 0; i < part->case_count; i++) {
        double us = time_of(&part->cases[i]);
        bool found = false;
        for (size_t k = 0; k < whole->case_count && !found; k++) {
            const struct case_row *row = &whole->cases[(i + k) % whole->case_count];
            double other = time_of(row);
            found = same(row->key, part->cases[i].key) &&
                    ((isnan(us) && isnan(other)) || us == other || fabs(log(us / other)) <= most);
        }
        if (!found) return false;
    }
    return true;
}

static bool same_hosts(const struct launch_header *a, const struct launch_header *b)
{
    if (a->allocation_hosts_hash || b->allocation_hosts_hash)
        return same(a->allocation_hosts_hash, b->allocation_hosts_hash);
    if (a->host_count != b->host_count) return false;
    for (size_t i = 0; i < a->host_count; i++)
        if (!same(a->hosts[i].name, b->hosts[i].name)) return false;
    return true;
}

const char *launch_hosts(const struct launch_header *header, struct arena *arena)
{
    if (header->allocation_hosts_hash) return arena_string(arena, header->allocation_hosts_hash);
    if (!header->host_count) return NULL;
    struct text names = {0};
    for (size_t i = 0; i < header->host_count; i++)
        text_add(&names, "%s ", header->hosts[i].name ? header->hosts[i].name : "?");
    const char *hosts = arena_string(arena, text_get(&names));
    text_free(&names);
    return hosts;
}

const char *launch_allocation(const struct launch_header *header, struct arena *arena)
{
    return header->allocation_id ? arena_string(arena, header->allocation_id) : launch_hosts(header, arena);
}

/* Do the launches state the same origin: the same table of a file, or the same start, name, driver and
   hosts? */
static bool same_origin(const struct launch_header *a, const struct launch_header *b)
{
    const char *file = fact_text(a->source, "sha256");
    if (file)
        return same(file, fact_text(b->source, "sha256")) &&
               json_equal(json_object_get(a->source, "table"), json_object_get(b->source, "table"));
    return a->started && same(a->started, b->started) && same(a->launch, b->launch) &&
           same(a->driver, b->driver) && same_hosts(a, b);
}

bool same_launch(const struct launch *a, const struct launch *b)
{
    if (same(a->path, b->path)) return same(a->header.launch, b->header.launch);
    if (!same_origin(&a->header, &b->header)) return false;
    return a->case_count >= b->case_count ? holds(a, b) : holds(b, a); /* a copy may be incomplete */
}

static int by_text(const char *a, const char *b)
{
    if (!a || !b) return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

/* Compares start time and source file, so that launches that may be the same are neighbours. */
static int by_origin(const struct launch *a, const struct launch *b)
{
    int order = by_text(a->header.started, b->header.started);
    if (!order) order = by_text(fact_text(a->header.source, "sha256"), fact_text(b->header.source, "sha256"));
    return order;
}

static int by_origin_then_place(const void *a, const void *b)
{
    const struct launch *x = *(const struct launch *const *)a, *y = *(const struct launch *const *)b;
    int order = by_origin(x, y);
    if (!order)
        order = (x->case_count < y->case_count) -
                (x->case_count > y->case_count); /* the more complete one first */
    return order ? order : (x > y) - (x < y);
}

const char *archive_drop_twins(struct archive *archive)
{
    const struct launch **sorted = allocate(archive->count, sizeof *sorted);
    bool *drop = allocate(archive->count, sizeof *drop);
    struct text names = {0};
    size_t twins = 0;
    for (size_t i = 0; i < archive->count; i++) sorted[i] = &archive->launches[i];
    qsort(sorted, archive->count, sizeof *sorted, by_origin_then_place);
    for (size_t i = 1; i < archive->count; i++)
        for (size_t j = i; j-- > 0 && by_origin(sorted[j], sorted[i]) == 0;) {
            if (drop[sorted[j] - archive->launches] || !same_launch(sorted[j], sorted[i])) continue;
            drop[sorted[i] - archive->launches] = true;
            bool named_twice = same(sorted[i]->path, sorted[j]->path);
            if (twins++ < NAMED)
                text_add(&names, "%s%s is %s%s", twins > 1 ? ", " : "", sorted[i]->path,
                         named_twice ? "named twice" : "also ", named_twice ? "" : sorted[j]->path);
            break;
        }
    if (twins > NAMED) text_add(&names, " and %zu more", twins - NAMED);
    if (twins) {
        struct text note = {0};
        text_add(&note, "%zu launch%s read twice count%s once: %s", twins, twins == 1 ? "" : "es",
                 twins == 1 ? "s" : "", text_get(&names));
        text_clear(&names);
        text_add(&names, "%s", text_get(&note));
        text_free(&note);
    }
    const char *note = twins ? arena_string(&archive->arena, text_get(&names)) : NULL;
    archive_drop(archive, drop);
    text_free(&names);
    free(sorted);
    free(drop);
    return note;
}

/* ---- keys ---- */

static bool is_imported(const struct launch *launch)
{
    return launch_has_provenance(&launch->header, PROVENANCE_IMPORTED);
}

/* Imported launches are repetitions only if both are marked as such, by the user or by the file. */
static bool are_repetitions(const struct launch *a, const struct launch *b)
{
    return json_is_true(json_object_get(a->header.source, "repetitions")) &&
           json_is_true(json_object_get(b->header.source, "repetitions"));
}

/* A case of an imported table. */
struct entry {
    const char *folder, *run, *key;
    size_t launch;
};

static int by_run_and_key(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = x->folder == y->folder ? 0 : strcmp(x->folder, y->folder);
    if (!order) order = by_text(x->run, y->run);
    if (!order) order = x->key == y->key ? 0 : strcmp(x->key, y->key);
    return order ? order : (x->launch > y->launch) - (x->launch < y->launch);
}

/* Marks the imported tables that have a case in common with another table of their run. */
static void find_rival_tables(struct archive *archive, bool *rival)
{
    size_t rows = 0, n = 0;
    for (size_t i = 0; i < archive->count; i++)
        if (is_imported(&archive->launches[i])) rows += archive->launches[i].case_count;
    struct entry *entries = allocate(rows, sizeof *entries);
    for (size_t i = 0; i < archive->count; i++) {
        const struct launch *launch = &archive->launches[i];
        for (size_t c = 0; is_imported(launch) && c < launch->case_count; c++)
            entries[n++] = (struct entry){launch_folder(launch, &archive->arena), launch->header.run,
                                          launch->cases[c].key, i};
    }
    qsort(entries, n, sizeof *entries, by_run_and_key);
    for (size_t i = 1; i < n; i++) {
        const struct entry *a = &entries[i - 1], *b = &entries[i];
        if (a->launch != b->launch && same(a->folder, b->folder) && same(a->run, b->run) &&
            same(a->key, b->key) &&
            !are_repetitions(&archive->launches[a->launch], &archive->launches[b->launch]))
            rival[a->launch] = rival[b->launch] = true;
    }
    free(entries);
}

void archive_complete_keys(struct archive *archive)
{
    bool *rival = allocate(archive->count, sizeof *rival);
    struct text key = {0};
    find_rival_tables(archive, rival);
    for (size_t i = 0; i < archive->count; i++) {
        struct launch *launch = &archive->launches[i];
        if (rival[i]) launch->table = launch->header.launch ? launch->header.launch : launch->path;
        for (size_t c = 0; c < launch->case_count; c++) {
            struct case_row *row = &launch->cases[c];
            struct conditions conditions = conditions_of(launch, row, &archive->arena);
            text_clear(&key);
            text_add(&key, "%s", row->key);
            if (row->gemm && row->ranks == ABSENT &&
                launch->header.ranks != ABSENT) { /* record of an older version */
                row->ranks = launch->header.ranks;
                text_add(&key, "/ranks=%lld", (long long)row->ranks);
            }
            conditions_key(&conditions, &key);
            row->key = arena_string(&archive->arena, text_get(&key));
        }
    }
    text_free(&key);
    free(rival);
}

const char *archive_make_comparable(struct archive *archive)
{
    archive_merge_passes(archive);
    const char *note = archive_drop_twins(archive);
    archive_complete_keys(archive);
    return note;
}

/* ---- planned launches that were not measured ---- */

static bool is_measured(const struct launch *const *launches, size_t count, const char *folder,
                        const char *name, struct arena *arena)
{
    struct text path = {0};
    text_add(&path, "%s/%s.jsonl", folder, name);
    bool found =
        access(text_get(&path), F_OK) == 0; /* the user may have named only some files of the folder */
    text_free(&path);
    for (size_t i = 0; i < count && !found; i++)
        found = same(launches[i]->header.launch, name) && launch_folder(launches[i], arena) == folder;
    return found;
}

static void add_folder(struct shortfall *shortfall, const struct launch *const *launches, size_t count,
                       const char *folder, struct text *names, struct arena *arena)
{
    struct text path = {0};
    struct plan plan;
    text_add(&path, "%s/plan.tsv", folder);
    if (access(text_get(&path), F_OK) == 0) {
        if (plan_read(text_get(&path), &plan)) {
            shortfall->unknown = arena_string(arena, text_get(&path));
        } else {
            shortfall->planned += plan.count;
            for (size_t i = 0; i < plan.count; i++) {
                if (is_measured(launches, count, folder, plan.rows[i].launch, arena)) continue;
                if (shortfall->missing++ < NAMED)
                    text_add(names, "%s%s", names->length ? ", " : "", plan.rows[i].launch);
            }
            plan_free(&plan);
        }
    }
    text_free(&path);
}

struct shortfall launches_missing(const struct launch *const *launches, size_t count, struct arena *arena)
{
    struct shortfall shortfall = {0};
    struct text names = {0};
    const char **folders = allocate(count, sizeof *folders);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const char *folder = launch_folder(launches[i], arena);
        bool seen = false;
        for (size_t j = n; j-- > 0 && !seen;) seen = folders[j] == folder;
        if (seen) continue;
        folders[n++] = folder;
        add_folder(&shortfall, launches, count, folder, &names, arena);
    }
    free(folders);
    if (shortfall.missing > NAMED) text_add(&names, " and %zu more", shortfall.missing - NAMED);
    if (shortfall.missing) shortfall.names = arena_string(arena, text_get(&names));
    text_free(&names);
    return shortfall;
}
