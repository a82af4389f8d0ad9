#include "record/traits.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

enum { DEEPEST = 6, MOST_TRAITS = 4096 };

struct visitor {
    void (*visit)(void *context, const char *name, const char *value, bool is_number);
    void *context;
    size_t most_items, left;
};

static void give(struct visitor *visitor, const char *name, const char *value, bool is_number)
{
    if (!value || !visitor->left) return;
    visitor->left--;
    visitor->visit(visitor->context, name, value, is_number);
}

static void give_integer(struct visitor *visitor, const char *name, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    if (value != ABSENT) give(visitor, name, text, true);
}

/* Visits every value of a JSON tree. The name of a value is its path: "facts.cpu", "env.NCCL_ALGO",
   "facts.nics.0.name". */
static void give_json(struct visitor *visitor, const char *name, json_t *value, int depth)
{
    const char *key;
    char path[256], number[64];
    size_t i;
    json_t *inner;
    if (depth > DEEPEST || !visitor->left) return;
    if (json_is_object(value)) {
        json_object_foreach(value, key, inner)
        {
            snprintf(path, sizeof path, "%s.%s", name, key);
            give_json(visitor, path, inner, depth + 1);
        }
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, inner)
        {
            if (i == visitor->most_items) break;
            snprintf(path, sizeof path, "%s.%zu", name, i);
            give_json(visitor, path, inner, depth + 1);
        }
    } else if (json_is_string(value)) {
        give(visitor, name, json_string_value(value), false);
    } else if (json_is_number(value)) {
        snprintf(number, sizeof number, "%.15g", json_number_value(value));
        give(visitor, name, number, true);
    } else if (json_is_boolean(value)) {
        give(visitor, name, json_is_true(value) ? "true" : "false", false);
    }
}

/* Visits the command line, without arguments that vary between launches of one plan, such as names. */
static void give_args(struct visitor *visitor, json_t *args)
{
    static const char *const names[] = {"--run", "--launch", "--output", "--label", "--seed", NULL};
    struct text line = {0};
    size_t i;
    json_t *item;
    bool skip_next = false;
    json_array_foreach(args, i, item)
    {
        const char *word = json_string_value(item);
        bool skip = skip_next || !word;
        skip_next = false;
        for (size_t n = 0; word && names[n]; n++) {
            size_t length = strlen(names[n]);
            if (strncmp(word, names[n], length) != 0 || (word[length] && word[length] != '=')) continue;
            skip = true;
            skip_next = !word[length];
        }
        if (!skip && i > 0)
            text_add(&line, "%s%s", line.length ? " " : "", word); /* the first is the program's path */
    }
    if (json_array_size(args)) give(visitor, "args", text_get(&line), false);
    text_free(&line);
}

static void give_hosts(struct visitor *visitor, const struct launch_header *header)
{
    struct text names = {0};
    for (size_t i = 0; i < header->host_count && names.length < 4096; i++)
        text_add(&names, "%s%s", i ? " " : "", header->hosts[i].name ? header->hosts[i].name : "?");
    if (names.length) give(visitor, "hosts", text_get(&names), false);
    text_free(&names);
}

static void give_provenance(struct visitor *visitor, const struct launch_header *header)
{
    struct text words = {0};
    size_t i;
    json_t *item;
    json_array_foreach(header->provenance, i, item)
        text_add(&words, "%s%s", i ? "+" : "", json_string_value(item) ? json_string_value(item) : "?");
    if (words.length) give(visitor, "provenance", text_get(&words), false);
    text_free(&words);
}

void launch_traits(const struct launch_header *header, size_t most_items,
                   void (*visit)(void *context, const char *name, const char *value, bool is_number),
                   void *context)
{
    struct visitor visitor = {visit, context, most_items, MOST_TRAITS};
    give_provenance(&visitor, header);
    give(&visitor, "driver", header->driver, false);
    give(&visitor, "backend", header->backend, false);
    give(&visitor, "provider", header->cloud_provider, false);
    give(&visitor, "instance", header->cloud_instance, false);
    give(&visitor, "placement", header->allocation_placement, false);
    give_integer(&visitor, "nodes", header->nodes);
    give_integer(&visitor, "ranks", header->ranks);
    give_integer(&visitor, "ranks_per_node", header->ranks_per_node);
    give_integer(&visitor, "domains", header->domains);
    give_hosts(&visitor, header);
    give_args(&visitor, header->args);
    give_json(&visitor, "facts", header->facts, 0);
    give_json(&visitor, "env", header->env, 0);
}

bool trait_is_passing(const char *name)
{
    static const char *const patterns[] = {"env.SLURM_JOB_ID", "*_gflops", "*_ns",     "*_us",
                                           "*free*",           "*load*",   "*uptime*", NULL};
    for (size_t i = 0; patterns[i]; i++)
        if (fnmatch(patterns[i], name, 0) == 0) return true;
    return false;
}

const json_t *blas_of(const json_t *facts, const char *algorithm)
{
    const json_t *list = json_object_get(facts, "blas"), *item;
    size_t i;
    if (!algorithm) return json_array_size(list) == 1 ? json_array_get(list, 0) : NULL;
    json_array_foreach(list, i, item)
    {
        const char *library = json_string_value(json_object_get(item, "library"));
        size_t length = library ? strlen(library) : 0;
        if (length && strncmp(algorithm, library, length) == 0 && strchr(" ,", algorithm[length]))
            return item;
    }
    return NULL;
}
