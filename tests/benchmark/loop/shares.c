/* How far is a launch's median from the machine's, if its passes share the precision, or if all samples of a
   case are judged together (the rule before)? Replays both rules on recorded passes, so that they see the
   same samples.

   usage: shares NAME FILE...

   A file has the passes of one case in one long launch: one per line, its samples in measured order. Five
   passes that are a fifth of the file apart are a launch, as if there were that many other cases between
   them. The median of the medians of all passes of the file counts as the true one. Columns: series, rule,
   launches, mean samples per launch, their share in the first pass (%), and the error of the launches'
   medians (%): its median, mean and largest. */
#include "base/status.h"
#include "stats/order.h"
#include "stats/stopping.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PASSES = 5, RECORDED_MOST = 1000 };
static const struct stopping settings = {0.01, 0, PASSES};

struct pass {
    double *us;
    size_t count;
};

/* The number of samples to take next, as the sampler asks for them; 0: the pass ends. us, count: all samples
   of the case so far; the pass began at `first`. */
static size_t shared(const double *us, size_t count, size_t first, size_t pass)
{
    enum stop_reason why;
    struct sampled now = {.us = us + first,
                          .count = count - first,
                          .pass = pass,
                          .taken = count - first,
                          .most_s = INFINITY,
                          .sample_s = 1e-6};
    return stopping_next(&settings, &now, &why);
}

/* The rule before: all samples of the case together, at least five in each pass. */
static size_t together(const double *us, size_t count, size_t first, size_t pass)
{
    double lo, hi;
    size_t own = count - first;
    (void)pass;
    if (own && count >= SAMPLES_LEAST && relative_error(us, count, &lo, &hi) <= settings.precision) return 0;
    return own < 10 ? 5 : own / 2;
}

typedef size_t rule(const double *us, size_t count, size_t first, size_t pass);

struct tally {
    size_t launches, samples, in_first;
    double *errors; /* one per launch */
};

/* The launch has five of the passes: 0, apart, 2 apart, 3 apart and 4 apart. */
static void replay(rule *next_of, const struct pass *passes, size_t apart, double truth, struct tally *tally)
{
    size_t most = 0, count = 0;
    for (size_t p = 0; p < PASSES; p++) most += passes[p * apart].count;
    double *us = allocate(most + 1, sizeof *us);
    for (size_t p = 0; p < PASSES; p++) {
        size_t first = count;
        for (size_t next; (next = next_of(us, count, first, p)) > 0;) {
            size_t left = passes[p * apart].count - (count - first);
            if (next > left) next = left;
            if (next == 0) break; /* the recorded pass ends, as if its time were up */
            memcpy(us + count, passes[p * apart].us + (count - first), next * sizeof *us);
            count += next;
        }
        if (p == 0) tally->in_first += count;
    }
    double error = fabs(median(us, count) / truth - 1);
    tally->errors = reallocate(tally->errors, tally->launches + 1, sizeof error);
    tally->errors[tally->launches++] = error;
    tally->samples += count;
    free(us);
}

/* Reads a file of passes; returns how many, 0 after a message. A file with another word than numbers, or that
   cannot be read to its end, is refused: its passes would be shorter than those that were measured. */
static size_t read_passes(const char *name, struct pass *passes)
{
    size_t n = 0, room = 0;
    char *line = NULL;
    FILE *file = fopen(name, "r");
    const char *wrong = NULL;
    if (!file) return fprintf(stderr, "shares: cannot read %s: %s\n", name, strerror(errno)), 0;
    errno = 0;
    while (n < RECORDED_MOST && getline(&line, &room, file) > 0) {
        size_t size = 0;
        char *at = line, *end;
        passes[n] = (struct pass){0};
        for (double us; us = strtod(at, &end), end != at; at = end) {
            if (passes[n].count == size)
                passes[n].us = reallocate(passes[n].us, size = 2 * size + 64, sizeof(double));
            passes[n].us[passes[n].count++] = us;
        }
        if (at[strspn(at, " \n")]) wrong = "what is no number";
        if (passes[n].count) n++;
    }
    if (fgetc(file) != EOF) wrong = "more passes than there is room for";
    if (ferror(file)) wrong = strerror(errno);
    free(line);
    fclose(file);
    if (wrong) return fprintf(stderr, "shares: %s: %s after %zu passes\n", name, wrong, n), 0;
    if (n < 2 * PASSES) return fprintf(stderr, "shares: %s has %zu passes, too few\n", name, n), 0;
    return n;
}

static double truth_of(const struct pass *passes, size_t n)
{
    double *medians = allocate(n, sizeof *medians);
    for (size_t p = 0; p < n; p++) medians[p] = median(passes[p].us, passes[p].count);
    double truth = median(medians, n);
    free(medians);
    return truth;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        rule *next;
    } rules[] = {{"together", together}, {"shared", shared}};
    struct tally tallies[2] = {{0}, {0}};
    if (argc < 3) return fputs("usage: shares NAME FILE...\n", stderr), 2;
    for (int i = 2; i < argc; i++) {
        static struct pass passes[RECORDED_MOST];
        size_t n = read_passes(argv[i], passes);
        if (!n) return 5;
        double truth = truth_of(passes, n);
        size_t apart = n / PASSES;
        for (size_t p = 0; p < apart; p++)
            for (int k = 0; k < 2; k++) replay(rules[k].next, passes + p, apart, truth, &tallies[k]);
        for (size_t p = 0; p < n; p++) free(passes[p].us);
    }
    for (int k = 0; k < 2; k++) {
        const size_t launches = tallies[k].launches;
        double *errors = tallies[k].errors, sum = 0;
        for (size_t i = 0; i < launches; i++) sum += errors[i];
        sort_doubles(errors, launches);
        printf("%-10s %-9s %8zu %8.0f %8.1f %8.2f %8.2f %8.2f\n", argv[1], rules[k].name, launches,
               (double)tallies[k].samples / (double)launches,
               100 * (double)tallies[k].in_first / (double)tallies[k].samples,
               100 * median_sorted(errors, launches), 100 * sum / (double)launches,
               100 * errors[launches - 1]);
        free(errors);
    }
    return 0;
}
