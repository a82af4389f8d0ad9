#include "measure/problems.h"
#include "catalog/problems.h"

static bool meets(const struct cases *cases, const struct settings *s, const struct nccl_problem *p,
                  int version)
{
    for (size_t i = 0; i < cases->count; i++) {
        const struct measured *m = &cases->list[i];
        if (nccl_problem_applies(p, version, name_of(&registration_names, (int)settings_registration(s)),
                                 m->split->ranks, m->split->nodes, m->call.collective->name,
                                 dtypes[m->call.dtype].name))
            return true;
    }
    return false;
}

void problems_tell(const struct cases *cases, const struct settings *s, struct launch_header *header)
{
    struct nccl_problems problems;
    json_t *nccl = json_object_get(header->facts, "nccl"), *met = json_array();
    const char *text = json_string_value(json_object_get(nccl, "version"));
    const int version = nccl_version_number(text);
    if (version >= 0 && !nccl_problems_read(&problems)) {
        for (size_t i = 0; i < problems.count; i++) {
            const struct nccl_problem *p = &problems.list[i];
            if (!meets(cases, s, p, version)) continue;
            warn("NCCL %s %s: %s", text, p->words, p->source);
            json_array_append_new(met, json_pack("{s:s, s:s}", "problem", p->words, "source", p->source));
        }
        nccl_problems_free(&problems);
    }
    if (json_array_size(met)) json_object_set(nccl, "known_problems", met);
    json_decref(met);
}
