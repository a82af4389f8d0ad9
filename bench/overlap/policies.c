/* The values of --cta: each has a communicator of its own, which is open while its cases run. */
#include "backend/cta.h"
#include "base/text.h"
#include "launch/world.h"
#include "measure/labels.h"
#include "overlap/overlap.h"

#include <string.h>

/* "4" and "4-4" are one policy. */
static bool is_same_policy(const char *a, const struct cta *b)
{
    struct cta cta;
    return cta_read(a, &cta) == STATUS_OK && cta.kind == b->kind && cta.least == b->least &&
           cta.most == b->most;
}

enum status overlap_policies_read(struct overlap_settings *s)
{
    enum status status = STATUS_OK;
    char *rest = s->policies_copy = duplicate(s->sides.cta ? s->sides.cta : "default");
    for (const char *word; !status && (word = strsep(&rest, ","));) {
        struct cta cta;
        bool known = false;
        status = cta_read(word, &cta);
        for (size_t i = 0; i < s->policy_count; i++) known |= is_same_policy(s->policies[i], &cta);
        if (status || known) continue;
        s->policies = reallocate(s->policies, s->policy_count + 1, sizeof *s->policies);
        s->policies[s->policy_count++] = word;
    }
    return status;
}

enum status overlap_policy_open(struct overlap_launch *l, size_t policy)
{
    const struct overlap_settings *s = &l->settings;
    const struct world *world = &l->driver.world;
    struct comm *before = atomic_exchange(&l->endable, NULL);
    if (before) l->backend->close(before);
    l->policy = policy;
    l->comm = NULL;
    l->backend = backend_find(s->backend); /* backend_open() may wrap it to inject a fault */
    enum status status = agree_over(world->comm, l->backend ? STATUS_OK : STATUS_ENVIRONMENT);
    if (status) return status;
    struct backend_options options = {.cold = s->sides.cache == CACHE_COLD,
                                      .seed = (uint64_t)s->seed,
                                      .registration =
                                          (enum registration)(REGISTRATION_NONE + s->sides.registration),
                                      .cta = s->sides.cta ? s->policies[policy] : NULL,
                                      .fault = s->fault.backend,
                                      .steps = &watch_pulse(l->driver.watch)->steps};
    status = backend_open(&l->backend, world, &options, &l->comm);
    if (!status) atomic_store(&l->endable, l->comm);
    return agree_over(world->comm, status);
}

/* Whether an earlier case is the same one: its policy, too, has no effect on this collective. */
static bool is_repeated(const struct overlap_launch *l, size_t at)
{
    const struct overlap_case *c = &l->cases[at];
    for (size_t i = 0; i < at; i++) {
        const struct overlap_case *earlier = &l->cases[i];
        if (earlier->policy != c->policy && earlier->collective == c->collective &&
            earlier->requested_bytes == c->requested_bytes && earlier->ratio == c->ratio &&
            same(earlier->cta, c->cta))
            return true;
    }
    return false;
}

void overlap_label_cases(struct overlap_launch *l, const struct launch_header *header)
{
    const struct overlap_settings *s = &l->settings;
    const enum registration asked = (enum registration)(REGISTRATION_NONE + s->sides.registration);
    struct label_reasons told = {.count = 0};
    for (size_t i = 0; i < l->case_count; i++) {
        struct overlap_case *c = &l->cases[i];
        struct label_question q =
            label_question_of(header, s->sides.cta ? s->policies[c->policy] : NULL, asked, 0);
        labels_of_case(&q, c->collective->id, &c->cta, &c->registration, &told);
        labels_mark(&q, header);
        c->repeated = is_repeated(l, i);
    }
}
