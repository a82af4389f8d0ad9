#include "measure/group.h"
#include "backend/mpi_status.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/units.h"
#include "record/group_names.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOMAIN_TEXT = 96 };

int circle_opponent(int hosts, int round, int host)
{
    /* The last of n seats (n even) is fixed, the others rotate: in round r, seats i and j meet if
       i + j = 2r modulo n - 1. */
    int n = hosts + hosts % 2, m = n - 1, opponent;
    if (host == m)
        opponent = round % m;
    else
        opponent = ((2 * round - host) % m + m) % m;
    if (opponent == host) opponent = m;
    return opponent < hosts ? opponent : -1;
}

/* The pairs of one round. of[host]: its opponent; -1: the host sits out. */
struct opponents {
    int hosts, *of;
};

static bool oppose(int a, int b, void *data)
{
    struct opponents *opponents = data;
    if (a >= opponents->hosts || b >= opponents->hosts) return false;
    opponents->of[a] = b;
    opponents->of[b] = a;
    return true;
}

/* Returns false if the split names a host that the launch does not have. */
static bool find_opponents(const char *name, struct opponents *opponents)
{
    int n = opponents->hosts, half = n / 2;
    int64_t round;
    for (int host = 0; host < n; host++) opponents->of[host] = -1;
    switch (split_kind_of(name, &round)) {
    case SPLIT_MATCH:
        return each_match(name, oppose, opponents);
    case SPLIT_BISECT:
        for (int host = 0; host < half; host++) oppose(host, host + half, opponents);
        return true;
    default: /* hosts:K and rails:K */
        for (int host = 0; host < n; host++) opponents->of[host] = circle_opponent(n, (int)round, host);
        return true;
    }
}

/* Makes one group of each pair of hosts; with `rails`, one per local rank of each pair. Ranks of a host
   without an opponent get -1. Returns false if the split names a host that the launch does not have. */
static bool host_pairs(const struct world *w, const char *name, bool rails, int *group)
{
    int places = 1, pairs = 0;
    struct opponents opponents = {w->nodes, allocate((size_t)w->nodes, sizeof *opponents.of)};
    bool good = find_opponents(name, &opponents);
    if (rails)
        for (int r = 0; r < w->ranks; r++)
            if (w->local_rank_of_rank[r] >= places) places = w->local_rank_of_rank[r] + 1;
    int *pair = allocate((size_t)w->nodes, sizeof *pair);
    for (int node = 0; node < w->nodes; node++) {
        int other = opponents.of[node];
        pair[node] = other < 0 ? -1 : other < node ? pair[other] : pairs++;
    }
    for (int r = 0; r < w->ranks; r++) {
        int p = pair[w->node_of_rank[r]];
        group[r] = p < 0 ? -1 : p * places + (rails ? w->local_rank_of_rank[r] : 0);
    }
    free(pair);
    free(opponents.of);
    return good;
}

int split_assign(const char *name, const struct world *w, const int *domain_of_rank, int *group, char *reason,
                 size_t room)
{
    int64_t number;
    int groups = 1;
    *reason = 0;
    for (int r = 0; r < w->ranks; r++) group[r] = 0;
    switch (split_kind_of(name, &number)) {
    case SPLIT_NODE:
        for (int r = 0; r < w->ranks; r++) group[r] = w->node_of_rank[r];
        break;
    case SPLIT_DOMAIN:
        for (int r = 0; r < w->ranks; r++) group[r] = domain_of_rank ? domain_of_rank[r] : w->node_of_rank[r];
        break;
    case SPLIT_RAIL:
        for (int r = 0; r < w->ranks; r++) group[r] = w->local_rank_of_rank[r];
        break;
    case SPLIT_PAIRS:
        if (w->ranks % 2) snprintf(reason, room, "%d ranks do not make pairs", w->ranks);
        for (int r = 0; r < w->ranks; r++) group[r] = r % (w->ranks / 2 ? w->ranks / 2 : 1);
        break;
    case SPLIT_COUNT:
        if (w->ranks % number)
            snprintf(reason, room, "%d ranks do not divide into groups of %d", w->ranks, (int)number);
        for (int r = 0; r < w->ranks; r++) group[r] = r / (int)number;
        break;
    case SPLIT_HOSTS:
        host_pairs(w, name, false, group);
        break;
    case SPLIT_BISECT:
    case SPLIT_RAILS:
    case SPLIT_MATCH:
        if (!host_pairs(w, name, true, group))
            snprintf(reason, room, "it names a host beyond the launch's %d", w->nodes);
        break;
    case SPLIT_WORLD:
    case SPLIT_UNKNOWN:
        break;
    }
    for (int r = 0; r < w->ranks; r++)
        if (group[r] >= groups) groups = group[r] + 1;
    return *reason ? 0 : groups;
}

/* Collective. Numbers the NVLink domains in order of their first rank. A host without a domain is a domain by
   itself. */
static void domains(const struct world *w, const struct backend *backend, struct comm *comm,
                    int *domain_of_rank)
{
    const char *own = backend->domain ? backend->domain(comm) : getenv("BUSBAR_DOMAIN");
    char text[DOMAIN_TEXT] = {0}, *all = allocate((size_t)w->ranks, DOMAIN_TEXT);
    snprintf(text, sizeof text, "%s", own && *own ? own : w->host);
    mpi_must(MPI_Allgather(text, DOMAIN_TEXT, MPI_CHAR, all, DOMAIN_TEXT, MPI_CHAR, w->comm));
    int count = 0;
    int *firsts = allocate((size_t)w->ranks, sizeof *firsts); /* first rank of each domain found so far */
    for (int r = 0; r < w->ranks; r++) {
        int d = 0;
        while (d < count && strcmp(all + (size_t)r * DOMAIN_TEXT, all + (size_t)firsts[d] * DOMAIN_TEXT) != 0)
            d++;
        if (d == count) firsts[count++] = r;
        domain_of_rank[r] = d;
    }
    free(firsts);
    free(all);
}

static int compare_ints(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Makes the world of this rank's group: its ranks in the launch's order, its hosts numbered from 0. */
static void sub_world(const struct world *w, struct split *split)
{
    int mine = split->group_of_rank[w->rank], n = 0;
    struct world *g = &split->world;
    mpi_must(MPI_Comm_split(w->comm, mine < 0 ? MPI_UNDEFINED : mine, w->rank, &g->comm));
    if (mine < 0) return;
    for (int r = 0; r < w->ranks; r++) n += split->group_of_rank[r] == mine;
    g->ranks = n;
    g->host = w->host;
    g->renamed = w->renamed;
    /* The launch's local rank: it selects the device, and the host's memory and cores are shared by all ranks
       of the launch, not only by the group's. */
    g->local_rank = w->local_rank;
    g->local_ranks = w->local_ranks;
    g->node_of_rank = allocate((size_t)n, sizeof *g->node_of_rank);
    g->local_rank_of_rank = allocate((size_t)n, sizeof *g->local_rank_of_rank);
    g->ranks_on_node = allocate((size_t)n, sizeof *g->ranks_on_node);
    g->hosts = allocate((size_t)n, sizeof *g->hosts);
    int *number = allocate((size_t)w->nodes, sizeof *number); /* of a host in the group, plus one; 0: new */
    for (int r = 0, at = 0; r < w->ranks; r++) {
        if (split->group_of_rank[r] != mine) continue;
        int node = w->node_of_rank[r];
        if (!number[node]) g->hosts[g->nodes] = w->hosts[node], number[node] = ++g->nodes;
        g->node_of_rank[at] = number[node] - 1;
        g->ranks_on_node[number[node] - 1]++;
        g->local_rank_of_rank[at] = w->local_rank_of_rank[r];
        if (r == w->rank) g->rank = at, g->node = number[node] - 1;
        at++;
    }
    free(number);
}

/* Counts the ranks and nodes of a group. Sets `reason` unless all groups have the same number of ranks, at
   least two: a case's figure is for one number of ranks. */
static void check_sizes(const struct world *w, struct split *split)
{
    int *size = allocate((size_t)split->groups + 1, sizeof *size);
    for (int r = 0; r < w->ranks; r++)
        if (split->group_of_rank[r] >= 0) size[split->group_of_rank[r]]++;
    bool *seen = allocate((size_t)w->nodes, sizeof *seen);
    for (int r = 0; r < w->ranks; r++) {
        if (split->group_of_rank[r] != 0) continue;
        split->nodes += !seen[w->node_of_rank[r]];
        seen[w->node_of_rank[r]] = true;
        split->ranks++;
    }
    free(seen);
    qsort(size, (size_t)split->groups, sizeof *size, compare_ints);
    if (size[split->groups - 1] == 0)
        snprintf(split->reason, sizeof split->reason, "one host has no opponent");
    else if (size[split->groups - 1] == 1)
        snprintf(split->reason, sizeof split->reason, "a group of one rank has nobody to talk to");
    else if (size[0] != size[split->groups - 1])
        snprintf(split->reason, sizeof split->reason, "groups of %d to %d ranks: they must be of one size",
                 size[0], size[split->groups - 1]);
    free(size);
}

/* Makes the worlds of a split's groups, unless the split is impossible. */
static void make_worlds(const struct world *w, struct split *split)
{
    check_sizes(w, split);
    if (!*split->reason) sub_world(w, split);
}

/* A group need not meet what the whole launch must. */
static struct backend_options of_a_group(const struct backend_options *options)
{
    struct backend_options own = *options;
    own.expect_domain = 0;
    own.expect_transports = 0;
    return own;
}

void split_label(const char *name, char label[SPLIT_LABEL])
{
    if (split_kind_of(name, &(int64_t){0}) == SPLIT_MATCH)
        snprintf(label, SPLIT_LABEL, "match:%016llx", (unsigned long long)hash_bytes(name, strlen(name)));
    else
        snprintf(label, SPLIT_LABEL, "%s", name);
}

void splits_make(const char *list, const struct world *w, const struct backend *backend,
                 const struct backend *opened, struct comm *comm, const struct backend_options *options,
                 struct splits *splits)
{
    char *copy = duplicate(list), *rest = copy, *word;
    int *domain_of_rank = allocate((size_t)w->ranks, sizeof *domain_of_rank);
    size_t room = 1;
    if (strstr(list, "domain")) domains(w, opened, comm, domain_of_rank);
    for (const char *c = list; *c; c++) room += *c == ',';
    /* The list must never move: backends keep pointers to the worlds in it. */
    *splits = (struct splits){.list = allocate(room, sizeof *splits->list),
                              .whole = *w,
                              .backend = backend,
                              .options = of_a_group(options)};
    while ((word = strsep(&rest, ","))) {
        size_t before = 0;
        char label[SPLIT_LABEL];
        split_label(word, label);
        while (before < splits->count && !same(splits->list[before].name, label)) before++;
        if (before < splits->count) continue; /* named twice */
        struct split *split = &splits->list[splits->count];
        *split = (struct split){.name = duplicate(label), .index = (int)splits->count};
        splits->count++;
        split->group_of_rank = allocate((size_t)w->ranks, sizeof *split->group_of_rank);
        if (is_world(word)) {
            split->groups = 1, split->ranks = w->ranks, split->nodes = w->nodes;
            split->world = *w, split->backend = opened, split->comm = comm;
            continue;
        }
        split->groups =
            split_assign(word, w, domain_of_rank, split->group_of_rank, split->reason, sizeof split->reason);
        if (split->groups) make_worlds(w, split);
    }
    free(domain_of_rank);
    free(copy);
}

/* Leaves the communicator NULL on a rank that sits out. */
static enum status open_comm(struct split *split, const struct backend *backend,
                             const struct backend_options *options)
{
    split->backend = backend; /* backend_open() may wrap it to inject a fault */
    if (!split->world.ranks) return STATUS_OK;
    return backend_open(&split->backend, &split->world, options, &split->comm);
}

static void close_split(struct split *split)
{
    if (split->comm) split->backend->close(split->comm);
    split->comm = NULL;
    split->backend = NULL; /* a wrapper ends with its communicator */
    split->opened = 0;
}

static void close_oldest(struct splits *splits)
{
    struct split *oldest = NULL;
    size_t open = 0;
    for (size_t i = 0; i < splits->count; i++) {
        struct split *split = &splits->list[i];
        if (!split->opened || is_world(split->name)) continue;
        if (open++ == 0 || split->opened < oldest->opened) oldest = split;
    }
    if (open >= MOST_OPEN) close_split(oldest);
}

enum status split_open(struct splits *splits, struct split *split, bool *fresh)
{
    *fresh = !split->opened && !*split->reason;
    if (!*fresh) return STATUS_OK;
    if (!is_world(split->name)) close_oldest(splits);
    split->opened = ++splits->openings;
    if (is_world(split->name)) return STATUS_OK;
    return open_comm(split, splits->backend, &splits->options);
}

enum status split_open_alone(const struct world *w, const struct backend *backend,
                             const struct backend_options *options, struct split *split)
{
    const struct backend_options own = of_a_group(options);
    make_worlds(w, split);
    return *split->reason ? STATUS_OK : open_comm(split, backend, &own);
}

/* Puts the ranks with loads[rank] == load into one group; the others take no part. */
static void make_side(const char *name, const bool *loads, bool load, const struct world *w,
                      struct split *split)
{
    *split = (struct split){.name = duplicate(name), .groups = 1};
    split->group_of_rank = allocate((size_t)w->ranks, sizeof *split->group_of_rank);
    for (int r = 0; r < w->ranks; r++) split->group_of_rank[r] = loads[r] == load ? 0 : -1;
}

enum status splits_open_beside(const bool *loads, const struct world *w, const struct backend *backend,
                               const struct backend_options *options, struct splits *splits,
                               struct split *load)
{
    *splits = (struct splits){.list = allocate(1, sizeof *splits->list),
                              .count = 1,
                              .whole = *w,
                              .backend = backend,
                              .options = *options};
    splits->options.expect_domain = 0; /* the whole launch must meet it, not each group */
    splits->options.expect_transports = 0;
    make_side("beside", loads, false, w, splits->list);
    check_sizes(w, splits->list);
    if (!*splits->list->reason) sub_world(w, splits->list); /* split_open() opens it when it is visited */
    make_side("load", loads, true, w, load);
    return split_open_alone(w, backend, options, load);
}

void split_close(struct split *split)
{
    if (!is_world(split->name)) {
        close_split(split);
        if (split->world.ranks) mpi_must(MPI_Comm_free(&split->world.comm));
        free(split->world.hosts);
        free(split->world.node_of_rank);
        free(split->world.local_rank_of_rank);
        free(split->world.ranks_on_node);
    }
    free(split->group_of_rank);
    free((char *)split->name);
}

void splits_close(struct splits *splits)
{
    for (size_t i = 0; i < splits->count; i++) split_close(&splits->list[i]);
    free(splits->list);
    *splits = (struct splits){0};
}

struct figure {
    double median_us;
    int group;
};

static int slowest_first(const void *a, const void *b)
{
    const struct figure *x = a, *y = b;
    if (x->median_us != y->median_us) return x->median_us < y->median_us ? 1 : -1;
    return x->group - y->group;
}

json_t *split_figures(const struct splits *splits, const struct split *split, double own_median_us,
                      const struct collective *collective, size_t bytes)
{
    const struct world *w = &splits->whole;
    if (is_world(split->name)) return NULL;
    double *all = w->rank == 0 ? allocate((size_t)w->ranks, sizeof *all) : NULL;
    mpi_must(MPI_Gather(&own_median_us, 1, MPI_DOUBLE, all, 1, MPI_DOUBLE, 0, w->comm));
    if (w->rank) return NULL;
    struct figure *figures = allocate((size_t)split->groups, sizeof *figures);
    json_t **ranks = allocate((size_t)split->groups, sizeof *ranks),
           **hosts = allocate((size_t)split->groups, sizeof *hosts);
    int *last = allocate((size_t)split->groups, sizeof *last); /* the group's node named last, plus one */
    for (int g = 0; g < split->groups; g++)
        figures[g] = (struct figure){NAN, g}, ranks[g] = json_array(), hosts[g] = json_array();
    for (int r = 0; r < w->ranks; r++) {
        int g = split->group_of_rank[r], node = w->node_of_rank[r];
        if (g < 0) continue;
        figures[g].median_us = all[r];
        json_array_append_new(ranks[g], json_integer(r));
        if (last[g] != node + 1)
            json_array_append_new(hosts[g], json_string(w->hosts[node])), last[g] = node + 1;
    }
    qsort(figures, (size_t)split->groups, sizeof *figures, slowest_first);
    json_t *list = json_array();
    for (int i = 0; i < split->groups; i++) {
        int g = figures[i].group;
        json_t *object = json_pack("{so so}", "ranks", ranks[g], "hosts", hosts[g]);
        double us = figures[i].median_us;
        if (us > 0) json_object_set_new(object, "median_us", json_real(us));
        if (us > 0 && split->ranks > 1)
            json_object_set_new(object, "busbw_gbps",
                                json_real(busbw_gbps(collective, split->ranks, (double)bytes, us)));
        json_array_append_new(list, object);
    }
    free(last);
    free(ranks);
    free(hosts);
    free(figures);
    free(all);
    return list;
}
