/* The formats, how busbar recognises them, and the tools whose output it recognises but cannot import. */
#include "analysis/import/source.h"
#include "base/sha256.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Tried in this order: formats with unmistakable marks first. The reader of nccl-tests' text, which accepts
   any wrapping, comes last. */
static const struct source_reader source_readers[] = {
    {"nccl-inspector", {"\"coll_perf\"", "\"p2p_perf\""}, true, source_read_inspector},
    {"rccl-tests-json", {"\"numCycle\""}, true, source_read_rccl_json},
    {"rccl-tests-csv", {"numCycle,collective"}, false, source_read_rccl_csv},
    {"nccl-tests-json", {"\"results\""}, true, source_read_nccl_json},
    {"imb", {"# Benchmarking "}, false, source_read_imb},
    {"osu", {"OSU "}, false, source_read_osu},
    {"nccom-test", {"count(elems)"}, false, source_read_nccom},
    {"hccl-test", {"data_size(Bytes)"}, false, source_read_hccl},
    {"param", {"COMMS-RES"}, false, source_read_param},
    {"deepspeed", {"Comm. Op"}, false, source_read_deepspeed},
    {"perftest", {"BW average["}, false, source_read_perftest},
    {"nvbandwidth", {"GPU(row)", "device_to_device"}, false, source_read_nvbandwidth},
    {"nccl-tests-text", {NULL}, false, source_read_nccl_text},
};

const struct source_reader source_published = {"published", {NULL}, false, source_read_published};

static bool has_text(const char *data, size_t length, const char *text)
{
    return memmem(data, length, text, strlen(text)) != NULL;
}

static bool has_mark(const struct source_reader *reader, const char *data, size_t length)
{
    size_t start = length >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (start < length && isspace((unsigned char)data[start])) start++;
    if (reader->is_json && (start == length || (data[start] != '{' && data[start] != '['))) return false;
    if (!reader->marks[0]) return true;
    for (size_t i = 0; i < 4 && reader->marks[i]; i++)
        if (has_text(data, length, reader->marks[i])) return true;
    return false;
}

static void start(struct source *source, const char *path, const char *data, size_t length)
{
    struct sha256 hash;
    *source = (struct source){.path = path};
    sha256_start(&hash);
    sha256_add(&hash, data, length);
    sha256_end(&hash, source->sha256);
}

size_t source_read_as(struct source *source, const struct source_reader *reader, const char *path,
                      const char *data, size_t length)
{
    start(source, path, data, length);
    source->format = reader->format;
    return reader->read(source, data, length);
}

/* The reader of nccl-tests' text needs no heading, and another tool's rows may look like its own. In a file
   where another reader found tables, it therefore runs only if the file also has lines of nccl-tests. */
static bool may_be_nccl(const char *data, size_t length)
{
    return has_text(data, length, "Collective test starting") || has_text(data, length, "nThread ") ||
           has_text(data, length, "#wrong");
}

static int by_line(const void *a, const void *b)
{
    const struct source_table *x = a, *y = b;
    return (x->line > y->line) - (x->line < y->line);
}

size_t source_read(struct source *source, const char *path, const char *data, size_t length)
{
    start(source, path, data, length);
    for (size_t i = 0; i < sizeof source_readers / sizeof *source_readers; i++) {
        const struct source_reader *reader = &source_readers[i];
        bool is_any = !reader->marks[0];
        if (!has_mark(reader, data, length)) continue;
        if (is_any && source->table_count && !may_be_nccl(data, length)) continue;
        source->format = reader->format;
        if (reader->read(source, data, length) == 0) source_forget_tables(source);
        if (reader->is_json && source->table_count) break; /* the whole file is JSON */
    }
    if (source->table_count) qsort(source->tables, source->table_count, sizeof *source->tables, by_line);
    return source->table_count;
}

const char *source_kind(const char *data, size_t length)
{
    static const struct {
        const char *start;
        size_t length;
        const char *kind;
    } kinds[] = {{"\x1f\x8b", 2, "compressed by gzip: unpack it first (gunzip)"},
                 {"PK\3\4", 4, "a zip archive: unpack it first (unzip)"},
                 {"\x28\xb5\x2f\xfd", 4, "compressed by zstd: unpack it first (unzstd)"},
                 {"\xfd"
                  "7zXZ",
                  5, "compressed by xz: unpack it first (unxz)"},
                 {"BZh", 3, "compressed by bzip2: unpack it first (bunzip2)"},
                 {"%PDF-", 5, "a PDF: copy its tables into a text file"},
                 {"{\"record\":", 10, "a record of busbar: show, compare and report read it as it is"}};
    enum { TAR_MARK = 257 };
    size_t blank = 0;
    while (blank < length && isspace((unsigned char)data[blank])) blank++;
    if (blank == length) return "empty";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (length >= kinds[i].length && memcmp(data, kinds[i].start, kinds[i].length) == 0)
            return kinds[i].kind;
    if (length > TAR_MARK + 5 && memcmp(data + TAR_MARK, "ustar", 5) == 0)
        return "a tar archive: unpack it first (tar -x)";
    return NULL;
}

const char *source_looks_like(const char *data, size_t length)
{
    static const struct {
        const char *mark, *tool;
    } known[] = {
        {"IMB-P2P", "IMB-P2P"},
        {"IMB-MT", "IMB-MT"},
        {"IMB-RMA", "IMB-RMA"},
        {"MPI-RMA part", "IMB-RMA"},
        {"IMB-NBC", "IMB-NBC"},
        {"MPI-NBC part", "IMB-NBC"},
        {"IMB-EXT", "IMB-EXT"},
        {"MPI-2 part", "IMB-EXT"},
        {"IMB-IO", "IMB-IO"},
        {"MPI-4 part", "IMB-MPI4"},
        {"Intel(R) MPI Benchmarks", "a test of the Intel MPI Benchmarks that has no collective here"},
        {"OSU UPC", "OSU's UPC tests"},
        {"OSU OpenSHMEM", "OSU's OpenSHMEM tests"},
        {"OSU MPI", "a test of OSU that has no collective here"},
        {"COMMS-RES", "PARAM's comms benchmark in a form that is not read"},
        {"t_typical[usec]", "a latency test of perftest (ib_write_lat and the like)"},
        {"nvbandwidth", "nvbandwidth without a copy between two GPUs"},
        {"CPU(row)", "nvbandwidth without a copy between two GPUs"},
        {"P2P Connectivity Matrix", "p2pBandwidthLatencyTest"},
        {"ReproMPI", "ReproMPI"},
        {"HPLinpack", "HPL (build/matmul measures matrix multiplication)"},
        {"HPL-MxP", "HPL-MxP (build/matmul measures matrix multiplication)"},
        {"HPCG-Benchmark", "HPCG"},
        {"nvloom", "nvloom"},
        {"\"traceEvents\"", "PyTorch's profiler (--workload NAME makes a workload of it)"},
        {"-chakra.", "PyTorch's ExecutionTraceObserver (--workload NAME makes a workload of it)"},
        {"NCCL INFO", "NCCL's own log without a test's table"},
        {"Collective test starting", "nccl-tests without a row of results"},
        {"nThread ", "nccl-tests without a row of results"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (has_text(data, length, known[i].mark)) return known[i].tool;
    return NULL;
}
