/* Results as a reader of plots and reports wants them: runs, what they ran on, and which lines make a curve.
 */
#ifndef BUSBAR_STUDY_H
#define BUSBAR_STUDY_H

#include "analysis/compare/site.h"

struct study {
    struct archive archive;
    struct catalog catalog;
    struct aggregate aggregate;
    struct site *sites; /* one per run */
    const char *twins;  /* which launches were read twice and count once; NULL: none */
    bool borrowed;      /* the archive is somebody else's */
};

enum study_kind {
    STUDY_PLAIN,
    STUDY_BY_ALLOCATION, /* the allocations of a run apart */
    STUDY_REDACTED,      /* host names, serials and UUIDs replaced (redact.h) */
};

/* Reads results (files or folders) and the catalog (NULL: where catalog_read looks; without one there are no
   bounds and prices, which is said). On failure one line, and nothing to free. */
enum status study_read(struct study *, char **paths, int count, const char *catalog, enum study_kind);
/* The same of launches that were read and made comparable already; the archive must outlive the study. */
void study_of(struct study *, const struct archive *);
void study_free(struct study *);

/* Neighbouring lines of a run that differ only in size: one curve. Lines without figures are inside, too. */
struct track {
    size_t run;
    const struct case_summary *cases;
    size_t count, figures; /* figures: lines that have one */
    enum scope scope;
};

struct tracks {
    struct track *list;
    size_t count;
};

enum purpose { FOR_BANDWIDTH, FOR_LATENCY };

/* The track that represents each world of a run for a collective: a number of ranks and nodes, the launches'
   conditions, the cache and the memory. For bandwidth pipelined, for latency isolated where there is a
   choice; out of place before in place, sum before other operations, more sizes before fewer. Whole worlds
   only. In the order of the runs, then of the ranks. The caller frees the list. */
struct tracks study_tracks(const struct study *, const char *collective, enum purpose);
/* Those of one extent. */
struct tracks study_tracks_in(const struct study *, const char *collective, enum purpose, enum scope);

/* The track of the set that has the same run, ranks, nodes, conditions, cache and memory; NULL: none. */
const struct track *track_in_world(const struct tracks *, const struct track *world);

/* Adds what tells the track from others of the set beside run and ranks: ", 2 NVLink domains, cold cache". */
void track_world(const struct tracks *, const struct track *, struct text *);

/* The line of a track at a size; NULL: none with a figure. */
const struct case_summary *track_at(const struct track *, int64_t bytes);
/* The largest size at which every one of the tracks has a figure; 0: none. */
int64_t largest_common_bytes(const struct track *tracks, size_t count);
/* "float sum, out of place, pipelined" added to `text`; what the records do not say is left out. */
void track_variant(const struct track *, struct text *);

/* The names of collectives that any run has a figure for: the table's order, then others'. NULL-terminated;
 * the caller frees the list. */
const char **study_collectives(const struct study *);

#endif
