#include "tests/unit/situation.h"
#include "stats/order.h"
#include "stats/ranks.h"
#include "stats/relabel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double value_of(const struct situation *situation, double ln)
{
    return situation->step > 0 ? log(round(exp(ln) / situation->step) * situation->step) : ln;
}

/* Replaces launches by allocations: each one's value is the median of its launches. */
static void allocations_as_units(const struct situation *situation, struct data *data)
{
    for (int side = 0; side < 2; side++) {
        int launches = side ? situation->fresh : situation->base, units = situation->allocations[side];
        data->units[side] = launches;
        if (!units || situation->as_launches) continue;
        data->units[side] = units;
        for (int c = 0; c < situation->cases; c++) {
            double *values = side ? data->fresh[0][c] : data->base[0][c], of_unit[MOST_UNITS];
            for (int u = 0; u < units; u++) {
                double own[MOST_UNITS];
                size_t n = 0;
                for (int l = 0; l < launches; l++)
                    if (l % units == u) own[n++] = values[l];
                of_unit[u] = median(own, n);
            }
            memcpy(values, of_unit, (size_t)units * sizeof *values);
        }
    }
}

/* Returns the start time of launch `l` of a side; the unit is the duration of one launch. */
static double time_of(const struct situation *situation, int side, int l, const bool *exchanged)
{
    if (situation->turns == AFTER) return side * situation->base + l;
    return 2 * l + (situation->turns == AT_RANDOM && exchanged[l] ? 1 - side : side);
}

static double alpha_of(const struct situation *situation)
{
    return situation->alpha > 0 ? situation->alpha : 0.05;
}

static double tolerance_of(const struct situation *situation)
{
    return situation->delta > 0 ? situation->delta : 0.03;
}

/* A launch's own deviation, in units of sigma. */
static double deviation(const struct situation *situation, struct random_state *random)
{
    double z = random_normal(random), squares = 0;
    if (!situation->heavy) return z;
    for (int i = 0; i < 3; i++) {
        double x = random_normal(random);
        squares += x * x;
    }
    return z / sqrt(squares / 3);
}

void situation_measure(const struct situation *situation, struct data *data, struct random_state *random)
{
    bool exchanged[MOST_UNITS];
    for (int l = 0; l < MOST_UNITS; l++) exchanged[l] = random_below(random, 2);
    for (int side = 0; side < 2; side++) {
        int launches = side ? situation->fresh : situation->base, groups = situation->allocations[side];
        double place[MOST_CASES][MOST_UNITS];
        for (int c = 0; c < situation->cases; c++)
            for (int u = 0; u < groups; u++) place[c][u] = situation->between * random_normal(random);
        int first_outlier = (int)random_below(random, (uint64_t)launches);
        for (int l = 0; l < launches; l++) {
            double shared = situation->shared * random_normal(random) +
                            situation->drift * time_of(situation, side, l, exchanged);
            bool outlier = (l - first_outlier + launches) % launches < situation->outliers[side] ||
                           random_unit(random) < situation->one_in;
            double slow = outlier ? log(1.3 + 0.7 * random_unit(random)) : 0;
            for (int c = 0; c < situation->cases; c++) {
                double own = situation->sigma * (side && situation->wider > 0 ? situation->wider : 1) *
                             deviation(situation, random);
                double effect =
                    side && (c == 0 || situation->effect < 0) ? log1p(fabs(situation->effect)) : 0;
                double ln = shared + own + slow + effect + (groups ? place[c][l % groups] : 0);
                bool constant = c >= situation->cases - situation->constant;
                double *median_ln = side ? data->fresh[0][c] : data->base[0][c],
                       *tail_ln = side ? data->fresh[1][c] : data->base[1][c];
                median_ln[l] = constant ? log(442.5) : value_of(situation, ln);
                double tail =
                    0.2 + situation->sigma * random_normal(random); /* the 95th percentile, usually */
                if (side && situation->tail_share > 0.05) tail = log(situation->tail_factor);
                tail_ln[l] = median_ln[l] + tail;
            }
        }
    }
    allocations_as_units(situation, data);
}

/* ---- the previous rule ---- */

static double trimmed(const double *ascending, size_t n)
{
    double sum = 0;
    for (size_t i = n / 5; i < n - n / 5; i++) sum += ascending[i];
    return sum / (double)(n - 2 * (n / 5));
}

static double old_statistic(const double *all, const unsigned char *labels, size_t n, bool paired)
{
    double side[2][2 * MOST_UNITS], robust[2 * MOST_UNITS];
    size_t count[2] = {0, 0};
    for (size_t i = 0; i < n; i++) {
        size_t to = paired ? 0 : labels[i];
        side[to][count[to]++] = paired && labels[i] ? -all[i] : all[i];
        robust[i] = fabs(all[i]);
    }
    double off = 0, scale = 0.1 * (paired ? 1.482602218505602 * median(robust, n) : robust_sigma(all, n));
    for (int s = 0; s < (paired ? 1 : 2); s++) {
        sort_doubles(side[s], count[s]);
        for (size_t i = 0; i < count[s]; i++) off += fabs(side[s][i] - median_sorted(side[s], count[s]));
    }
    double difference = trimmed(side[0], count[0]) - (paired ? 0 : trimmed(side[1], count[1]));
    if (difference == 0) return 0;
    double below = off / (double)n + scale;
    return below > 0 ? fabs(difference) / below : INFINITY;
}

struct answer situation_old_rule(const struct situation *situation, const struct data *data)
{
    struct answer answer = {0};
    struct random_state random;
    random_seed(&random, 1);
    int m = data->units[0], n = data->units[1], cases = situation->cases;
    size_t width = (size_t)(situation->paired ? m : m + n);
    struct relabellings labels = relabellings_of((size_t)m, (size_t)n, situation->paired, 1000, 999, &random);
    double *t = malloc(labels.count * (size_t)cases * sizeof *t),
           *largest = malloc(labels.count * sizeof *largest);
    int order[MOST_CASES];
    for (int c = 0; c < cases; c++) {
        double all[2 * MOST_UNITS];
        for (size_t i = 0; i < width; i++)
            all[i] = situation->paired ? data->fresh[0][c][i] - data->base[0][c][i]
                     : i < (size_t)m   ? data->base[0][c][i]
                                       : data->fresh[0][c][i - (size_t)m];
        for (size_t r = 0; r < labels.count; r++)
            t[(size_t)c * labels.count + r] =
                old_statistic(all, labels.bytes + r * width, width, situation->paired);
        order[c] = c;
        for (int i = c; i > 0 && t[(size_t)order[i - 1] * labels.count] > t[(size_t)order[i] * labels.count];
             i--) {
            int swap = order[i];
            order[i] = order[i - 1], order[i - 1] = swap;
        }
    }
    double p[MOST_CASES], last = 0;
    for (size_t r = 0; r < labels.count; r++) largest[r] = 0;
    for (int i = 0; i < cases; i++) {
        const double *own = t + (size_t)order[i] * labels.count;
        size_t reached = 0;
        for (size_t r = 0; r < labels.count; r++) {
            largest[r] = fmax(largest[r], own[r]);
            reached += largest[r] >= own[0] * (1 - 1e-9);
        }
        p[order[i]] = (double)reached / (double)labels.count;
    }
    for (int i = cases; i-- > 0;) last = p[order[i]] = fmax(p[order[i]], last);
    double limit = log1p(tolerance_of(situation)), alpha = alpha_of(situation);
    for (int c = 0; c < cases; c++) {
        double differences[MOST_UNITS];
        for (int i = 0; situation->paired && i < m; i++)
            differences[i] = data->fresh[0][c][i] - data->base[0][c][i];
        struct shift shift = situation->paired ? hodges_lehmann_paired(differences, (size_t)m, alpha)
                                               : hodges_lehmann(data->base[0][c], (size_t)m,
                                                                data->fresh[0][c], (size_t)n, alpha);
        bool counts = situation->effect <= 0 || c == 0,
             slower = p[c] < alpha && shift.has_interval && shift.lo > limit;
        answer.p_below |= counts && p[c] < alpha;
        answer.slower |= counts && slower;
        if (c == 0) answer.same = shift.has_interval && shift.lo >= -limit && shift.hi <= limit;
    }
    relabellings_free(&labels);
    free(t);
    free(largest);
    return answer;
}

struct promise situation_old_promise(const struct situation *situation, const struct data *data)
{
    size_t m = (size_t)data->units[0], n = (size_t)data->units[1];
    double alpha = alpha_of(situation), z = normal_quantile(1 - alpha / 2), sigma, differences[MOST_UNITS];
    for (size_t i = 0; situation->paired && i < m; i++)
        differences[i] = data->fresh[0][0][i] - data->base[0][0][i];
    sigma = situation->paired ? robust_sigma(differences, m) * (double)m / ((double)m - 1.2)
                              : launch_sigma(data->base[0][0], m, data->fresh[0][0], n);
    double launches = situation->paired ? (double)n : 2 / (1 / (double)m + 1 / (double)n),
           factor = (situation->paired ? 1 : 2) * M_PI / 3, tolerance = log1p(tolerance_of(situation)),
           both = (z + normal_quantile(0.9)) * sigma / tolerance,
           least = (double)fewest_launches(situation->paired, alpha / 2);
    return (struct promise){.detectable = tolerance + sigma * (z + normal_quantile(0.8)) *
                                                          sqrt(factor / (launches - z * z / 4)),
                            .needed = fmax(least, ceil(factor * both * both + z * z / 4))};
}

/* ---- the present rule ---- */

struct answer situation_new_rule(const struct situation *situation, const struct data *data,
                                 struct decided_case *cases)
{
    struct answer answer = {0};
    struct relabelled_group group = {.base = (size_t)data->units[0],
                                     .fresh = (size_t)data->units[1],
                                     .paired = situation->paired,
                                     .allocations = situation->allocations[0] > 0 && !situation->as_launches};
    for (int c = 0; c < situation->cases; c++) {
        cases[c] = (struct decided_case){
            .base = data->base[0][c], .fresh = data->fresh[0][c], .delta = tolerance_of(situation)};
        if (situation->tail_factor > 0)
            cases[c].base_tail = data->base[1][c], cases[c].fresh_tail = data->fresh[1][c];
    }
    decide(&group, 1, cases, (size_t)situation->cases,
           &(struct decision_rules){
               .alpha = alpha_of(situation), .seed = 1, .most = 1000, .without_ends = true});
    for (int c = 0; c < situation->cases; c++) {
        bool counts = situation->effect <= 0 || c == 0;
        answer.p_below |= counts && cases[c].median.slower < alpha_of(situation);
        answer.slower |= counts && cases[c].outcome == OUTCOME_SLOWER;
    }
    answer.same = cases[0].outcome == OUTCOME_SAME;
    return answer;
}

bool situation_asked_for(const char *what)
{
    const char *only = getenv("BUSBAR_SITUATION");
    return !only || strstr(what, only);
}
