/* busbar contract: judges results, proposes a gate file, or checks its limits before anything is measured. */
#include "analysis/common/table.h"
#include "analysis/common/subcommand.h"
#include "analysis/gate/contract.h"
#include "analysis/gate/proposal.h"
#include "base/outfile.h"
#include "base/units.h"
#include "record/flags.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct settings {
    const char *gate, *reference, *propose, *instance, *output, *allowance;
    int64_t domains;
    enum format format;
    int strict, wide;
};

#define AT(member) offsetof(struct settings, member)

static const struct option options[] = {
    FLAG_GATE(.at = AT(gate), .group = "Contract",
              .help = "the gate file; rules without an absolute limit are ignored"),
    {.kind = OPTION_TEXT,
     .name = "reference",
     .argument = "RUN",
     .at = AT(reference),
     .help = "the results that limits in per cent refer to, such as busbw_gbps>=90%"},
    FLAG_STRICT(.at = AT(strict),
                .help = "the whole interval over launches must be within the limit, not only the median"),
    {.kind = OPTION_TEXT,
     .name = "propose",
     .argument = "INSTANCE",
     .at = AT(propose),
     .group = "Before the measurement",
     .help =
         "print a gate file for this instance of clouds.tsv: limits from the bounds and from the figures of "
         "published.tsv, of the records in reference/ beside it, and of RESULTS, each with its reason"},
    FLAG_INSTANCE(.at = AT(instance),
                  .help = "without RESULTS: check the limits of --gate against the bounds of this instance"),
    FLAG_DOMAINS(.at = AT(domains), .least = 1, .initial = "1",
                 .help = "number of NVLink domains (racks, or hosts if NVLink does not leave the host)"),
    {.kind = OPTION_TEXT,
     .name = "allowance",
     .argument = "SHARE",
     .at = AT(allowance),
     .initial = "10%",
     .help = "how far a proposed limit lies below what published figures reach, as a share of the bound"},
    FLAG_OUTPUT(.argument = "FILE", .at = AT(output), .group = "Output",
                .help = "output file. Default: standard output"),
    FLAG_FORMAT("text|markdown|html|json|csv|junit", .at = AT(format), .initial = "text",
                .help = "output format; markdown and html: a page to be signed"),
    FLAG_WIDE(.at = AT(wide), .help = ALL_COLUMNS),
    FLAG_LETTER_GONE('g', "gate"),
    FLAG_LETTER_GONE('f', "format"),
    {.kind = OPTION_END},
};

static const struct command command = {
    .name = "busbar contract",
    .summary = "check results against the absolute limits of a gate file",
    .synopsis = "--gate FILE [flags] RESULTS... | --propose INSTANCE [flags] [RESULTS...]",
    .description =
        "A line of a gate file is a rule: PATTERN [CONDITION...] REQUIREMENT...; '#' starts a comment.\n"
        " PATTERN      a collective, matmul, step, overlap, or a shell pattern (all_*, *)\n"
        " CONDITION    with >= <= = != > <:\n"
        "              requested_bytes bytes send_bytes recv_bytes (sizes: 64K, 1G),\n"
        "              count ranks nodes domains root graph aggregate m n k ratio\n"
        "              (numbers)\n"
        "              with = or != (shell patterns):\n"
        "              dtype op placement mode sync cache memory registration cta\n"
        "              imbalance beside workload progress group phase layout accumulator\n"
        "              scaling collective (of overlap: all_reduce)\n"
        " REQUIREMENT  with >= or <=: busbw_gbps algbw_gbps tflops median_us p95_us\n"
        "              p99_us wrong launches bound_percent (of the bound or the peak)\n"
        "              slowdown p99_slowdown load.share (of cases with beside=*)\n"
        "              hidden_share communication_slowdown computation_slowdown\n"
        "              (of overlap)\n"
        "              with = or !=: transport (a shell pattern)\n"
        "              in per cent of --reference: busbw_gbps>=90%, median_us<=110%\n"
        "              delta=5% is for busbar compare\n"
        "The median over launches of every matching case must be within the limit; 'margin' is the distance "
        "to it. A "
        "requirement fails, too, if nothing was measured for it, if the data were not checked, if the "
        "transport is not "
        "known, or if a launch died. If one fails, the exit status is 1. A limit beyond the physical bound "
        "is refused "
        "with status 2.\n",
    .examples =
        "busbar contract --gate contract.gate results/acceptance\n    required, measured, margin, "
        "pass or FAIL\n"
        "busbar contract --propose u-p6e-gb200x72 --domains 8 --output contract.gate\n    a contract to "
        "start from\n"
        "busbar contract --gate contract.gate --instance u-p6e-gb200x72 --domains 8\n    are its limits "
        "physically possible?\n",
    .options = options,
};

/* Nothing to judge: no rule has a limit, or one has a limit that no machine could hold. */
static enum status refuse_contract(const struct contract *contract, const char *path)
{
    if (!contract->count)
        return fail(STATUS_USAGE, "%s: no rule in it has an absolute limit, such as busbw_gbps>=460", path);
    for (size_t i = 0; i < contract->count; i++)
        if (contract->rows[i].refused)
            return fail(STATUS_USAGE, "%s:%zu: %s: %s", path, contract->rows[i].rule->line,
                        contract->rows[i].term->text, contract->rows[i].why);
    return STATUS_OK;
}

/* A limit in per cent needs a reference, and a reference needs such a limit. */
static enum status check_reference(const struct gate *gate, const struct settings *settings)
{
    for (size_t r = 0; r < gate->count; r++)
        for (size_t t = 0; t < gate->rules[r].requirement_count; t++) {
            const struct gate_term *term = &gate->rules[r].requirements[t];
            if (!term->of_reference) continue;
            if (settings->reference) return STATUS_OK;
            return fail(STATUS_USAGE, "%s:%zu: %s needs a reference: give its results with --reference RUN",
                        gate->path, gate->rules[r].line, term->text);
        }
    return settings->reference ? fail(STATUS_USAGE,
                                      "--reference: %s has no limit in per cent, such as "
                                      "busbw_gbps>=90%%",
                                      gate->path)
                               : STATUS_OK;
}

static enum status check(const struct settings *settings, int count, char **paths)
{
    struct gate gate = {0};
    struct study study = {0}, reference = {0};
    struct text out = {0};
    enum status status = gate_read(&gate, settings->gate);
    if (!status) status = check_reference(&gate, settings);
    if (!status) status = study_read(&study, paths, count, NULL, STUDY_JUDGED);
    if (!status && settings->reference) {
        status = study_read(&reference, (char *[]){(char *)settings->reference}, 1, NULL, STUDY_JUDGED);
        if (status) study_free(&study);
    }
    if (!status) {
        const struct study *base = settings->reference ? &reference : NULL;
        struct contract contract =
            contract_of(&gate, &study.aggregate, base ? &base->aggregate : NULL, settings->strict);
        status = refuse_contract(&contract, settings->gate);
        if (!status) {
            contract_print(&contract, &gate, &study, base, settings->format, settings->wide, &out);
            status = outfile_put(settings->output, &out);
            if (!status) status = contract_status(&contract);
        }
        contract_free(&contract);
        if (base) study_free(&reference);
        study_free(&study);
    }
    text_free(&out);
    gate_free(&gate);
    return status;
}

/* Sets the path to the folder of reference records that busbar ships, beside the catalog. Returns false if
   there is none that can be read. */
static bool shipped_records(struct text *path)
{
    if (catalog_folder(path)) return false;
    text_add(path, "/reference");
    return access(path->data, R_OK | X_OK) == 0;
}

static enum status propose(const struct settings *settings, int count, char **paths)
{
    struct proposal proposal = {
        .instance = settings->propose, .domains = settings->domains, .given = count > 0};
    struct study study = {0};
    struct text out = {0}, shipped = {0};
    enum status status = parse_share(settings->allowance, &proposal.allowance);
    if (status) return fail(status, "--allowance: '%s' is not a share such as 10%%", settings->allowance);
    proposal.shipped = shipped_records(&shipped);
    char **all = allocate((size_t)count + 1, sizeof *all);
    for (int i = 0; i < count; i++) all[i] = paths[i];
    if (proposal.shipped) all[count] = shipped.data;
    status = study_read(&study, all, count + proposal.shipped, NULL, STUDY_PLAIN);
    if (!status) {
        status = contract_propose(&proposal, &study, &out);
        if (!status) status = outfile_put(settings->output, &out);
        study_free(&study);
    }
    free(all);
    text_free(&shipped);
    text_free(&out);
    return status;
}

static enum status check_limits(const struct settings *settings)
{
    struct gate gate = {0};
    struct catalog catalog;
    enum status status = gate_read(&gate, settings->gate);
    if (!status) status = catalog_read(&catalog, NULL);
    if (!status) {
        status = contract_check_limits(&gate, &catalog, settings->instance, settings->domains);
        catalog_free(&catalog);
    }
    if (!status) print_plain("%s: no limit is beyond the bounds of %s", settings->gate, settings->instance);
    gate_free(&gate);
    return status;
}

static enum status run(int argc, char **argv)
{
    struct settings settings = {0};
    int first;
    enum status status = options_parse(&command, argc, argv, &settings, &first);
    if (status) return status;
    if (settings.propose && settings.gate)
        return fail(STATUS_USAGE, "--propose writes a gate file, --gate reads one: give one of them");
    if (settings.propose) return propose(&settings, argc - first, argv + first);
    if (!settings.gate)
        return fail(
            STATUS_USAGE,
            "--gate FILE is needed: the file with the limits (busbar contract --help shows its form)");
    if (first == argc && settings.instance) return check_limits(&settings);
    if (first == argc) return fail(STATUS_USAGE, "which results? busbar contract --gate FILE RESULTS...");
    return check(&settings, argc - first, argv + first);
}

const struct subcommand contract_subcommand = {&command, run};
