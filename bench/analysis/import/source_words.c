/* Translates words of other tools: names of collectives, types and operations, printed numbers, numbers of
   ranks and nodes in prose. */
#include "analysis/import/source.h"
#include "collective/dtype.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The offset of "_perf" in "all_reduce_perf_mpi"; `length` if the word does not contain it. */
static size_t program_stem(const char *word, size_t length)
{
    for (size_t i = 0; i + 5 <= length; i++)
        if (strncasecmp(word + i, "_perf", 5) == 0 &&
            (i + 5 == length || !isalnum((unsigned char)word[i + 5])))
            return i;
    return length;
}

bool is_perf_program(const char *word, size_t length)
{
    return program_stem(word, length) < length;
}

const struct collective *collective_by_any_name(const char *word, size_t length)
{
    static const char *const libraries[] = {"nccl", "rccl", "mpi"};
    char plain[32];
    size_t n = 0;
    length = program_stem(word, length);
    for (size_t i = 0; i < length; i++) {
        if (word[i] == '_' || word[i] == '-') continue;
        if (n == sizeof plain - 1) return NULL;
        plain[n++] = word[i];
    }
    plain[n] = 0;
    const char *name = plain;
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (strncasecmp(name, libraries[i], strlen(libraries[i])) == 0) name += strlen(libraries[i]);
    if (strcasecmp(name, "bcast") == 0) return &collectives[BROADCAST];
    for (int i = 0; i < COLLECTIVE_COUNT; i++)
        if (strcasecmp(name, collectives[i].nccl_tests_name) == 0) return &collectives[i];
    return NULL;
}

const char *nccl_rank_reduction(int64_t average)
{
    static const char *const names[] = {"rank0", "mean", "min", "max"};
    return average >= 0 && average <= 3 ? names[average] : "mean";
}

const char *dtype_by_any_name(const char *word)
{
    if (strcmp(word, "char") == 0) return "int8"; /* in nccl-tests for NCCL 1 */
    if (strcmp(word, "int") == 0) return "int32";
    int found = dtype_find(word);
    return found < 0 ? NULL : dtypes[found].name;
}

const char *op_by_any_name(const char *word)
{
    int found = op_find(word);
    return found < 0 ? NULL : op_names[found];
}

/* One unit of the last digit of a decimal number: 0.01 for "12.90", 1e5 for "1.2e+06". */
static double last_digit(const char *text)
{
    const char *point = strchr(text, '.'), *exponent = strpbrk(text, "eE");
    int decimals = 0;
    for (const char *c = point ? point + 1 : ""; isdigit((unsigned char)*c); c++) decimals++;
    return pow(10, (exponent ? atoi(exponent + 1) : 0) - decimals);
}

bool read_printed(const char *text, struct printed *printed)
{
    const char *digits = text + (*text == '-' || *text == '+');
    bool is_word = strcasecmp(digits, "nan") == 0 || strcasecmp(digits, "inf") == 0;
    if (is_word) {
        *printed = (struct printed){NAN, 0};
        return true;
    }
    if (!isdigit((unsigned char)*digits) && !(*digits == '.' && isdigit((unsigned char)digits[1])))
        return false;
    if (strspn(digits, "0123456789.eE+-") != strlen(digits)) return false;
    char *end;
    double value = strtod(text, &end);
    if (*end) return false;
    *printed = isfinite(value) ? (struct printed){value, last_digit(text)} : (struct printed){NAN, 0};
    return true;
}

/* If one of the words (a NULL-terminated list) comes next, after blanks or "x", returns the text after it;
   else NULL. */
static const char *word_behind(const char *text, const char *const *words)
{
    if (*text == 'x') text++;
    text += strspn(text, " -_");
    for (; *words; words++) {
        size_t length = strlen(*words);
        if (strncasecmp(text, *words, length) == 0 && !isalnum((unsigned char)text[length]))
            return text + length;
    }
    return NULL;
}

/* Sets the number; 0 marks two different numbers of one kind ("from 2 to 8 ranks"), which are of no use. */
static void take_once(int64_t *place, int64_t number)
{
    if (*place == ABSENT)
        *place = number;
    else if (*place != number)
        *place = 0;
}

struct spoken read_spoken(const char *text)
{
    static const char *const ranks[] = {"ranks", "rank",  "mpi ranks", "processes",
                                        "procs", "tasks", "gpus",      NULL},
                             *const nodes[] = {"nodes", "node", "hosts", NULL},
                             *const each[] = {"per node", "per_node", "per-node", "pernode", "per host",
                                              "/node",    "/ node",   "a node",   "each",    NULL},
                             *const per_node[] = {"ppn", "per node", NULL};
    struct spoken spoken = {ABSENT, ABSENT, ABSENT};
    for (const char *at = text; *at; at++) {
        size_t digits = strspn(at, "0123456789");
        bool starts = at == text || (!isalnum((unsigned char)at[-1]) && at[-1] != '.');
        if (digits == 0) continue;
        const char *behind = at + digits, *unit;
        int64_t number = digits < 8 ? strtoll(at, NULL, 10) : 0;
        if (starts && (unit = word_behind(behind, ranks)))
            take_once(word_behind(unit, each) ? &spoken.per_node : &spoken.ranks, number);
        else if (starts && word_behind(behind, per_node))
            take_once(&spoken.per_node, number);
        else if (starts && word_behind(behind, nodes))
            take_once(&spoken.nodes, number);
        at = behind - 1;
    }
    if (spoken.ranks == ABSENT && spoken.nodes > 0 && spoken.per_node > 0)
        spoken.ranks = spoken.nodes * spoken.per_node;
    if (spoken.ranks == 0) spoken.ranks = ABSENT;
    if (spoken.nodes == 0) spoken.nodes = ABSENT;
    return spoken;
}

/* The number after one of the words, a NULL-terminated list, and at most one separator: "np64", "ppn_4".
   Words and numbers stand alone. ABSENT: none; 0: several different ones. */
static int64_t number_behind(const char *text, const char *const *words, const char *separators)
{
    int64_t found = ABSENT;
    for (; *words; words++)
        for (const char *at = text; (at = strcasestr(at, *words)); at++) {
            const char *digits = at + strlen(*words);
            if (*digits && strchr(separators, *digits)) digits++;
            const size_t length = strspn(digits, "0123456789");
            if (length == 0 || length > 7 || isalpha((unsigned char)digits[length])) continue;
            if (at == text || !isalnum((unsigned char)at[-1])) take_once(&found, strtoll(digits, NULL, 10));
        }
    return found;
}

/* Words that also follow their number ("2_ranks_4") have no separator but "=". */
struct spoken read_spoken_name(const char *name)
{
    static const char *const ranks[] = {"np", "ntasks", "nprocs", "nranks", NULL},
                             *const near_ranks[] = {"ranks", "tasks", "procs", NULL},
                             *const per_node[] = {"ppn", NULL}, *const nodes[] = {"n", "nnodes", NULL},
                             *const near_nodes[] = {"nodes", NULL};
    struct spoken spoken = read_spoken(name);
    if (spoken.ranks != ABSENT) return spoken;
    int64_t said = number_behind(name, ranks, "-_=");
    if (said == ABSENT) said = number_behind(name, near_ranks, "=");
    if (spoken.per_node == ABSENT) spoken.per_node = number_behind(name, per_node, "-_=");
    if (spoken.nodes == ABSENT && spoken.per_node > 0) {
        spoken.nodes = number_behind(name, nodes, "-_=");
        if (spoken.nodes == ABSENT) spoken.nodes = number_behind(name, near_nodes, "=");
    }
    if (said != ABSENT)
        spoken.ranks = said;
    else if (spoken.nodes > 0 && spoken.per_node > 0)
        spoken.ranks = spoken.nodes * spoken.per_node;
    if (spoken.ranks == 0) spoken.ranks = ABSENT;
    if (spoken.nodes == 0) spoken.nodes = ABSENT;
    return spoken;
}

const char *prose_title(struct arena *arena, const char *line)
{
    char title[160];
    line += strspn(line, " ");
    if (*line == '#' && line[1] != '#') return NULL;
    line += strspn(line, "#*= ");
    size_t length = strlen(line);
    while (length && strchr(" :*=", line[length - 1])) length--;
    if (length < 3 || length >= sizeof title || !isalpha((unsigned char)*line) || !memchr(line, ' ', length))
        return NULL;
    memcpy(title, line, length);
    title[length] = 0;
    return arena_string(arena, title);
}
