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
    int64_t domains_used; /* NVLink domains that NCCL saw: with NVLink between hosts off, each host is one;
                             INT64_MIN: not known */
    double bound;         /* busbw or the GPU's dense peak; NAN: not known */
    const char *formula;  /* of the bound; "" */
};

struct published {
    struct arena arena;
    struct published_figure *list;
    size_t count;
    const char *path; /* where they were read from; NULL: there is no such table */
};

/* Reads published.tsv, which is beside the catalog's clouds.tsv; without that file the list is empty. Returns
   STATUS_ENVIRONMENT after printing one line if the file is invalid. */
enum status published_read(struct published *, const struct catalog *);
enum status published_parse(struct published *, const struct catalog *, const char *name, const char *text,
                            size_t length);
void published_free(struct published *);

/* Whether the figure is above its bound by more than 0.5 %, which rounding explains: no machine can reach
   that. */
bool published_impossible(const struct published_figure *);

#endif
