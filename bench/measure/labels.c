/* The rules come from NCCL's source, releases 2.18 to 2.30.7 (src/enqueue.cc, src/ce_coll.cc, src/init.cc).
   The sources of later releases have not been read: with them, labels are what was asked for, and
   labels_mark() says so. */
#include "measure/labels.h"
#include "catalog/problems.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_UNKNOWN = 23100, HIERARCHICAL_COPIES = 23000, REGISTERS_GRAPHS = 21900 };

/* ncclGetAlgoInfo: the policy chooses NVLS for registered buffers (also those that a captured graph
   registers). */
static const char *efficiency_unused(const struct label_question *q)
{
    if (q->collective != ALL_GATHER && q->collective != REDUCE_SCATTER)
        return "NCCL has this policy for all_gather and reduce_scatter only";
    if (q->registration == REGISTRATION_NONE && q->graph == 0)
        return "NCCL has this policy for registered buffers only (-R 1)";
    if (q->mnnvl) return "NCCL does not have this policy with NVLink between hosts";
    if (q->lacks_nvls) return "NCCL has this policy where NVLink switches reduce (NVLS), and these do not";
    return q->algorithm_is_forced ? "NCCL_ALGO and NCCL_PROTO override it" : NULL;
}

/* ncclCeImplemented, ncclCeAvailable, ncclHierCeAvailable. */
static const char *zero_unused(const struct label_question *q)
{
    const bool between_domains =
        q->version >= HIERARCHICAL_COPIES && (q->collective == ALL_GATHER || q->collective == ALL_TO_ALL);
    if (q->collective != ALL_GATHER && q->collective != ALL_TO_ALL && q->collective != GATHER &&
        q->collective != SCATTER)
        return "NCCL uses copy engines only for all_gather, alltoall, gather and scatter";
    if (q->registration != REGISTRATION_SYMMETRIC)
        return "NCCL uses copy engines only with symmetric windows (-R 2)";
    return q->domains > 1 && !between_domains
               ? "NCCL uses copy engines for this collective only within one NVLink domain"
               : NULL;
}

const char *cta_unused(const struct label_question *q, const char **label)
{
    const char *reason = NULL;
    *label = q->cta;
    if (!q->cta || q->version < 0 || q->version >= FIRST_UNKNOWN) return NULL;
    if (strcmp(q->cta, "efficiency") == 0) reason = efficiency_unused(q);
    if (strcmp(q->cta, "zero") == 0) reason = zero_unused(q);
    if (reason) *label = "default";
    return reason;
}

/* ncclRegisterCollBuffers and others: while a graph is captured, buffers are registered if
   NCCL_GRAPH_REGISTER is not 0, its default since 2.19 (src/enqueue.cc). */
static bool graph_registers(const struct label_question *q)
{
    if (q->graph <= 0 || q->registration != REGISTRATION_NONE || q->version < 0 ||
        q->version >= FIRST_UNKNOWN)
        return false;
    return q->graph_register ? strtol(q->graph_register, NULL, 0) != 0 : q->version >= REGISTERS_GRAPHS;
}

/* initTransportsRank: nvlsRegSupport is 0 with MNNVL. Peers may still read registered buffers directly. */
const char *registration_limited(const struct label_question *q, enum registration *label)
{
    *label = q->registration;
    if (graph_registers(q)) {
        *label = REGISTRATION_GRAPH;
        return "NCCL registers the buffers of graphs by itself, unless NCCL_GRAPH_REGISTER is 0";
    }
    if (q->registration != REGISTRATION_USER || !q->mnnvl || q->version < 0 || q->version >= FIRST_UNKNOWN)
        return NULL;
    *label = REGISTRATION_USER_NO_NVLS;
    return "with NVLink between hosts, NCCL does not let NVLink switches work on registered buffers";
}

/* Would a rule decide about the labels of this question if NCCL's version were known? */
static bool is_undecided(const struct label_question *q)
{
    const bool names_policy = q->cta && (same(q->cta, "efficiency") || same(q->cta, "zero"));
    return q->version >= FIRST_UNKNOWN &&
           (names_policy || q->graph > 0 || (q->registration == REGISTRATION_USER && q->mnnvl));
}

void labels_mark(const struct label_question *q, const struct launch_header *header)
{
    json_t *nccl = json_object_get(header->facts, "nccl");
    if (!is_undecided(q) || json_object_get(nccl, "labels")) return;
    json_object_set_new(nccl, "labels", json_string("as asked for"));
    warn("what NCCL %d.%d does with --cta, -R and -G is not known here (rules end with 2.30): the rows say "
         "what "
         "was asked for",
         q->version / 10000, q->version / 100 % 100);
}

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value;
}

static bool is_new(struct label_reasons *told, const char *reason)
{
    for (size_t i = 0; i < told->count; i++)
        if (told->list[i] == reason) return false;
    if (told->count < MOST_REASONS) told->list[told->count++] = reason;
    return true;
}

struct label_question label_question_of(const struct launch_header *header, const char *cta,
                                        enum registration registration, int64_t graph)
{
    const json_t *nccl = json_object_get(header->facts, "nccl");
    return (struct label_question){
        .cta = cta,
        .registration = registration,
        .graph = graph,
        .version = nccl_version_number(json_string_value(json_object_get(nccl, "version"))),
        .domains = header->domains,
        .mnnvl = json_is_true(json_object_get(nccl, "mnnvl")),
        .lacks_nvls = json_is_false(json_object_get(nccl, "nvls")),
        .algorithm_is_forced = is_set("NCCL_ALGO") || is_set("NCCL_PROTO"),
        .graph_register = getenv("NCCL_GRAPH_REGISTER")};
}

void labels_of_case(struct label_question *q, enum collective_id collective, const char **cta,
                    enum registration *registration, struct label_reasons *told)
{
    q->collective = collective;
    const char *reason = cta_unused(q, cta);
    if (reason && is_new(told, reason)) warn("--cta %s: %s; rows without it say '%s'", q->cta, reason, *cta);
    reason = registration_limited(q, registration);
    if (reason && is_new(told, reason))
        warn("%s: %s; the rows say '%s'", q->registration == REGISTRATION_USER ? "-R 1" : "-G", reason,
             registration_name(*registration));
}

void labels_set(struct cases *cases, const struct settings *s, const struct launch_header *header)
{
    struct label_reasons told = {.count = 0};
    struct label_question q = label_question_of(header, s->cta, settings_registration(s), s->graph);
    for (size_t i = 0; i < cases->count; i++) {
        struct measured *m = &cases->list[i];
        labels_of_case(&q, m->call.collective->id, &m->cta, &m->registration, &told);
    }
    labels_mark(&q, header);
}
