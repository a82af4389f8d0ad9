/* Reads and writes lists of hosts, and picks the hosts of a launch. */
#include "analysis/sweep/sweep.h"
#include "base/units.h"
#include "record/files.h"
#include "record/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_HOSTS = 100000, MOST_PER_HOST = 4096 };

/* "-" means unknown. */
static bool read_count(const char *word, int64_t *count)
{
    if (same(word, "-")) {
        *count = ABSENT;
        return true;
    }
    return !parse_integer(word, count) && *count >= 0 && *count <= MOST_PER_HOST;
}

/* Allows letters, digits and the characters in `also`: names go into command lines, files and terminals. */
static bool is_word(const char *word, size_t most, const char *also)
{
    size_t length = strlen(word);
    if (!length || length > most) return false;
    for (const char *c = word; *c; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (!letter && !strchr(also, *c)) return false;
    }
    return true;
}

bool is_domain(const char *name)
{
    return is_word(name, 200, "._:/-");
}

static bool read_host(char *line, struct arena *arena, struct sweep_host *host)
{
    const char *word[4];
    for (int i = 0; i < 4; i++) word[i] = line ? strsep(&line, "\t") : "-"; /* missing fields: unknown */
    *host = (struct sweep_host){.name = arena_string(arena, word[0]), .domain = arena_string(arena, word[3])};
    return !line && is_word(word[0], 253, "._-") && *word[0] != '-' && is_domain(word[3]) &&
           read_count(word[1], &host->slots) && read_count(word[2], &host->gpus);
}

enum status hosts_read(const char *path, struct sweep_hosts *hosts)
{
    static const char from[] = "# from: ";
    struct line_reader reader;
    *hosts = (struct sweep_hosts){.origin = ""};
    enum status status = line_reader_open(&reader, path);
    if (status) return status;
    while (!status && line_reader_next(&reader)) {
        if (strncmp(reader.line, from, sizeof from - 1) == 0)
            hosts->origin = arena_string(&hosts->arena, reader.line + sizeof from - 1);
        if (*reader.line == '#' || !*reader.line) continue;
        if (hosts->count == MOST_HOSTS)
            status = fail(STATUS_ENVIRONMENT, "%s: more than %d hosts", path, MOST_HOSTS);
        if ((hosts->count & (hosts->count + 1)) == 0)
            hosts->list = reallocate(hosts->list, 2 * hosts->count + 2, sizeof *hosts->list);
        if (!status && !read_host(reader.line, &hosts->arena, &hosts->list[hosts->count]))
            status = fail(STATUS_ENVIRONMENT,
                          "%s:%zu: not a host: name, ranks, GPUs and domain were expected, tab-separated",
                          path, reader.number);
        else if (!status)
            hosts->count++;
    }
    line_reader_close(&reader);
    if (status) hosts_free(hosts);
    return status;
}

void hosts_free(struct sweep_hosts *hosts)
{
    free(hosts->list);
    arena_free(&hosts->arena);
    *hosts = (struct sweep_hosts){0};
}

void hosts_divide(struct sweep_hosts *hosts, int64_t per)
{
    char name[40];
    for (size_t i = 0; per > 0 && i < hosts->count; i++) {
        if (!same(hosts->list[i].domain, "-")) continue;
        snprintf(name, sizeof name, "domain%lld", (long long)((int64_t)i / per));
        hosts->list[i].domain = arena_string(&hosts->arena, name);
    }
}

int64_t hosts_least_gpus(const struct sweep_hosts *hosts)
{
    int64_t least = ABSENT;
    for (size_t i = 0; i < hosts->count; i++) {
        int64_t gpus = hosts->list[i].gpus;
        if (gpus != ABSENT && (least == ABSENT || gpus < least)) least = gpus;
    }
    return least == ABSENT ? 0 : least;
}

int64_t hosts_total_gpus(const struct sweep_hosts *hosts)
{
    int64_t sum = 0;
    for (size_t i = 0; i < hosts->count; i++)
        if (hosts->list[i].gpus != ABSENT) sum += hosts->list[i].gpus;
    return sum;
}

void hosts_assume_gpus(struct sweep_hosts *hosts, int64_t gpus)
{
    for (size_t i = 0; i < hosts->count; i++) {
        struct sweep_host *host = &hosts->list[i];
        if (host->gpus == ABSENT)
            host->gpus = host->slots != ABSENT && host->slots < gpus ? host->slots : gpus;
    }
}

int64_t hosts_ranks_per_node(const struct sweep_hosts *hosts, int64_t cores)
{
    int64_t least = ABSENT;
    for (size_t i = 0; i < hosts->count; i++) {
        const struct sweep_host *host = &hosts->list[i];
        int64_t ranks = host->gpus > 0 ? host->gpus : host->slots; /* ABSENT is negative */
        if (ranks != ABSENT && (least == ABSENT || ranks < least)) least = ranks;
    }
    if (least != ABSENT) return least > 0 ? least : 1;
    if (hosts->count > 1) return 1;
    return cores < 2 ? 2 : cores > 8 ? 8 : cores;
}

/* Calls `each` for the names of a list separated by spaces until it returns true. Returns whether it did. */
static bool any_name(const char *list, bool (*each)(const char *name, size_t length, void *data), void *data)
{
    for (const char *at = list ? list : ""; *(at += strspn(at, " "));) {
        size_t length = strcspn(at, " ");
        if (each(at, length, data)) return true;
        at += length;
    }
    return false;
}

static bool count_name(const char *name, size_t length, void *data)
{
    (void)name;
    (void)length;
    ++*(int64_t *)data;
    return false;
}

int64_t names_in(const char *list)
{
    int64_t n = 0;
    any_name(list, count_name, &n);
    return n;
}

static bool is_this_name(const char *name, size_t length, void *data)
{
    const char *wanted = data;
    return strlen(wanted) == length && strncmp(name, wanted, length) == 0;
}

bool has_name(const char *list, const char *name)
{
    return any_name(list, is_this_name, (void *)(uintptr_t)name);
}

/* A host that can be picked; place: its position in its domain, from 0. */
struct seat {
    size_t domain, place, host;
};

static int compare(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int by_domain(const void *a, const void *b)
{
    const struct seat *x = a, *y = b;
    return x->domain != y->domain ? compare(x->domain, y->domain) : compare(x->place, y->place);
}

static int by_place(const void *a, const void *b)
{
    const struct seat *x = a, *y = b;
    return x->place != y->place ? compare(x->place, y->place) : compare(x->domain, y->domain);
}

/* Numbers domains in the order of their first host that is not lost. Domain names are interned, so equal
   names are equal pointers. */
bool hosts_pick(const struct sweep_hosts *hosts, int64_t want, bool spread, const char *lost, size_t *picked)
{
    size_t n = hosts->count, there = 0, domains = 0;
    struct seat *seats = allocate(n, sizeof *seats);
    size_t *sizes = allocate(n, sizeof *sizes);
    const char **names = allocate(n, sizeof *names);
    for (size_t i = 0; i < n; i++) {
        if (has_name(lost, hosts->list[i].name)) continue;
        size_t d = 0;
        while (d < domains && names[d] != hosts->list[i].domain) d++;
        if (d == domains) names[domains++] = hosts->list[i].domain;
        seats[there++] = (struct seat){d, sizes[d]++, i};
    }
    qsort(seats, there, sizeof *seats, spread ? by_place : by_domain);
    bool enough = want >= 0 && (size_t)want <= there;
    for (size_t i = 0; enough && i < (size_t)want; i++) picked[i] = seats[i].host;
    free(seats);
    free(sizes);
    free(names);
    return enough;
}

static void add_count(struct text *line, int64_t count)
{
    if (count == ABSENT)
        text_add(line, "\t-");
    else
        text_add(line, "\t%lld", (long long)count);
}

enum status hosts_write(const struct sweep_hosts *hosts, const size_t *picked, size_t count, const char *path)
{
    struct text text = {0};
    for (size_t i = 0; i < count; i++) {
        const struct sweep_host *host = &hosts->list[picked ? picked[i] : i];
        text_add(&text, "%s", host->name);
        add_count(&text, host->slots);
        add_count(&text, host->gpus);
        text_add(&text, "\t%s\n", host->domain);
    }
    enum status status = replace_file(path, text_get(&text));
    text_free(&text);
    return status;
}
