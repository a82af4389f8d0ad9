/* Tests the device code: against expected values (tests/data/pattern.tsv), against the host's version of the
   same code, and its speed against that of a copy. On the emulated device, which runs the host's version, the
   first two only test how kernels are launched: arguments, partial units at both ends.

   usage: gpu_kernels golden FILE | twins | bandwidth BYTES
   golden and twins print "ok - …" and "not ok - …" lines, bandwidth a table. */
#include "collective/dtype.h"
#include "gpu/device.h"
#include "kernels/device.h"
#include "kernels/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ELEMENTS = 64 };

static struct device_period *period; /* the kernels' scratch memory */

static void must(cudaError_t error, const char *what)
{
    if (error) exit((int)cuda_status(error, what));
}

struct tally {
    int good, bad;
};

static void count(struct tally *t, bool good, const char *what, const char *dtype, const char *op)
{
    if (good) {
        t->good++;
        return;
    }
    if (t->bad++ < 10) printf("# %s %s: %s\n", dtype, op, what);
}

static struct device_verdict check_on_device(const struct pattern *p, int source, uint64_t from, uint64_t n,
                                             const void *data)
{
    enum { POSITION = 1000 };
    struct device_verdict verdict = {0, UINT64_MAX}, *on_device;
    must(cudaMalloc((void **)&on_device, sizeof verdict), "cudaMalloc");
    must(cudaMemcpy(on_device, &verdict, sizeof verdict, cudaMemcpyHostToDevice), "cudaMemcpy");
    must(device_check(p, source, from, n, data, POSITION, period, on_device, NULL), "device_check");
    must(cudaMemcpy(&verdict, on_device, sizeof verdict, cudaMemcpyDeviceToHost), "cudaMemcpy");
    must(cudaFree(on_device), "cudaFree");
    if (verdict.wrong) verdict.first -= POSITION;
    return verdict;
}

/* ---- golden vectors ---- */

static size_t read_bits(char *text, size_t size, unsigned char *bytes)
{
    size_t n = 0;
    char *rest = NULL;
    for (char *word = strtok_r(text, " \n", &rest); word && n < MOST_ELEMENTS;
         word = strtok_r(NULL, " \n", &rest), n++) {
        uint64_t bits = strtoull(word, NULL, 16);
        memcpy(bytes + n * size, &bits, size);
    }
    return n;
}

static void golden_row(struct tally *tally, char *line, char *device)
{
    char dtype[16], op[16], rank[16];
    unsigned long long ranks, seed, from;
    unsigned char want[MOST_ELEMENTS * 8], got[MOST_ELEMENTS * 8];
    int at = 0;
    if (sscanf(line, "%15s %15s %llu %llu %llu %15s %n", dtype, op, &ranks, &seed, &from, rank, &at) < 6)
        return;
    bool moves = strcmp(op, "move") == 0, all = strcmp(rank, "all") == 0;
    int type = dtype_find(dtype);
    size_t size = dtypes[type].size, n = read_bits(line + at, size, want);
    struct pattern p = {seed, (int)ranks, (enum dtype)type, (enum op)(moves ? 0 : op_find(op)), !moves};
    for (size_t shift = 0; shift < 3; shift++) { /* at 16 bytes and off them */
        char *place = device + shift * size;
        if (!all) {
            must(device_fill(&p, atoi(rank), from, n, place, period, NULL), "device_fill");
            must(cudaMemcpy(got, place, n * size, cudaMemcpyDeviceToHost), "cudaMemcpy");
            count(tally, memcmp(got, want, n * size) == 0, "fill differs", dtype, op);
        }
        must(cudaMemcpy(place, want, n * size, cudaMemcpyHostToDevice), "cudaMemcpy");
        count(tally, check_on_device(&p, all ? -1 : atoi(rank), from, n, place).wrong == 0,
              "check refuses the right data", dtype, op);
        memcpy(got, want, n * size);
        got[(n - 2) * size] ^= 0x04; /* 4 units in the last place: beyond avg's tolerance */
        must(cudaMemcpy(place, got, n * size, cudaMemcpyHostToDevice), "cudaMemcpy");
        struct device_verdict v = check_on_device(&p, all ? -1 : atoi(rank), from, n, place);
        count(tally, v.wrong == 1 && v.first == n - 2, "check misses a wrong element", dtype, op);
    }
}

static int golden(const char *path)
{
    struct tally tally = {0};
    char *line = NULL, *device;
    size_t room = 0;
    FILE *file = fopen(path, "r");
    if (!file) return (int)fail(STATUS_ENVIRONMENT, "cannot read %s", path);
    must(cudaMalloc((void **)&device, MOST_ELEMENTS * 16), "cudaMalloc");
    while (getline(&line, &room, file) > 0)
        if (line[0] != '#' && strncmp(line, "dtype", 5) != 0) golden_row(&tally, line, device);
    fclose(file);
    free(line);
    must(cudaFree(device), "cudaFree");
    printf("%s - kernels agree with %d golden vectors (%d do not)\n",
           tally.bad || !tally.good ? "not ok" : "ok", tally.good, tally.bad);
    return tally.bad || !tally.good ? STATUS_WRONG : STATUS_OK;
}

/* ---- host twins ---- */

/* Room around the filled elements, which must stay as it is. */
enum { MARGIN = 256, MOST_BYTES = 1 << 20, POISON = 0x5a };

struct twins {
    struct tally tally;
    unsigned char *device, *host, *back; /* MOST_BYTES and two margins each */
};

static void expect_same_check(struct twins *t, const struct pattern *p, int source, uint64_t from, uint64_t n,
                              size_t shift)
{
    const unsigned char *data = t->back + MARGIN + shift;
    uint64_t first = 0, wrong = pattern_check(p, source, from, n, data, &first);
    struct device_verdict v = check_on_device(p, source, from, n, t->device + MARGIN + shift);
    count(&t->tally, v.wrong == wrong && (wrong == 0 || v.first == first), "check differs from its host twin",
          dtypes[p->dtype].name, p->reduces ? op_names[p->op] : "move");
}

/* n elements from `shift` elements behind a multiple of 256 bytes on: fills, checks, and checks again with
   wrong elements at the beginning, in the middle and at the end. */
static void twin_case(struct twins *t, const struct pattern *p, int rank, uint64_t from, uint64_t n,
                      size_t shift)
{
    const size_t size = dtypes[p->dtype].size, whole = 2 * MARGIN + n * size;
    shift *= size;
    memset(t->host, POISON, whole);
    pattern_fill(p, rank, from, n, t->host + MARGIN + shift);
    must(cudaMemset(t->device, POISON, whole), "cudaMemset");
    must(device_fill(p, rank, from, n, t->device + MARGIN + shift, period, NULL), "device_fill");
    must(cudaMemcpy(t->back, t->device, whole, cudaMemcpyDeviceToHost), "cudaMemcpy");
    count(&t->tally, memcmp(t->host, t->back, whole) == 0, "fill differs from its host twin",
          dtypes[p->dtype].name, p->reduces ? op_names[p->op] : "move");
    expect_same_check(t, p, rank, from, n, shift);
    if (p->reduces) expect_same_check(t, p, -1, from, n, shift);
    for (int third = 0; third < 3 && n > 0; third++)
        t->back[MARGIN + shift + (n - 1) * (size_t)third / 2 * size] ^= 0x10;
    must(cudaMemcpy(t->device, t->back, whole, cudaMemcpyHostToDevice), "cudaMemcpy");
    expect_same_check(t, p, rank, from, n, shift);
}

/* Sizes and places around those of units, cache lines, tiles and the period, in bytes and elements. */
static void twin_cases(struct twins *t, const struct pattern *p)
{
    const uint64_t unit = PATTERN_UNIT / dtypes[p->dtype].size, turn = PATTERN_UNITS * unit;
    const struct {
        uint64_t n, from;
        size_t shift;
    } cases[] = {
        {0, 5, 1},
        {1, 0, 0},
        {1, turn - 1, 8 * unit - 1},
        {2, 7, unit - 1},
        {unit, 3, 0},
        {unit + 1, 12345, 1},
        {8 * unit + 1, turn + 1, 8 * unit - 1},
        {1001, 99, 3},
        {turn - 1, 1, 1},
        {turn + 1, 2 * turn - 1, unit + 1},
        {3700 * unit + 3, 5, 0}, /* the last units of the tile are missing */
        {4096 * unit, 0, 0},
        {4096 * unit + 8 * unit - 1, 12345, 2},
        {6 * 4096 * unit + 13, 77, 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        twin_case(t, p, 3, cases[i].from, cases[i].n, cases[i].shift);
}

static int twins(void)
{
    const size_t bytes = MOST_BYTES + 2 * MARGIN;
    struct twins t = {{0, 0}, NULL, allocate(bytes, 1), allocate(bytes, 1)};
    must(cudaMalloc((void **)&t.device, bytes), "cudaMalloc");
    for (int type = 0; type < DTYPE_COUNT; type++)
        for (int op = -1; op < OP_COUNT; op++) {
            struct pattern p = {99, 7, (enum dtype)type, (enum op)(op < 0 ? 0 : op), op >= 0};
            twin_cases(&t, &p);
        }
    must(cudaFree(t.device), "cudaFree");
    free(t.host);
    free(t.back);
    printf("%s - kernels agree with their host twins in %d comparisons (%d do not)\n",
           t.tally.bad ? "not ok" : "ok", t.tally.good, t.tally.bad);
    return t.tally.bad ? STATUS_WRONG : STATUS_OK;
}

/* ---- bandwidth: each counted by the bytes that it must read and write ---- */

enum { REPEATS = 10 };
struct work {
    const struct pattern *pattern;
    char *from, *to;
    size_t bytes;
    struct device_verdict *verdict;
};

static void copy(const struct work *w)
{
    must(cudaMemcpyAsync(w->to, w->from, w->bytes, cudaMemcpyDeviceToDevice, NULL), "cudaMemcpyAsync");
}

static void fill(const struct work *w)
{
    must(device_fill(w->pattern, 1, 0, w->bytes / dtypes[w->pattern->dtype].size, w->to, period, NULL),
         "device_fill");
}

static void check(const struct work *w)
{
    must(device_check(w->pattern, w->pattern->reduces ? -1 : 1, 0, w->bytes / dtypes[w->pattern->dtype].size,
                      w->to, 0, period, w->verdict, NULL),
         "device_check");
}

/* GB/s of the fastest of three rounds. */
static double rate(void (*work)(const struct work *), const struct work *w, double bytes)
{
    cudaEvent_t start, stop;
    double best = 0;
    must(cudaEventCreate(&start), "cudaEventCreate");
    must(cudaEventCreate(&stop), "cudaEventCreate");
    work(w);
    for (int round = 0; round < 3; round++) {
        float ms;
        must(cudaEventRecord(start, NULL), "cudaEventRecord");
        for (int i = 0; i < REPEATS; i++) work(w);
        must(cudaEventRecord(stop, NULL), "cudaEventRecord");
        must(cudaEventSynchronize(stop), "cudaEventSynchronize");
        must(cudaEventElapsedTime(&ms, start, stop), "cudaEventElapsedTime");
        double gbps = bytes * REPEATS / (ms * 1e-3) / 1e9;
        if (gbps > best) best = gbps;
    }
    must(cudaEventDestroy(start), "cudaEventDestroy");
    must(cudaEventDestroy(stop), "cudaEventDestroy");
    return best;
}

static int bandwidth(const char *text, const struct device *device)
{
    struct work w = {.bytes = (size_t)strtoull(text, NULL, 10) / 16 * 16};
    if (!w.bytes) return (int)fail(STATUS_USAGE, "bandwidth needs a number of bytes, not '%s'", text);
    must(cudaMalloc((void **)&w.from, w.bytes), "cudaMalloc");
    must(cudaMalloc((void **)&w.to, w.bytes), "cudaMalloc");
    must(cudaMalloc((void **)&w.verdict, sizeof *w.verdict), "cudaMalloc");
    double reference = rate(copy, &w, 2.0 * (double)w.bytes);
    printf("# device\t%s%s\n", device->name, device->emulated ? " (emulated: not a measurement)" : "");
    printf("kernel\tdtype\top\tbytes\tgbps\tpercent_of_copy\ncopy\t-\t-\t%zu\t%.1f\t100.0\n", w.bytes,
           reference);
    for (int type = 0; type < DTYPE_INT16; type++)
        for (int reduces = 0; reduces < 2; reduces++) {
            struct pattern p = {5, 8, (enum dtype)type, OP_SUM, reduces};
            w.pattern = &p;
            double filled = rate(fill, &w, (double)w.bytes), checked = rate(check, &w, (double)w.bytes);
            printf("fill\t%s\t%s\t%zu\t%.1f\t%.1f\n", dtypes[type].name, reduces ? "sum" : "move", w.bytes,
                   filled, 100 * filled / reference);
            printf("check\t%s\t%s\t%zu\t%.1f\t%.1f\n", dtypes[type].name, reduces ? "sum" : "move", w.bytes,
                   checked, 100 * checked / reference);
        }
    must(cudaFree(w.from), "cudaFree");
    must(cudaFree(w.to), "cudaFree");
    must(cudaFree(w.verdict), "cudaFree");
    return STATUS_OK;
}

int main(int argc, char **argv)
{
    struct device device;
    name_program("gpu_kernels");
    enum status status = device_open(0, &device);
    if (status) return (int)status;
    must(cudaMalloc((void **)&period, sizeof *period), "cudaMalloc");
    if (argc == 3 && strcmp(argv[1], "golden") == 0) return golden(argv[2]);
    if (argc == 2 && strcmp(argv[1], "twins") == 0) return twins();
    if (argc == 3 && strcmp(argv[1], "bandwidth") == 0) return bandwidth(argv[2], &device);
    return (int)fail(STATUS_USAGE, "expected golden FILE, twins, or bandwidth BYTES");
}
