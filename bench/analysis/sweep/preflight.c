#include "analysis/sweep/preflight.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_KINDS = 64, LINE_BYTES = 4096, ABSENT_HOST = -1 };

/* A table with a row for each host and a column for each kind of fact. Strings are interned, so equal text
   means equal pointers. */
struct facts {
    const struct sweep_hosts *hosts;
    const char *kinds[MOST_KINDS];
    size_t kind_count;
    const char **values; /* hosts x MOST_KINDS; NULL: the host did not report it */
    bool *answers;       /* for each host: has it reported anything? */
    struct preflight *result;
};

static const char **value_of(const struct facts *facts, size_t host, size_t kind)
{
    return &facts->values[host * MOST_KINDS + kind];
}

static void add_difference(struct preflight *p, bool is_grave, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void add_difference(struct preflight *p, bool is_grave, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list values;
    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    if ((p->difference_count & (p->difference_count + 1)) == 0)
        p->differences = reallocate(p->differences, 2 * p->difference_count + 2, sizeof *p->differences);
    p->differences[p->difference_count++] = arena_string(&p->arena, line);
    p->grave += is_grave;
}

/* The column of a kind, which is added if necessary; MOST_KINDS: the table is full. */
static size_t kind_of(struct facts *facts, const char *name)
{
    size_t k = 0;
    while (k < facts->kind_count && !same(facts->kinds[k], name)) k++;
    if (k == facts->kind_count && k < MOST_KINDS)
        facts->kinds[facts->kind_count++] = arena_string(&facts->result->arena, name);
    return k;
}

static long host_of(const struct facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->hosts->count; i++)
        if (same(facts->hosts->list[i].name, name)) return (long)i;
    return ABSENT_HOST;
}

static void read_fact(struct facts *facts, char *line)
{
    char *at = strstr(line, "fact\t"), *rest = at;
    if (!at) return;
    strsep(&rest, "\t");
    const char *name = strsep(&rest, "\t"), *kind = strsep(&rest, "\t"), *value = strsep(&rest, "\t");
    if (!kind) return;
    long host = host_of(facts, name);
    if (host == ABSENT_HOST) {
        add_difference(facts->result, true,
                       "%.300s: answers, but is not one of the hosts that were asked for", name);
        return;
    }
    facts->answers[host] = true;
    size_t k = kind_of(facts, kind);
    if (k < MOST_KINDS && !*value_of(facts, (size_t)host, k))
        *value_of(facts, (size_t)host, k) = arena_string(&facts->result->arena, value ? value : "");
}

/* Reads all facts. Cuts lines at LINE_BYTES - 1 bytes. */
static void read_facts(struct facts *facts, FILE *file)
{
    char line[LINE_BYTES];
    bool is_rest = false;
    while (fgets(line, sizeof line, file)) {
        size_t length = strlen(line);
        bool ends = length && line[length - 1] == '\n';
        if (ends) line[--length] = 0;
        if (length && line[length - 1] == '\r') line[length - 1] = 0;
        if (!is_rest) read_fact(facts, line);
        is_rest = !ends;
    }
}

/* Differences of these kinds mean that the ranks run different software or use different hardware. Other
   differences are only reported. */
static bool is_grave(const char *kind)
{
    return has_name("program mpi driver cuda nccl network_plugin gpus architecture nvlinks", kind);
}

static const char *said_bad(const char *value)
{
    return value && strncmp(value, "bad: ", 5) == 0 ? value + 5 : NULL;
}

/* The value that most hosts report (the first one if several are equally common); `most` gets the number of
   these hosts. */
static const char *commonest(const struct facts *facts, size_t kind, size_t *most)
{
    const char *best = NULL;
    *most = 0;
    for (size_t i = 0; i < facts->hosts->count; i++) {
        const char *value = *value_of(facts, i, kind);
        size_t n = 0;
        for (size_t j = 0; value && value != best && j < facts->hosts->count; j++)
            n += *value_of(facts, j, kind) == value;
        if (n > *most) *most = n, best = value;
    }
    return best;
}

/* Reports every host whose value is bad or differs from the most common one. A missing value counts as
   different. */
static void compare_kind(struct facts *facts, size_t kind)
{
    size_t most;
    const char *best = commonest(facts, kind, &most), *name = facts->kinds[kind];
    for (size_t i = 0; i < facts->hosts->count; i++) {
        const char *value = *value_of(facts, i, kind), *host = facts->hosts->list[i].name;
        if (!facts->answers[i]) continue;
        if (said_bad(value))
            add_difference(facts->result, true, "%s: %s: %s", host, name, said_bad(value));
        else if (value != best && !said_bad(best))
            add_difference(facts->result, is_grave(name), "%s: %s is %s, on %zu of %zu hosts it is %s", host,
                           name, value && *value ? value : "not there", most, facts->hosts->count, best);
    }
}

/* Compares the NVLink domains of the host file with those that the hosts report. Two hosts must agree: both
   sources put them into one domain, or both into two. Each host is compared with the first of its domain in
   either source. */
static void compare_domains(struct facts *facts, size_t kind)
{
    const struct sweep_host *list = facts->hosts->list;
    for (size_t i = 0; i < facts->hosts->count; i++) {
        const char *given = list[i].domain, *said = *value_of(facts, i, kind);
        size_t first_given = i, first_said = i;
        if (same(given, "-") || !said || !*said) continue;
        for (size_t j = i; j-- > 0;) {
            const char *other = *value_of(facts, j, kind);
            if (same(list[j].domain, "-") || !other || !*other) continue;
            if (list[j].domain == given) first_given = j;
            if (other == said) first_said = j;
        }
        bool is_apart = *value_of(facts, first_given, kind) != said;
        if (!is_apart && list[first_said].domain == given) continue;
        size_t other = is_apart ? first_given : first_said;
        add_difference(
            facts->result, true,
            "%s: its NVLink domain is %s, that of %s %s, but the hosts were given as domains %s and %s",
            list[i].name, said, list[other].name, *value_of(facts, other, kind), given, list[other].domain);
    }
}

static void list_domains(struct facts *facts, size_t kind)
{
    struct preflight *p = facts->result;
    size_t n = facts->hosts->count;
    p->domains = allocate(n, sizeof *p->domains);
    for (size_t i = 0; i < n; i++) {
        const char *said = *value_of(facts, i, kind);
        struct text hosts = {0};
        bool is_first = said && *said;
        for (size_t j = 0; is_first && j < i; j++) is_first = *value_of(facts, j, kind) != said;
        for (size_t j = i; is_first && j < n; j++)
            if (*value_of(facts, j, kind) == said)
                text_add(&hosts, "%s%s", hosts.length ? " " : "", facts->hosts->list[j].name);
        if (is_first)
            p->domains[p->domain_count++] =
                (struct preflight_domain){said, arena_string(&p->arena, text_get(&hosts))};
        text_free(&hosts);
    }
}

static void list_silent(const struct facts *facts)
{
    struct text silent = {0};
    for (size_t i = 0; i < facts->hosts->count; i++)
        if (!facts->answers[i])
            text_add(&silent, "%s%s", silent.length ? " " : "", facts->hosts->list[i].name);
    facts->result->silent = arena_string(&facts->result->arena, text_get(&silent));
    text_free(&silent);
}

void preflight_compare(const struct sweep_hosts *hosts, FILE *file, struct preflight *result)
{
    struct facts facts = {.hosts = hosts, .result = result};
    *result = (struct preflight){0};
    facts.values = allocate(hosts->count * MOST_KINDS, sizeof *facts.values);
    facts.answers = allocate(hosts->count, sizeof *facts.answers);
    read_facts(&facts, file);
    list_silent(&facts);
    for (size_t k = 0; k < facts.kind_count; k++)
        if (!same(facts.kinds[k], "domain")) compare_kind(&facts, k);
    for (size_t k = 0; k < facts.kind_count; k++)
        if (same(facts.kinds[k], "domain")) {
            compare_domains(&facts, k);
            list_domains(&facts, k);
        }
    free(facts.values);
    free(facts.answers);
}

void preflight_free(struct preflight *preflight)
{
    free(preflight->differences);
    free(preflight->domains);
    arena_free(&preflight->arena);
    *preflight = (struct preflight){0};
}

enum status preflight_status(const struct preflight *preflight)
{
    return preflight->grave ? STATUS_GATE : *preflight->silent ? STATUS_ENVIRONMENT : STATUS_OK;
}
