/* Method, formulas, and a glossary for readers who are not engineers. */
#include "analysis/report/report.h"

#include <stddef.h>

static const char *const method[] = {
    "A launch is one start of the job; it measures every case. Its median over samples is one number per "
    "case, and a figure here is the median of those "
    "numbers over launches. Launches differ by more than the samples within one, so intervals count "
    "launches: from six on, the exact 95 % interval by order "
    "statistics (6 launches: the smallest and the largest, 96.9 %; 10: the second and the ninth; 20: the "
    "sixth and the fifteenth). With fewer, minimum and "
    "maximum are shown, which is no confidence interval. Nothing is averaged over sizes.",
    "Pipelined: operations follow each other as in training; a sample is a batch. Isolated: every operation "
    "starts when all ranks are ready and is waited for: "
    "latency. The slowest rank counts.",
    "Results are verified element by element on every rank; a launch with wrong results has no speed.",
    "Imported figures come from other tools' logs: a mean over iterations, often averaged over ranks and "
    "with the time to launch kernels inside. They are marked, "
    "drawn hollow, and never ranked with medians.",
};

static const char *const formulas[] = {
    "algbw = bytes / time. bytes: the buffer for all-reduce, broadcast and reduce; the total for all-gather "
    "and reduce-scatter; a rank's send buffer for all-to-all; what the busiest rank sends or receives for "
    "alltoallv.",
    "busbw = algbw × factor, n ranks: all-reduce 2(n−1)/n; all-gather, reduce-scatter, all-to-all, "
    "alltoallv, gather, scatter (n−1)/n; broadcast, reduce, send-recv 1. GB/s = 1e9 bytes/s.",
    "Bound: no algorithm can take less time (N NVLink domains of G GPUs, P in all, S bytes, Bn NVLink and Bi "
    "NIC bandwidth "
    "per GPU and direction); the larger term counts. "
    "All-gather, reduce-scatter: S(N−1)/(N·G·Bi) and S(P−1)/(P·(Bn+Bi)). All-reduce: 2S(N−1)/(N·G·Bi), "
    "or S/(G·Bi) where the network may reduce (InfiniBand, or not known), and, where the "
    "NVLink switch reduces, S/(Bn+Bi), else 2S(P−1)/(P·(Bn+Bi)). All-to-all: S(N−1)/(N·Bi) and "
    "S(P−1)/(P·(Bn+Bi)). "
    "Inside one host Bi does not count. Where hosts have more GPUs than ranks, Bi is all NICs of the hosts / "
    "ranks. Percentages are bound / time. The best known all-reduce through the "
    "NVLink switch "
    "takes S(1+1/G)/Bn, so that it cannot reach 100 %. The reference is that without reduction in switches; "
    "it may be "
    "exceeded.",
    "TFLOP/s = 2·m·n·k / time. Percentages are of the dense peak in gpus.tsv.",
    "GB/s per US$/GPU-hour = best all-reduce bus bandwidth / price. US$ per delivered EFLOP = price / 3600 s "
    "/ (TFLOP/s · 1e12) · 1e18.",
    "Step of a workload: communication = Σ calls × time; computation = FLOPs / sustained rate; the step lies "
    "between the larger of both and their sum. US$ per step = seconds × GPUs × price / 3600; per million "
    "tokens: divided by GPUs × tokens per GPU (workloads.tsv), times 1e6.",
    "Energy is that of one GPU board, from the mean power that NVML reported while the case ran; for a "
    "collective, of the GPU that drew most. CPUs, network and cooling are not included. J per GB = W / bus "
    "bandwidth; J per TFLOP = W / (TFLOP/s). J per token = Σ calls × W × time over all parts of a step, if "
    "nothing overlaps, / tokens per GPU.",
    "Two clouds are told apart when the interval of the ratio of their step times excludes 1 at both ends of "
    "that range; the interval's ends come from the ends of both "
    "intervals, so it is at least as wide as 95 % needs.",
};

static const struct {
    const char *term, *meaning;
} glossary[] = {
    {"all-reduce, all-gather, reduce-scatter, all-to-all",
     "ways in which all GPUs of a job exchange data in every training step: sum everywhere; collect "
     "everywhere; sum and deal out; everyone to everyone."},
    {"allocation", "the set of machines that the provider gave; another one may be faster or slower."},
    {"bound", "the speed of light of this machine: no software can be faster."},
    {"bus bandwidth (busbw)",
     "data rate made comparable between numbers of GPUs: what each GPU's link really carried."},
    {"dense peak", "what the vendor states for matrix multiplication without sparsity."},
    {"EFLOP", "10¹⁸ floating-point operations: about twenty minutes of an H100 that sustains 800 TFLOP/s."},
    {"GPU-hour", "one GPU rented for one hour."},
    {"interval",
     "the range that holds the machine's true median with 95 % confidence, by how much its launches differ."},
    {"launch", "one start of the benchmark; figures count launches."},
    {"latency", "time of an operation so small that its data hardly matter."},
    {"median, mean", "the middle value; the average. A few slow outliers move a mean, not a median."},
    {"NIC", "the network card between machines."},
    {"NVLink domain", "the GPUs that are joined by NVLink, the fast link: one machine, or a whole rack "
                      "(NVL72). Beyond it, data pass the slower network."},
    {"NVLS", "reduction inside the NVLink switch."},
    {"provenance", "where a figure is from: measured here, imported from another tool's log, simulated or "
                   "emulated (a test), faulted (a fault was injected on purpose)."},
    {"rank", "one process of the job; on GPUs there is one per GPU."},
};

void report_method(struct page *page, const struct report *report)
{
    (void)report;
    page_heading(page, 2, "method", "How it was measured");
    for (size_t i = 0; i < sizeof method / sizeof *method; i++) page_paragraph(page, "%s", method[i]);
}

void report_formulas(struct page *page, const struct report *report)
{
    struct table table = {0};
    (void)report;
    page_heading(page, 3, "formulas", "Formulas");
    for (size_t i = 0; i < sizeof formulas / sizeof *formulas; i++) page_item(page, NULL, formulas[i]);
    page_heading(page, 3, "glossary", "Glossary");
    table_column(&table, "term", true);
    table_column(&table, "meaning", true);
    for (size_t i = 0; i < sizeof glossary / sizeof *glossary; i++) {
        table_cell(&table, "%s", glossary[i].term);
        table_cell(&table, "%s", glossary[i].meaning);
    }
    page_table(page, &table, NULL);
    table_free(&table);
}
