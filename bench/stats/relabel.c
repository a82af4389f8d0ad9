#include "stats/relabel.h"
#include "base/status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The number of all relabellings: the binomial coefficient (base + fresh, fresh), or 2^base for pairs. A
   double, because it overflows integers. */
static double relabellings_possible(size_t base, size_t fresh, bool paired)
{
    double ways = 1;
    if (paired) return exp2((double)base);
    for (size_t i = 1; i <= fresh; i++) ways *= (double)(base + i) / (double)i;
    return ways;
}

size_t fewest_launches(bool paired, double alpha)
{
    size_t n = 1;
    while (n < 64 && !(1 / relabellings_possible(n, n, paired) < alpha)) n++;
    return n;
}

size_t fewest_beside(size_t other, double alpha)
{
    size_t n = 2;
    while (n < 64 && other > 1 && !(1 / relabellings_possible(other, n, false) < alpha)) n++;
    return n;
}

double reach_of(double observed)
{
    return observed > 0 ? observed * (1 - 1e-9) : observed * (1 + 1e-9);
}

static void enumerate_signs(struct relabellings *labels)
{
    for (size_t r = 0; r < labels->count; r++)
        for (size_t i = 0; i < labels->width; i++)
            labels->bytes[r * labels->width + i] = (unsigned char)(r >> i & 1);
}

/* Visits all subsets in lexicographic order of their label strings, beginning with 0...01...1, the observed
   one. */
static void enumerate_subsets(struct relabellings *labels, size_t base)
{
    size_t n = labels->width;
    unsigned char *last = labels->bytes;
    for (size_t i = 0; i < n; i++) last[i] = i >= base;
    for (size_t r = 1; r < labels->count; r++) {
        unsigned char *next = labels->bytes + r * n;
        memcpy(next, last, n);
        size_t i = n - 1, ones = 0;
        while (i > 0 && !(next[i - 1] == 0 && next[i] == 1)) ones += next[i--];
        /* next[i-1…] is 0 1 and then ones and zeros: move the 1 to the front, and sort the rest again */
        ones += next[i];
        next[i - 1] = 1;
        for (size_t k = i; k < n; k++) next[k] = k >= n - (ones - 1);
        last = next;
    }
}

static void draw(struct relabellings *labels, size_t base, bool paired, struct random_state *random)
{
    size_t n = labels->width, *order = allocate(n, sizeof *order);
    for (size_t r = 1; r < labels->count; r++) {
        unsigned char *row = labels->bytes + r * n;
        if (paired) {
            for (size_t i = 0; i < n; i++) row[i] = (unsigned char)random_below(random, 2);
            continue;
        }
        for (size_t i = 0; i < n; i++) order[i] = i;
        random_shuffle(random, order, n);
        for (size_t i = base; i < n; i++) row[order[i]] = 1;
    }
    for (size_t i = 0; i < n; i++) labels->bytes[i] = !paired && i >= base;
    free(order);
}

struct relabellings relabellings_of(size_t base, size_t fresh, bool paired, size_t most, size_t drawn,
                                    struct random_state *random)
{
    double ways = relabellings_possible(base, fresh, paired);
    struct relabellings labels = {.exact = ways <= (double)most, .width = paired ? base : base + fresh};
    labels.count = labels.exact ? (size_t)(ways + 0.5) : drawn + 1;
    labels.bytes = allocate(labels.count * labels.width + 1, 1);
    if (!labels.exact)
        draw(&labels, base, paired, random);
    else if (paired)
        enumerate_signs(&labels);
    else if (labels.width)
        enumerate_subsets(&labels, base);
    return labels;
}

void relabellings_free(struct relabellings *labels)
{
    free(labels->bytes);
    *labels = (struct relabellings){0};
}
