/* Figures that others published, by instance: results/published.tsv. People transcribe them by hand. */
#ifndef BUSBAR_PUBLISHED_H
#define BUSBAR_PUBLISHED_H

#include "catalog/catalog.h"

/* How far a figure reaches. */
enum reach {
    REACH_HOST,    /* GPUs of one host */
    REACH_DOMAIN,  /* several hosts of one NVLink domain */
    REACH_DOMAINS, /* across NVLink domains */
    REACH_NO_LINK, /* several hosts of one NVLink domain with NVLink between hosts switched off */
    REACH_UNKNOWN,
    REACH_COUNT
};
extern const char *const reach_names[REACH_COUNT];

/* Strings are "" and numbers INT64_MIN or NAN where the source does not say. */
struct published_figure {
    const char *provider, *instance, *gpu;
    int64_t gpus, nodes, domains;
    enum known mnnvl;       /* NVLink between hosts is on */
    const char *collective; /* NULL: a matmul */
    int64_t bytes;
    const char *placement, *dtype, *shape, *statistic;
    double busbw_gbps, tflops;
    const char *date, *source, *note;
    size_t line; /* in the file */
    /* From the catalog: */
    enum reach reach;
    int64_t domains_used; /* as NCCL saw them: with NVLink between hosts off each host is one; INT64_MIN */
    double bound;         /* busbw or the GPU's dense peak; NAN: not known */
    const char *formula;  /* of the bound; "" */
};

struct published {
    struct arena arena;
    struct published_figure *list;
    size_t count;
    const char *path; /* where they were read from; NULL: there is no such table */
};

/* published.tsv beside the catalog's clouds.tsv; none where it is not there. STATUS_ENVIRONMENT after one line
   for a broken one. */
enum status published_read(struct published *, const struct catalog *);
enum status published_parse(struct published *, const struct catalog *, const char *name, const char *text,
                            size_t length);
void published_free(struct published *);

/* Above its bound by more than the half per cent that rounding explains: no machine can have done it. */
bool published_impossible(const struct published_figure *);

#endif
