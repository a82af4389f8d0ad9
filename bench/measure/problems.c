#include "measure/problems.h"
#include "catalog/problems.h"

/* In the table of problems, "graph" means -G without -R: it is not known for every version whether NCCL
   registers the buffers then (labels.h). */
static enum registration registration_of(const struct measured *m, const struct settings *s)
{
    return m->registration == REGISTRATION_NONE && s->graph > 0 ? REGISTRATION_GRAPH : m->registration;
}

static bool meets(const struct cases *cases, const struct settings *s, const struct nccl_problem *p,
                  const struct nccl_use *launch)
{
    for (size_t i = 0; i < cases->count; i++) {
        const struct measured *m = &cases->list[i];
        struct nccl_use use = *launch;
        use.registration = registration_name(registration_of(m, s));
        use.cta = m->cta;
        use.collective = m->call.collective->name;
        use.dtype = dtypes[m->call.dtype].name;
        use.op = m->call.collective->reduces ? op_names[m->call.op] : NULL;
        use.ranks = m->split->ranks;
        use.hosts = m->split->nodes;
        if (nccl_problem_applies(p, &use)) return true;
    }
    return false;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

void problems_tell(const struct cases *cases, const struct settings *s, struct launch_header *header)
{
    struct nccl_problems problems;
    json_t *nccl = json_object_get(header->facts, "nccl"), *met = json_array();
    const char *text = text_of(nccl, "version");
    const struct nccl_use launch = {.version = nccl_version_number(text),
                                    .gpu = text_of(json_object_get(header->facts, "gpu"), "model"),
                                    .architecture = text_of(header->facts, "architecture")};
    if (launch.version >= 0 && !nccl_problems_read(&problems)) {
        for (size_t i = 0; i < problems.count; i++) {
            const struct nccl_problem *p = &problems.list[i];
            if (!meets(cases, s, p, &launch)) continue;
            warn("NCCL %s %s: %s", text, p->words, p->source);
            json_array_append_new(met, json_pack("{s:s, s:s}", "problem", p->words, "source", p->source));
        }
        nccl_problems_free(&problems);
    }
    if (json_array_size(met)) json_object_set(nccl, "known_problems", met);
    json_decref(met);
}
