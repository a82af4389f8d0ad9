#include "catalog/imbalance.h"
#include "base/text.h"
#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool imbalance_parse(const char *text, struct skew *skew, char label[IMBALANCE_LABEL])
{
    char *copy = duplicate(text), *rest = copy, *word = strsep(&rest, ":");
    *skew = (struct skew){.seed = 1};
    bool good = !parse_real(word, &skew->factor) && skew->factor >= 1 && skew->factor <= 1e9;
    word = strsep(&rest, ":");
    if (good && word && !same(word, "send")) {
        good = !parse_integer(word, &skew->seed) && skew->seed >= 0;
        word = strsep(&rest, ":");
    }
    if (word) skew->send = same(word, "send");
    good = good && !rest && (!word || skew->send);
    free(copy);
    if (!good) return false;
    if (skew->factor == 1) *skew = (struct skew){1, 1, false};
    char seed[32] = "";
    if (skew->seed != 1) snprintf(seed, sizeof seed, ":%lld", (long long)skew->seed);
    snprintf(label, IMBALANCE_LABEL, "%.15g%s%s", skew->factor, seed, skew->send ? ":send" : "");
    return true;
}
