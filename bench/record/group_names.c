#include "record/group_names.h"
#include "base/names.h"
#include "base/units.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_HOSTS = 1 << 20 };

/* Returns 3 for "hosts:3" with prefix "hosts:"; -1 if the prefix is missing or no number follows. */
static int64_t numbered(const char *name, const char *prefix)
{
    int64_t value;
    size_t n = strlen(prefix);
    if (strncmp(name, prefix, n) || parse_integer(name + n, &value) || value < 0 || value > 1 << 24)
        return -1;
    return value;
}

bool each_match(const char *name, bool (*pair)(int a, int b, void *data), void *data)
{
    static const char prefix[] = "match:";
    if (strncmp(name, prefix, sizeof prefix - 1) != 0) return false;
    char *copy = duplicate(name + sizeof prefix - 1), *rest = copy, *word;
    bool good = *copy;
    while (good && (word = strsep(&rest, "/"))) {
        int64_t a, b;
        char *second = strchr(word, '-');
        if (second) *second++ = 0;
        good = second && !parse_integer(word, &a) && !parse_integer(second, &b) && a >= 0 && b >= 0 &&
               a != b && a < MOST_HOSTS && b < MOST_HOSTS && pair((int)a, (int)b, data);
    }
    free(copy);
    return good;
}

static bool first_time(int a, int b, void *data)
{
    bool *seen = data;
    if (seen[a] || seen[b]) return false;
    return seen[a] = seen[b] = true;
}

static bool is_match(const char *name)
{
    bool *seen = allocate(MOST_HOSTS, sizeof *seen), good = each_match(name, first_time, seen);
    free(seen);
    return good;
}

static const struct names split_names = NAMES("world", "node", "domain", "rail", "pairs", "bisect");

const char *group_word(size_t i)
{
    return i < SPLIT_HOSTS - SPLIT_WORLD ? name_of(&split_names, (int)i + SPLIT_WORLD) : NULL;
}

enum split_kind split_kind_of(const char *name, int64_t *number)
{
    enum split_kind kind = (enum split_kind)value_named(&split_names, name);
    *number = 0;
    if (kind) return kind;
    if ((*number = numbered(name, "")) > 0) return SPLIT_COUNT;
    if ((*number = numbered(name, "hosts:")) >= 0) return SPLIT_HOSTS;
    if ((*number = numbered(name, "rails:")) >= 0) return SPLIT_RAILS;
    return is_match(name) ? SPLIT_MATCH : SPLIT_UNKNOWN;
}

enum status splits_check(const char *list)
{
    char *copy = duplicate(list), *rest = copy, *word;
    enum status status = STATUS_OK;
    int64_t number;
    while (!status && (word = strsep(&rest, ",")))
        if (split_kind_of(word, &number) == SPLIT_UNKNOWN)
            status =
                fail(STATUS_USAGE,
                     "--group: '%.60s' is not world, node, domain, rail, pairs, bisect, hosts:K, rails:K, "
                     "match:A-B/C-D or a number of ranks",
                     word);
    free(copy);
    return status;
}
