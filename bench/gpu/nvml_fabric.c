/* The NVLink fabric of a GPU. */
#include "gpu/nvml_library.h"

#include <stdio.h>
#include <string.h>

enum { CLUSTER_BYTES = 16, COMPLETED = 3, MOST_CLIQUES = 64, UNICAST_POINTER = 0 };

/* nvmlGpuFabricInfo_t, _v2_t and _v3_t, and _v4_t, which has a function of its own. */
struct fabric_1 {
    unsigned char cluster[CLUSTER_BYTES];
    nvml_return status;
    unsigned clique;
    unsigned char state;
};

struct fabric_2 {
    unsigned version; /* size | number << 24 */
    unsigned char cluster[CLUSTER_BYTES];
    nvml_return status;
    unsigned clique;
    unsigned char state;
    unsigned health;
};

struct fabric_3 {
    unsigned version;
    unsigned char cluster[CLUSTER_BYTES];
    nvml_return status;
    unsigned clique;
    unsigned char state;
    unsigned health;
    unsigned char summary;
};

struct fabric_4 {
    unsigned char cluster[CLUSTER_BYTES];
    nvml_return status;
    struct {
        unsigned char type;
        unsigned id;
    } cliques[MOST_CLIQUES];
    unsigned clique_count;
    unsigned char state;
    unsigned health;
    unsigned char summary;
};

/* The members that all versions have. summary: 0 if the version lacks it. */
struct fabric {
    unsigned char cluster[CLUSTER_BYTES];
    nvml_return status;
    unsigned clique;
    int state, summary;
};

static bool set(struct fabric *f, const unsigned char cluster[CLUSTER_BYTES], struct fabric others)
{
    *f = others;
    memcpy(f->cluster, cluster, sizeof f->cluster);
    return true;
}

static bool ask_4(struct nvml *n, struct fabric *f)
{
    struct fabric_4 info = {.state = 0};
    unsigned i = 0;
    if (!n->fabric_4 || n->fabric_4(n->device, &info)) return false;
    while (i < info.clique_count && i < MOST_CLIQUES && info.cliques[i].type != UNICAST_POINTER) i++;
    if (i == info.clique_count || i == MOST_CLIQUES) return false;
    return set(f, info.cluster,
               (struct fabric){.status = info.status,
                               .clique = info.cliques[i].id,
                               .state = info.state,
                               .summary = info.summary});
}

static bool ask_3(struct nvml *n, struct fabric *f)
{
    struct fabric_3 info = {.version = sizeof info | 3u << 24};
    if (!n->fabric_v || n->fabric_v(n->device, &info)) return false;
    return set(
        f, info.cluster,
        (struct fabric){
            .status = info.status, .clique = info.clique, .state = info.state, .summary = info.summary});
}

static bool ask_2(struct nvml *n, struct fabric *f)
{
    struct fabric_2 info = {.version = sizeof info | 2u << 24};
    if (!n->fabric_v || n->fabric_v(n->device, &info)) return false;
    return set(f, info.cluster,
               (struct fabric){.status = info.status, .clique = info.clique, .state = info.state});
}

static bool ask_1(struct nvml *n, struct fabric *f)
{
    struct fabric_1 info = {.state = 0};
    if (!n->fabric || n->fabric(n->device, &info)) return false;
    return set(f, info.cluster,
               (struct fabric){.status = info.status, .clique = info.clique, .state = info.state});
}

/* Asks with the newest version of the structure that the driver accepts. */
static bool ask(struct nvml *n, struct fabric *f)
{
    return n && (ask_4(n, f) || ask_3(n, f) || ask_2(n, f) || ask_1(n, f));
}

static bool completed(const struct fabric *f)
{
    return f->state == COMPLETED && f->status == 0;
}

bool nvml_fabric_completed(struct nvml *n)
{
    struct fabric f;
    return ask(n, &f) && completed(&f);
}

bool nvml_domain(struct nvml *n, char domain[DOMAIN_TEXT])
{
    static const unsigned char none[CLUSTER_BYTES];
    struct fabric f;
    size_t at = 0;
    if (!ask(n, &f) || !completed(&f) || memcmp(f.cluster, none, sizeof none) == 0) return false;
    for (int i = 0; i < CLUSTER_BYTES; i++)
        at += (size_t)snprintf(domain + at, DOMAIN_TEXT - at, "%s%02x",
                               i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", f.cluster[i]);
    snprintf(domain + at, DOMAIN_TEXT - at, ".%u", f.clique);
    return true;
}

const char *nvml_fabric_health(struct nvml *n)
{
    static const char *const words[] = {NULL, "healthy", "unhealthy", "limited_capacity"};
    struct fabric f;
    if (!ask(n, &f) || f.summary < 1 || (size_t)f.summary >= sizeof words / sizeof *words) return NULL;
    return words[f.summary];
}

#if defined SAME_AS_NVML && defined NVML_GPU_FABRIC_STATE_COMPLETED
SAME_AS_NVML(COMPLETED, NVML_GPU_FABRIC_STATE_COMPLETED);
SAME_AS_NVML(CLUSTER_BYTES, NVML_GPU_FABRIC_UUID_LEN);
SAME_AS_NVML(sizeof(struct fabric_1), sizeof(nvmlGpuFabricInfo_t));
SAME_AS_NVML(offsetof(struct fabric_1, state), offsetof(nvmlGpuFabricInfo_t, state));
#endif
#if defined SAME_AS_NVML && defined nvmlGpuFabricInfo_v2
SAME_AS_NVML(sizeof(struct fabric_2) | 2u << 24, nvmlGpuFabricInfo_v2);
SAME_AS_NVML(offsetof(struct fabric_2, state), offsetof(nvmlGpuFabricInfo_v2_t, state));
#endif
#if defined SAME_AS_NVML && defined nvmlGpuFabricInfo_v3
SAME_AS_NVML(sizeof(struct fabric_3) | 3u << 24, nvmlGpuFabricInfo_v3);
SAME_AS_NVML(offsetof(struct fabric_3, summary), offsetof(nvmlGpuFabricInfo_v3_t, healthSummary));
#endif
#if defined SAME_AS_NVML && defined NVML_GPU_FABRIC_CLIQUE_MAX
SAME_AS_NVML(UNICAST_POINTER, NVML_GPU_FABRIC_CLIQUE_TYPE_UNICAST_POINTER);
SAME_AS_NVML(MOST_CLIQUES, NVML_GPU_FABRIC_CLIQUE_MAX);
SAME_AS_NVML(sizeof(struct fabric_4), sizeof(nvmlGpuFabricInfo_v4_t));
SAME_AS_NVML(offsetof(struct fabric_4, summary), offsetof(nvmlGpuFabricInfo_v4_t, healthSummary));
#endif
