/* Stores the state of a sweep as a small JSON file in its temporary folder. */
#include "analysis/sweep/sweep.h"

#include <jansson.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, INTEGER, REAL };

/* clang-format off */
#define MEMBER(kind, name) {kind, #name, offsetof(struct sweep_state, name)}
static const struct member {
    enum kind kind;
    const char *key;
    size_t offset;
} members[] = {
    MEMBER(TEXT, launcher), MEMBER(TEXT, provider), MEMBER(TEXT, price_source), MEMBER(INTEGER, host_count),
    MEMBER(INTEGER, gpus_per_node), MEMBER(INTEGER, ranks_per_node), MEMBER(INTEGER, has_gpus),
    MEMBER(INTEGER, largest), MEMBER(INTEGER, budget_s), MEMBER(REAL, usd_per_gpu_hour),
    MEMBER(REAL, usd_per_hour), MEMBER(INTEGER, probe), MEMBER(INTEGER, round),
    MEMBER(INTEGER, rounds_begun_s), MEMBER(INTEGER, round_begun_s), MEMBER(TEXT, first_run),
    MEMBER(TEXT, run), MEMBER(TEXT, folder), MEMBER(TEXT, ended_by), MEMBER(TEXT, lost),
    MEMBER(INTEGER, begun_s), MEMBER(INTEGER, total), MEMBER(INTEGER, cursor), MEMBER(INTEGER, left),
    MEMBER(INTEGER, estimate_left_s), MEMBER(INTEGER, measured), MEMBER(INTEGER, spent_s),
    MEMBER(INTEGER, overhead_s), MEMBER(INTEGER, wrong), MEMBER(INTEGER, hung), MEMBER(INTEGER, failed),
    MEMBER(INTEGER, told_s), MEMBER(INTEGER, alike), MEMBER(INTEGER, driver_count), MEMBER(TEXT, alike_told),
    MEMBER(TEXT, alike_drivers), MEMBER(TEXT, first_failed), MEMBER(INTEGER, launch_begun_s),
    MEMBER(INTEGER, limit_s), MEMBER(INTEGER, share_s),
};
/* clang-format on */
enum { MEMBERS = sizeof members / sizeof *members, LARGEST_STATE = 16 << 20 };

static void path_of(const char *scratch, struct text *path)
{
    text_add(path, "%s/state", scratch);
}

static void read_member(const struct member *member, const json_t *object, struct sweep_state *state)
{
    char *place = (char *)state + member->offset;
    const json_t *value = json_object_get(object, member->key);
    if (member->kind == INTEGER)
        *(int64_t *)place = json_integer_value(value);
    else if (member->kind == REAL)
        *(double *)place = json_is_number(value) ? json_number_value(value) : NAN;
    else
        *(const char **)place = arena_string(&state->arena, json_string_value(value));
}

enum status state_read(const char *scratch, struct sweep_state *state)
{
    struct text path = {0}, content = {0};
    *state = (struct sweep_state){0};
    path_of(scratch, &path);
    enum status status = text_add_file(&content, text_get(&path), LARGEST_STATE);
    json_t *object = status ? NULL : json_loads(text_get(&content), JSON_REJECT_DUPLICATES, NULL);
    if (!status && !json_is_object(object))
        status = fail(STATUS_ENVIRONMENT, "%s is not the state of a sweep", text_get(&path));
    for (size_t i = 0; !status && i < MEMBERS; i++) read_member(&members[i], object, state);
    json_decref(object);
    text_free(&path);
    text_free(&content);
    return status;
}

static json_t *member_value(const struct member *member, const struct sweep_state *state)
{
    const char *place = (const char *)state + member->offset;
    if (member->kind == INTEGER) return json_integer(*(const int64_t *)place);
    if (member->kind == REAL)
        return isfinite(*(const double *)place) ? json_real(*(const double *)place) : json_null();
    return *(const char *const *)place ? json_string(*(const char *const *)place) : json_null();
}

enum status state_write(const char *scratch, const struct sweep_state *state)
{
    struct text path = {0};
    json_t *object = json_object();
    bool complete = true;
    for (size_t i = 0; i < MEMBERS; i++)
        complete &= !json_object_set_new(object, members[i].key, member_value(&members[i], state));
    char *dump = complete ? json_dumps(object, JSON_INDENT(1)) : NULL;
    path_of(scratch, &path);
    enum status status =
        dump ? replace_file(text_get(&path), dump)
             : fail(STATUS_ENVIRONMENT,
                    "cannot write the state of the sweep: no memory, or a name that is not UTF-8");
    free(dump);
    json_decref(object);
    text_free(&path);
    return status;
}

void state_free(struct sweep_state *state)
{
    arena_free(&state->arena);
    *state = (struct sweep_state){0};
}
