#include "measure/traffic.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/units.h"
#include "stats/order.h"
#include "stats/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- --imbalance ---- */

static enum status read_item(const char *item, struct imbalance *imbalance)
{
    *imbalance = (struct imbalance){0};
    if (imbalance_parse(item, &imbalance->skew, imbalance->label)) return STATUS_OK;
    return fail(
        STATUS_USAGE,
        "--imbalance: '%s' is not a factor; expected what the busiest rank receives over the mean, at "
        "least 1, such as 1.5; with a seed 1.5:7; for what it sends 1.5:send",
        item);
}

enum status imbalances_read(const char *text, struct imbalance **list, size_t *count)
{
    char *copy = duplicate(text), *rest = copy, *item;
    enum status status = STATUS_OK;
    *list = NULL;
    *count = 0;
    while (!status && (item = strsep(&rest, ","))) {
        struct imbalance next;
        size_t i = 0;
        status = read_item(item, &next);
        if (status) break;
        while (i < *count && strcmp((*list)[i].label, next.label) != 0) i++;
        if (i < *count) continue;
        *list = reallocate(*list, *count + 1, sizeof **list);
        (*list)[(*count)++] = next;
    }
    free(copy);
    if (!status) return STATUS_OK;
    imbalances_free(*list, *count);
    *list = NULL;
    *count = 0;
    return status;
}

void imbalances_free(struct imbalance *list, size_t count)
{
    for (size_t i = 0; i < count; i++) free(list[i].cells);
    free(list);
}

/* ---- --matrix ---- */

/* A file while it is read. */
struct rows {
    const char *path;
    uint64_t *cells;
    size_t count, columns, rows; /* cells so far; of the first row; complete rows */
    bool counts, has_unit;
};

/* Reads the comment "# unit: counts"; other comments mean nothing. */
static enum status read_unit(struct rows *m, const char *line, size_t number)
{
    static const char blanks[] = " \t\r";
    const char *word = line + strspn(line, blanks);
    if (*word != '#') return STATUS_OK;
    word += 1 + strspn(word + 1, blanks);
    if (strncmp(word, "unit:", 5) != 0) return STATUS_OK;
    word += 5 + strspn(word + 5, blanks);
    const size_t length = strcspn(word, blanks);
    const bool counts = length == 6 && strncmp(word, "counts", length) == 0;
    if (word[length + strspn(word + length, blanks)] ||
        !(counts || (length == 5 && strncmp(word, "bytes", length) == 0)))
        return fail(STATUS_USAGE, "--matrix: %s:%zu: the unit '%.40s' is neither bytes nor counts", m->path,
                    number, word);
    if (m->rows || (m->has_unit && m->counts != counts))
        return fail(STATUS_USAGE, "--matrix: %s:%zu: the unit must be said once, above the numbers", m->path,
                    number);
    m->counts = counts;
    m->has_unit = true;
    return STATUS_OK;
}

static enum status read_row(struct rows *m, char *line, size_t number)
{
    char *rest = line, *word;
    size_t before = m->count;
    enum status status = read_unit(m, line, number);
    if (status) return status;
    line[strcspn(line, "#")] = 0;
    while ((word = strsep(&rest, " \t\r"))) {
        size_t bytes;
        if (!*word) continue;
        if (parse_size(word, &bytes) || bytes > SIZE_MOST)
            return fail(STATUS_USAGE, "--matrix: %s:%zu: '%.40s' is not a number such as 0, 4096 or 64K",
                        m->path, number, word);
        if ((m->count & (m->count + 1)) == 0)
            m->cells = reallocate(m->cells, 2 * m->count + 2, sizeof *m->cells);
        m->cells[m->count++] = bytes;
    }
    size_t columns = m->count - before;
    if (columns == 0) return STATUS_OK;
    if (m->rows++ == 0) m->columns = columns;
    if (columns == m->columns) return STATUS_OK;
    return fail(STATUS_USAGE, "--matrix: %s:%zu: %zu numbers, but the first row has %zu", m->path, number,
                columns, m->columns);
}

/* Sets *busiest to the largest sum of a row or column. */
static enum status sum_up(const struct rows *m, uint64_t *busiest)
{
    size_t n = m->columns;
    *busiest = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t sent = 0, received = 0;
        for (size_t j = 0; j < n; j++) {
            sent += m->cells[i * n + j];
            received += m->cells[j * n + i];
            if (sent > SIZE_MOST || received > SIZE_MOST)
                return fail(STATUS_USAGE, "--matrix: %s: rank %zu sends or receives more than 2^60", m->path,
                            i);
        }
        if (sent > *busiest) *busiest = sent;
        if (received > *busiest) *busiest = received;
    }
    return *busiest ? STATUS_OK
                    : fail(STATUS_USAGE, "--matrix: %s: nothing is sent: expected a number above 0", m->path);
}

enum status matrix_read(const char *path, struct imbalance *imbalance)
{
    enum { MOST_BYTES = 1 << 30 };
    struct text text = {0};
    struct rows m = {.path = path};
    enum status status = text_add_file(&text, path, MOST_BYTES);
    if (!status && memchr(text_get(&text), 0, text.length))
        status = fail(STATUS_USAGE, "--matrix: %s is not a text file", path);
    char *rest = text.data, *line;
    size_t number = 0;
    while (!status && (line = strsep(&rest, "\n"))) status = read_row(&m, line, ++number);
    text_free(&text);
    if (!status && m.rows == 0) status = fail(STATUS_USAGE, "--matrix: %s has no numbers", path);
    if (!status && m.rows != m.columns)
        status = fail(STATUS_USAGE, "--matrix: %s: %zu rows of %zu numbers: expected as many rows as columns",
                      path, m.rows, m.columns);
    *imbalance = (struct imbalance){.cells = m.cells, .ranks = (int)m.columns, .counts = m.counts};
    if (!status) status = sum_up(&m, &imbalance->busiest);
    if (status) {
        free(m.cells);
        imbalance->cells = NULL;
        return status;
    }
    snprintf(imbalance->label, sizeof imbalance->label, "matrix:%016llx",
             (unsigned long long)hash_bytes(m.cells, m.count * sizeof *m.cells));
    return STATUS_OK;
}

enum status matrix_size(const char *path, const struct imbalance *matrix, size_t element_bytes, size_t *size)
{
    const size_t unit = matrix->counts ? element_bytes : 1;
    if (matrix->busiest > SIZE_MOST / unit)
        return fail(STATUS_USAGE, "--matrix: %s: a rank sends or receives more than 2^60 bytes", path);
    *size = (size_t)matrix->busiest * unit;
    return STATUS_OK;
}

/* ---- weights ---- */

/* The largest of `ranks` shares over their mean, by Zipf's law with exponent s. */
static double zipf_ratio(int ranks, double s)
{
    double sum = 0;
    for (int k = ranks; k >= 1; k--) sum += pow(k, -s);
    return ranks / sum;
}

/* The exponent for which zipf_ratio() is `factor`, 1 <= factor < ranks. */
static double zipf_exponent(int ranks, double factor)
{
    double low = 0, high = 1;
    while (zipf_ratio(ranks, high) < factor && high < 1024) high *= 2;
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;
        if (zipf_ratio(ranks, middle) < factor)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

static void zipf_weights(const struct skew *skew, int ranks, struct traffic *traffic)
{
    const double scale = 4294967296.0, s = zipf_exponent(ranks, skew->factor);
    uint64_t *weights = allocate((size_t)ranks, sizeof *weights);
    size_t *order = allocate((size_t)ranks, sizeof *order);
    struct random_state random;
    for (int r = 0; r < ranks; r++) order[r] = (size_t)r;
    random_seed(&random, (uint64_t)skew->seed);
    random_shuffle(&random, order, (size_t)ranks);
    for (int k = 0; k < ranks; k++) weights[order[k]] = (uint64_t)llround(scale * pow(k + 1, -s));
    free(order);
    /* The busiest rank receives its weight from every rank; no rank sends more, since no weight is larger. In
       the other direction it sends that weight to every rank. */
    *traffic = (struct traffic){ranks, weights, skew->send, !skew->send, (uint64_t)scale * (uint64_t)ranks};
}

bool traffic_make(const struct imbalance *imbalance, int ranks, struct traffic *traffic, char *reason,
                  size_t room)
{
    if (imbalance->cells && imbalance->ranks != ranks) {
        snprintf(reason, room, "--matrix has %d rows, but there are %d ranks", imbalance->ranks, ranks);
        return false;
    }
    if (imbalance->cells) {
        *traffic = (struct traffic){ranks, imbalance->cells, (size_t)ranks, 1, imbalance->busiest};
        return true;
    }
    const struct skew *skew = &imbalance->skew;
    if (skew->factor > 1 && skew->factor >= ranks) {
        snprintf(reason, room, "--imbalance %s: the busiest of %d rank%s %s less than %d times the mean",
                 imbalance->label, ranks, ranks == 1 ? "" : "s", skew->send ? "sends" : "receives", ranks);
        return false;
    }
    zipf_weights(skew, ranks, traffic);
    return true;
}

/* Raises most[k - 1] to the sum of the k largest of the n values. */
static void take_largest(double *values, int n, double *most)
{
    double sum = 0;
    sort_doubles(values, (size_t)n);
    for (int k = 1; k <= n; k++) {
        sum += values[n - k];
        most[k - 1] = fmax(most[k - 1], sum);
    }
}

static void add_up(const struct layout *layout, size_t element_bytes, const int *domain_of_rank,
                   double *totals[2], double *crossing[2])
{
    for (int i = 0; i < layout->ranks; i++)
        for (int j = 0; j < layout->ranks; j++) {
            double bytes = i == j ? 0 : (double)pair_count(layout, i, j) * (double)element_bytes;
            totals[0][i] += bytes;
            totals[1][j] += bytes;
            if (domain_of_rank[i] == domain_of_rank[j]) continue;
            crossing[0][domain_of_rank[i]] += bytes;
            crossing[1][domain_of_rank[j]] += bytes;
        }
}

bool traffic_cuts(const struct layout *layout, size_t element_bytes, int domains, const int *domain_of_rank,
                  double *gpus, struct cuts *cuts)
{
    const int ranks = layout->ranks, g = ranks / domains;
    int *size = allocate((size_t)domains, sizeof *size);
    double *memory = allocate(2 * (size_t)(ranks + domains) + (size_t)ranks, sizeof *memory),
           *values = memory;
    double *totals[2], *crossing[2]; /* sent and received */
    bool equal = true;
    for (int way = 0; way < 2; way++) {
        totals[way] = values, values += ranks;
        crossing[way] = values, values += domains;
    }
    for (int r = 0; r < ranks; r++) size[domain_of_rank[r]]++;
    for (int d = 0; d < domains; d++) equal &= size[d] == g;
    *cuts = (struct cuts){0, gpus};
    for (int k = 0; equal && k < g; k++) gpus[k] = 0;
    if (equal) add_up(layout, element_bytes, domain_of_rank, totals, crossing);
    for (int way = 0; way < 2 && equal; way++)
        for (int d = 0; d < domains; d++) {
            int n = 0;
            cuts->domain = fmax(cuts->domain, crossing[way][d]);
            for (int r = 0; r < ranks; r++)
                if (domain_of_rank[r] == d) values[n++] = totals[way][r];
            take_largest(values, n, gpus);
        }
    free(memory);
    free(size);
    return equal;
}

void traffic_free(struct traffic *traffic)
{
    if (!traffic_is_matrix(traffic)) free((void *)traffic->weights);
    *traffic = (struct traffic){0};
}
