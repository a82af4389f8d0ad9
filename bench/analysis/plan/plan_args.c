/* Checks the arguments of plans and records. These may come from other people, so their arguments may only
   choose what to measure. Flags that open a file, load a library or write anything are left to the person who
   starts a sweep. */
#include "analysis/plan/plan.h"
#include "base/paths.h"

#include <string.h>

static const char *const flags[] = {"-b",
                                    "--begin",
                                    "-e",
                                    "--end",
                                    "-f",
                                    "--factor",
                                    "-i",
                                    "--increment",
                                    "--sizes",
                                    "-d",
                                    "--datatype",
                                    "-o",
                                    "--op",
                                    "-r",
                                    "--root",
                                    "--placement",
                                    "--mode",
                                    "--group",
                                    "--sync",
                                    "--precision",
                                    "--max-seconds",
                                    "--time-budget",
                                    "-n",
                                    "--iters",
                                    "-w",
                                    "--warmup_iters",
                                    "--passes",
                                    "--seed",
                                    "-c",
                                    "--check",
                                    "--check-every",
                                    "--memory",
                                    "--cache",
                                    "-m",
                                    "--agg_iters",
                                    "-G",
                                    "--cudagraph",
                                    "-R",
                                    "--local_register",
                                    "--cta",
                                    "--imbalance",
                                    "--beside",
                                    "-T",
                                    "--timeout",
                                    "--network-gbit",
                                    "--collectives",
                                    "--fault",
                                    "--expect-domain",
                                    "--expect-transport",
                                    "--show-algorithm",
                                    "--shapes",
                                    "--layout",
                                    "--accumulator",
                                    "--phase",
                                    "--sustain",
                                    "--ranks-at-once",
                                    "--blas-kernel",
                                    "--threads",
                                    "--shape",
                                    "--gemm-datatype",
                                    "--ratio",
                                    "--operations",
                                    "--progress-by",
                                    "--workload",
                                    "--tensor",
                                    "--expert",
                                    "--pipeline",
                                    "--price",
                                    NULL};
/* The values of these flags must be names: a path would load a library from that place. */
static const char *const named[] = {"--backend", "--blas", NULL};

static bool in(const char *const *list, const char *word, size_t length)
{
    for (; *list; list++)
        if (strlen(*list) == length && strncmp(*list, word, length) == 0) return true;
    return false;
}

/* Is `word`, up to a blank or the end, a plain name? */
static bool is_name(const char *word)
{
    struct text copy = {0};
    text_add_bytes(&copy, word, strcspn(word, " "));
    bool plain = is_plain_name(text_get(&copy)) && !strchr(copy.data, '.');
    text_free(&copy);
    return plain;
}

/* A dry run prints arguments for people, who may paste them into a shell. No value that chooses what to
   measure needs more characters than these, and none of them means anything to a shell. */
static bool is_harmless(const char *word, size_t length)
{
    static const char harmless[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.,:+=/%@-";
    return strspn(word, harmless) >= length;
}

bool plan_args_measure(const char *args, struct text *refused)
{
    for (const char *word = args; *word; word += strcspn(word, " "), word += strspn(word, " ")) {
        size_t length = strcspn(word, " ");
        const bool harmless = is_harmless(word, length);
        if (*word != '-' && harmless) continue; /* a value; if it is not one, the driver refuses it */
        bool is_long = word[1] == '-';
        size_t name = is_long ? strcspn(word, "= ") : 2;
        if (name > length) name = length;
        const char *value =
            is_long && word[name] == '=' ? word + name + 1 : word + length + strspn(word + length, " ");
        bool negative = word[1] >= '0' && word[1] <= '9'; /* a negative value: -w -1 */
        const bool chooses = in(flags, word, name) || (in(named, word, name) && is_name(value));
        if (harmless && (negative || chooses)) continue;
        text_clear(refused);
        text_add_bytes(refused, word, length);
        return false;
    }
    return true;
}

bool plan_args_value(const char *args, const char *name, struct text *value)
{
    const size_t length = strlen(name);
    bool found = false;
    for (const char *word = args; *word; word += strcspn(word, " "), word += strspn(word, " ")) {
        if (strncmp(word, name, length) != 0 || !strchr("= ", word[length])) continue;
        const char *at = word + length;
        at += *at == '=' ? 1 : strspn(at, " ");
        text_clear(value);
        text_add_bytes(value, at, strcspn(at, " "));
        found = true;
    }
    return found;
}
