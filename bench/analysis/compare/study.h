/* Results prepared for plots and reports: the runs, their machines, and the lines that form curves. */
#ifndef BUSBAR_STUDY_H
#define BUSBAR_STUDY_H

#include "analysis/compare/site.h"

struct study {
    struct archive archive;
    struct catalog catalog;
    struct aggregate aggregate;
    struct site *sites; /* one per run */
    const char *twins;  /* a line that names the launches that were read twice; NULL: none */
    bool borrowed;      /* the archive belongs to the caller */
};

enum study_kind {
    STUDY_PLAIN,
    STUDY_BY_ALLOCATION, /* the allocations of a run are separate runs */
    STUDY_REDACTED,      /* host names, serials and UUIDs replaced (redact.h) */
    STUDY_JUDGED,        /* lines of overlap are cases, too (overlap_cases.h) */
    STUDY_NIGHTS,        /* both STUDY_BY_ALLOCATION and STUDY_JUDGED */
};

/* Reads results (files or folders) and the catalog (NULL: from where catalog_read() looks; warns if that has
   none, and then there are no bounds from the catalog, peaks and prices). After a failure, which prints one
   line, there is nothing to free. */
enum status study_read(struct study *, char **paths, int count, const char *catalog, enum study_kind);
/* The same for launches that were already read and made comparable. The archive must outlive the study. */
void study_of(struct study *, const struct archive *, const char *catalog, enum study_kind);
void study_free(struct study *);

/* A curve: successive lines of a run that differ only in size. Includes lines without figures. */
struct track {
    size_t run;
    const struct case_summary *cases;
    size_t count, figures; /* numbers of lines, and of lines with a figure */
    enum scope scope;
};

struct tracks {
    struct track *list;
    size_t count;
};

enum purpose { FOR_BANDWIDTH, FOR_LATENCY };

/* Chooses one track of a collective for each world of a run, that is for each combination of ranks, nodes,
   conditions, cache and memory. Prefers pipelined for bandwidth and isolated for latency; then out of place,
   the sum, and more sizes. Only cases of all ranks. Sorted by run, then by ranks. The caller frees the
   list. */
struct tracks study_tracks(const struct study *, const char *collective, enum purpose);
/* The same, with one extent only. */
struct tracks study_tracks_in(const struct study *, const char *collective, enum purpose, enum scope);

/* The track of the set with the same run, ranks, nodes, conditions, cache and memory as `world`, and, for the
   same collective, with the same imbalance and operations in a group; NULL: none. */
const struct track *track_in_world(const struct tracks *, const struct track *world);
/* The same, but the imbalance may be another one: for a set whose tracks all have the one that is wanted. */
const struct track *track_of_any_imbalance(const struct tracks *, const struct track *world);

/* Adds what distinguishes the track from the others of the set besides run and ranks: ", 2 NVLink domains,
   cold cache". */
void track_world(const struct tracks *, const struct track *, struct text *);
/* Adds "groups of 4 operations, imbalance 1.5", after a comma unless the text is empty; nothing where neither
   applies. */
void track_case(const struct track *, struct text *);

/* The line of a track at a size; NULL: none with a figure. */
const struct case_summary *track_at(const struct track *, int64_t bytes);
/* The largest size at which every one of the tracks has a figure; 0: none. */
int64_t largest_common_bytes(const struct track *tracks, size_t count);
/* Adds "float sum, out of place, pipelined" to `text`; leaves out what the records do not state. */
void track_variant(const struct track *, struct text *);

/* The names of the collectives for which any run has a figure: in the order of collectives[], then names that
   it does not have. NULL-terminated; the caller frees the list. */
const char **study_collectives(const struct study *);

#endif
