/* The commands that read records and a table of workloads. The input is a table and then files of launches,
 * separated by lines "----". Runs show, the report with the ranking and the data of its plots (without
 * gnuplot), and a comparison in which the launches are alternately base and new. */
#include "analysis/common/subcommand.h"
#include "analysis/plot/charts.h"
#include "analysis/report/workload.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

struct input {
    const char *table, *launches[FUZZ_FILES];
    size_t count;
};

static struct input input_of(const uint8_t *data, size_t size)
{
    struct input input = {0};
    size_t rest, first = fuzz_part(data, size, &rest);
    input.table = fuzz_file(0, data, first);
    do {
        data += rest, size -= rest;
        first = fuzz_part(data, size, &rest);
        input.launches[input.count] = fuzz_file((int)input.count + 1, data, first);
    } while (++input.count < FUZZ_FILES - 1 && rest < size);
    return input;
}

/* Runs the command with `words` and all launches; if `flags` is set, its two flags alternate before the
 * launches. */
static void run(const struct subcommand *subcommand, const struct input *input, const char *const *flags,
                const char *const *words)
{
    const char *argv[32];
    int argc = 0, turn = 0;
    argv[argc++] = subcommand->command->name;
    for (; *words; words++) argv[argc++] = *words;
    for (size_t i = 0; i < input->count; i++, turn = !turn) {
        if (flags) argv[argc++] = flags[turn];
        argv[argc++] = input->launches[i];
    }
    argv[argc] = NULL;
    subcommand->run(argc, (char **)(uintptr_t)argv);
}

/* Ranks all workloads, not only that of the page, and makes the data of the plots, which needs no gnuplot. */
static void rank_and_draw(const struct input *input)
{
    struct study study;
    struct workloads workloads;
    struct drawings drawings = {0};
    struct arena arena = {0};
    if (study_read(&study, (char **)(uintptr_t)input->launches, (int)input->count, NULL, STUDY_PLAIN)) return;
    chart_all(&drawings, &study);
    if (!workloads_read(&workloads, &study.catalog, input->table)) {
        for (size_t i = 0; i < workloads.count; i++) {
            size_t count;
            struct figure ratio;
            struct step *steps = workload_steps(&study, &workloads.list[i], &count, &arena);
            for (size_t s = 1; s < count; s++)
                if (steps_comparable(&steps[s - 1], &steps[s])) steps_order(&steps[s - 1], &steps[s], &ratio);
            free(steps);
        }
        workloads_free(&workloads);
    }
    drawings_free(&drawings);
    arena_free(&arena);
    study_free(&study);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    FILE *out = stdout;
    struct input input = input_of(data, size);
    if (!nowhere && !(nowhere = fopen("/dev/null", "w"))) abort();
    silence(1);
    stdout = nowhere;
    rank_and_draw(&input);
    run(&report_subcommand, &input, NULL,
        (const char *const[]){"--workloads", input.table, "--workload", "job", "--format", "markdown",
                              "--redact", "--output", "/dev/null", NULL});
    run(&show_subcommand, &input, NULL, (const char *const[]){NULL});
    run(&compare_subcommand, &input, (const char *const[]){"--base", "--new"}, (const char *const[]){NULL});
    stdout = out;
    return 0;
}
