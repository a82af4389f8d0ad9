/* busbar scan --next: chooses the rounds of the next launch of scripts/scan. */
#include "analysis/scan/rounds.h"
#include "analysis/scan/scan.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS_A_LAUNCH = 16 }; /* with --all-pairs; limited since every round creates new communicators */

/* Adds the rounds of the circle method that are still missing, at most those of one launch; returns how
   many. */
static size_t missing_rounds(const struct scan_records *records, struct text *groups)
{
    size_t n = records->host_count, rounds = n - 1 + n % 2, count = 0;
    for (size_t k = 0; k < rounds && count < ROUNDS_A_LAUNCH; k++)
        if (!records->rounds[k]) text_add(groups, count++ ? ",rails:%zu" : "rails:%zu", k);
    return count;
}

/* For each host the strongest evidence of all rails; NAN: unknown. */
static double *strongest(const struct scan_records *records, const struct scan_verdict *of_rail)
{
    double *evidence = allocate(records->host_count, sizeof *evidence);
    for (size_t h = 0; h < records->host_count; h++) {
        evidence[h] = NAN;
        for (size_t rail = 0; rail < records->rails; rail++)
            evidence[h] = fmax(evidence[h], of_rail[rail].host_evidence[h]); /* fmax ignores NAN */
    }
    return evidence;
}

static size_t links_again(const struct scan_records *records, const struct scan_verdict *of_rail,
                          struct scan_link **links)
{
    size_t count = 0;
    for (size_t rail = 0; rail < records->rails; rail++) {
        size_t more = of_rail[rail].again_count;
        *links = reallocate(*links, count + more + 1, sizeof **links);
        for (size_t i = 0; i < more; i++) (*links)[count++] = of_rail[rail].again[i];
    }
    return count;
}

static unsigned char *meetings(const struct scan_records *records)
{
    size_t n = records->host_count;
    unsigned char *met = allocate(n * n, sizeof *met);
    for (size_t rail = 0; rail < records->rails; rail++)
        for (size_t i = 0; i < records->counts[rail]; i++) {
            const struct scan_pair *pair = &records->pairs[rail][i];
            unsigned char *there = &met[pair->a * n + pair->b], *back = &met[pair->b * n + pair->a];
            if (*there < 255) ++*there, ++*back;
        }
    return met;
}

static void add_round(const size_t *partner, size_t hosts, struct text *groups)
{
    const char *between = groups->length ? ",match:" : "match:";
    for (size_t h = 0; h < hosts; h++)
        if (partner[h] != SITS_OUT && partner[h] > h) {
            text_add(groups, "%s%zu-%zu", between, h, partner[h]);
            between = "/";
        }
}

static void chosen_rounds(const struct scan_records *records, const struct scan_verdict *of_rail,
                          size_t rounds, struct text *groups)
{
    size_t n = records->host_count, *partner = allocate(rounds * n, sizeof *partner);
    struct scan_link *links = NULL;
    struct scan_known known = {.hosts = n, .domain = records->domain};
    double *evidence = strongest(records, of_rail);
    unsigned char *met = meetings(records);
    known.evidence = evidence, known.met = met;
    known.again_count = links_again(records, of_rail, &links);
    known.again = links;
    scan_next_rounds(&known, rounds, records->launches + 1, partner);
    for (size_t r = 0; r < rounds; r++) add_round(partner + r * n, n, groups);
    free(links);
    free(met);
    free(evidence);
    free(partner);
}

void scan_print_next(const struct scan_records *records, const struct scan_verdict *of_rail, bool all_pairs)
{
    struct text groups = {0};
    size_t n = records->host_count, full = (n - 1 + n % 2 + ROUNDS_A_LAUNCH - 1) / ROUNDS_A_LAUNCH;
    size_t launches = all_pairs ? full + SCAN_LAUNCHES - 1 : SCAN_LAUNCHES;
    bool decided = records->launches > 0;
    for (size_t rail = 0; rail < records->rails; rail++) decided &= of_rail[rail].decided;
    bool more = all_pairs && missing_rounds(records, &groups);
    if (n == 2 && records->launches) decided = true; /* one pair: there is nothing to compare it with */
    if (!more && !decided && records->launches < launches) {
        size_t rounds = records->launches ? SCAN_MORE_ROUNDS : SCAN_FIRST_ROUNDS;
        /* There are only so many rounds in which no pair repeats. */
        size_t different = n - 1 + n % 2;
        chosen_rounds(records, of_rail, rounds < different ? rounds : different, &groups);
        more = true;
    }
    printf("more=%d\ndecided=%d\nlaunches=%zu\ngroups=%s\n", more, decided, records->launches,
           text_get(&groups));
    text_free(&groups);
}
