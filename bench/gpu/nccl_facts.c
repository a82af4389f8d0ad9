/* Facts from NCCL and the devices: NVLink domains, the devices of all ranks, the transports that NCCL
   uses. */
#include "gpu/nccl.h"
#include "backend/mpi_status.h"
#include "base/text.h"
#include "gpu/nccl_transport.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- domains ---- */

/* Collective. Gathers the NVLink domain of every rank; without a fabric, the host is the domain. */
void nccl_domains_gather(struct comm *c)
{
    char own[DOMAIN_TEXT] = "";
    if (!nvml_domain(c->nvml, own)) snprintf(own, sizeof own, "%s", c->world->host);
    c->domains = allocate((size_t)c->world->ranks, DOMAIN_TEXT);
    mpi_must(MPI_Allgather(own, DOMAIN_TEXT, MPI_CHAR, c->domains, DOMAIN_TEXT, MPI_CHAR, c->world->comm));
}

static const char *domain_of(const struct comm *c, int rank)
{
    return c->domains + (size_t)rank * DOMAIN_TEXT;
}

const char *nccl_domain(struct comm *c)
{
    return domain_of(c, c->world->rank);
}

/* The number of ranks in `rank`'s domain. *first: whether it is the first of them. */
static int domain_size(const struct comm *c, int rank, bool *first)
{
    int size = 0;
    *first = true;
    for (int r = 0; r < c->world->ranks; r++) {
        bool together = strcmp(domain_of(c, r), domain_of(c, rank)) == 0;
        size += together;
        if (together && r < rank) *first = false;
    }
    return size;
}

static int domain_count(const struct comm *c)
{
    int count = 0;
    for (int r = 0; r < c->world->ranks; r++) {
        bool first;
        domain_size(c, r, &first);
        count += first;
    }
    return count;
}

/* --expect-domain N: checks that every NVLink domain has N ranks, or all ranks if there are fewer than N. */
enum status nccl_domains_check(const struct comm *c)
{
    const int expected = c->options.expect_domain, ranks = c->world->ranks;
    bool first;
    for (int r = 0; expected && r < ranks; r++) {
        int size = domain_size(c, r, &first);
        if (size != (expected < ranks ? expected : ranks))
            return c->world->rank ? STATUS_ENVIRONMENT
                                  : fail(STATUS_ENVIRONMENT,
                                         "--expect-domain %d: NVLink domain %s has %d of the %d ranks",
                                         expected, domain_of(c, r), size, ranks);
    }
    return STATUS_OK;
}

/* ---- facts ---- */

static json_t *version_json(int code)
{
    char text[48];
    snprintf(text, sizeof text, "%d.%d.%d", code / 10000, code / 100 % 100, code % 100);
    return json_string(text);
}

enum { PLACE_TEXT = 1024, NAMED_HOSTS = 8 };

/* This rank's device and its nearest NIC as JSON text. If NCCL uses TCP sockets between hosts, also the
   host's RDMA devices: a common fault in the set-up of a cluster, because NCCL falls back to sockets without
   a message. */
static void own_place(const struct comm *c, const json_t *gpu, const struct nccl_paths *paths,
                      char text[PLACE_TEXT])
{
    char unused[256] = "";
    const char *health = nvml_fabric_health(c->nvml);
    json_t *place = json_pack("{s:i, s:s, s:s, s:s}", "index", c->device.index, "pci", c->device.pci, "uuid",
                              c->device.uuid, "domain", domain_of(c, c->world->rank));
    json_t *nearest = json_array_get(json_object_get(gpu, "nics"), 0);
    if (json_object_get(gpu, "numa_node"))
        json_object_set(place, "numa_node", json_object_get(gpu, "numa_node"));
    if (nearest) json_object_set(place, "nearest_nic", nearest);
    if (health) json_object_set_new(place, "fabric_health", json_string(health));
    if (c->world->nodes > 1 && transport_is_tcp(paths))
        rdma_devices(getenv("HWLOC_FSROOT"), unused, sizeof unused);
    if (unused[0]) json_object_set_new(place, "unused_rdma", json_string(unused));
    char *dump = json_dumps(place, JSON_COMPACT);
    if (dump) snprintf(text, PLACE_TEXT, "%s", dump);
    free(dump);
    json_decref(place);
}

static void warn_of_sockets(const struct comm *c, const json_t *places)
{
    struct text hosts = {0};
    const char *devices = NULL;
    int count = 0;
    for (int r = 0; r < c->world->ranks; r++) {
        const char *unused =
            json_string_value(json_object_get(json_array_get(places, (size_t)r), "unused_rdma"));
        if (!unused || c->world->local_rank_of_rank[r]) continue;
        if (!devices) devices = unused;
        if (count++ < NAMED_HOSTS)
            text_add(&hosts, "%s%s", count > 1 ? ", " : "", c->world->hosts[c->world->node_of_rank[r]]);
    }
    if (count)
        warn("NCCL uses TCP sockets on %d of %d hosts although they have RDMA devices (%s%s: %s): is the "
             "network plug-in missing?",
             count, c->world->nodes, text_get(&hosts), count > NAMED_HOSTS ? ", ..." : "", devices);
    text_free(&hosts);
}

static void warn_of_fabric(const struct comm *c, const json_t *places)
{
    const char *word = NULL;
    int count = 0, first = 0;
    for (int r = c->world->ranks - 1; r >= 0; r--) {
        const char *health =
            json_string_value(json_object_get(json_array_get(places, (size_t)r), "fabric_health"));
        if (!health || strcmp(health, "healthy") == 0) continue;
        word = health, first = r, count++;
    }
    if (count)
        warn("the driver calls the NVLink fabric of %d of %d GPUs not healthy, first that of rank %d on %s: "
             "%s",
             count, c->world->ranks, first, c->world->hosts[c->world->node_of_rank[first]], word);
}

/* Collective. Returns the places of all ranks on rank 0; NULL elsewhere. */
static json_t *gather_places(struct comm *c, const json_t *gpu, const struct nccl_paths *paths)
{
    const struct world *w = c->world;
    char own[PLACE_TEXT] = "{}", *all = allocate((size_t)w->ranks, PLACE_TEXT);
    json_t *list = w->rank ? NULL : json_array();
    own_place(c, gpu, paths, own);
    mpi_must(MPI_Gather(own, PLACE_TEXT, MPI_CHAR, all, PLACE_TEXT, MPI_CHAR, 0, w->comm));
    if (list)
        for (int r = 0; r < w->ranks; r++) {
            json_t *place = json_loads(all + (size_t)r * PLACE_TEXT, 0, NULL);
            if (!place) place = json_object();
            json_object_set_new(place, "rank", json_integer(r));
            json_object_set_new(place, "host", json_string(w->hosts[w->node_of_rank[r]]));
            json_array_append_new(list, place);
        }
    free(all);
    if (list) warn_of_sockets(c, list);
    if (list) warn_of_fabric(c, list);
    return list;
}

/* If a domain spans hosts, --expect-domain also means that NCCL uses NVLink between them. Fails closed:
   NCCL's messages must show it. */
static enum status check_mnnvl(const struct comm *c, const struct nccl_paths *paths)
{
    bool first;
    int size = domain_size(c, c->world->rank, &first);
    if (!c->options.expect_domain || size <= c->world->local_ranks || paths->mnnvl == 1) return STATUS_OK;
    const char *domain = domain_of(c, c->world->rank);
    if (c->version < NCCL_VERSION(2, 20, 0))
        return fail(STATUS_ENVIRONMENT,
                    "--expect-domain %d: NVLink between the hosts of domain %s needs NCCL 2.20, not %d.%d",
                    c->options.expect_domain, domain, c->version / 10000, c->version / 100 % 100);
    if (paths->mnnvl == 0)
        return fail(STATUS_ENVIRONMENT,
                    "--expect-domain %d: NCCL does not use NVLink between the hosts of domain %s (MNNVL 0 on "
                    "%s): is IMEX running?",
                    c->options.expect_domain, domain, c->world->host);
    return fail(STATUS_ENVIRONMENT,
                "--expect-domain %d: NCCL does not tell whether it uses NVLink between the hosts of domain "
                "%s: unset NCCL_DEBUG, or set it to INFO",
                c->options.expect_domain, domain);
}

/* Collective. Adds up the connections of the ranks that NVLink connects: of this rank's host, or of its
   NVLink domain if NCCL uses NVLink between hosts. All other facts stay those of this rank. */
static void add_connections(const struct comm *c, struct nccl_paths *paths)
{
    const struct world *w = c->world;
    struct nccl_paths *all = allocate((size_t)w->ranks, sizeof *all);
    mpi_must(MPI_Allgather(paths, sizeof *paths, MPI_BYTE, all, sizeof *paths, MPI_BYTE, w->comm));
    for (int r = 0; r < w->ranks; r++) {
        const bool together = paths->mnnvl == 1 ? strcmp(domain_of(c, r), domain_of(c, w->rank)) == 0
                                                : w->node_of_rank[r] == w->node_of_rank[w->rank];
        if (together && r != w->rank) transport_add(paths, &all[r]);
    }
    free(all);
}

/* --expect-transport. Collective. Fails closed: NCCL's messages must show every transport of the list. */
static enum status check_transports(const struct comm *c, const struct nccl_paths *own)
{
    if (!c->options.expect_transports) return STATUS_OK;
    const struct transport_place place = {c->world->nodes > 1, domain_count(c) > 1};
    struct nccl_paths paths = *own;
    add_connections(c, &paths);
    for (enum transport t = TRANSPORT_P2P; t <= TRANSPORT_GDR; t++) {
        const char *why =
            c->options.expect_transports & 1u << t ? transport_missing(&paths, t, &place) : NULL;
        if (why)
            return fail(STATUS_ENVIRONMENT, "--expect-transport %s: rank %d (%s): %s",
                        name_of(&transport_names, (int)t), c->world->rank, c->world->host, why);
    }
    return STATUS_OK;
}

/* Warns of slow transports, to which NCCL falls back without a message. Once per kind, for all ranks. */
static void warn_of_slow_paths(const struct comm *c, const struct nccl_paths *paths)
{
    bool first;
    const int domain_ranks = domain_size(c, c->world->rank, &first), local_ranks = c->world->local_ranks;
    const int together = paths->mnnvl == 1 ? domain_ranks : local_ranks; /* NVLink connects them */
    const bool expects_nvls = nvml_fabric_completed(c->nvml) && c->device.major >= 9 && together > 1;
    unsigned own = transport_doubts(paths, c->world->nodes > 1, expects_nvls, domain_ranks > local_ranks);
    unsigned all = 0;
    mpi_must(MPI_Allreduce(&own, &all, 1, MPI_UNSIGNED, MPI_BOR, c->world->comm));
    for (unsigned doubt = 1; doubt <= all && c->world->rank == 0; doubt <<= 1)
        if (all & doubt) warn("%s", transport_doubt_words(doubt));
}

enum status nccl_facts_make(struct comm *c)
{
    struct nccl_paths paths;
    nccl_debug_told(&c->debug, c->version, &paths);
    c->facts = json_object();
    json_t *nccl = nccl_paths_json(&paths), *gpu = device_facts(&c->device);
    json_object_set_new(nccl, "version", version_json(c->version));
    json_object_set_new(nccl, "built_with", version_json(NCCL_VERSION_CODE));
    json_object_set_new(nccl, "libraries", loaded_libraries("libnccl"));
    if (*nvml_driver(c->nvml)) json_object_set_new(gpu, "driver", json_string(nvml_driver(c->nvml)));
    json_object_set_new(c->facts, "nccl", nccl);
    json_object_set_new(c->facts, "gpu", gpu);
    if (!isnan(c->event_pair_us)) json_object_set_new(c->facts, "event_pair_us", json_real(c->event_pair_us));
    json_t *places = gather_places(c, gpu, &paths);
    if (places) json_object_set_new(c->facts, "gpus", places);
    warn_of_slow_paths(c, &paths);
    enum status status = nccl_agree(c, check_mnnvl(c, &paths));
    return status ? status : nccl_agree(c, check_transports(c, &paths));
}

void nccl_facts(struct comm *c, struct launch_header *header)
{
    json_object_update(header->facts, c->facts);
    nccl_debug_hide(&c->debug, header->env);
    if (c->device.emulated) device_provenance(header->provenance);
    header->domains = domain_count(c);
    for (size_t node = 0; node < header->host_count; node++) {
        struct world_host *host = &header->hosts[node];
        for (int r = c->world->ranks - 1; r >= 0; r--)
            if (c->world->node_of_rank[r] == (int)node) host->domain = domain_of(c, r);
        host->gpus = c->world->ranks_on_node[node] / (c->sharers > 0 ? c->sharers : 1);
    }
}
