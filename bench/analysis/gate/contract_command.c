/* busbar contract: judges results, proposes a gate file, or checks its limits before anything is measured. */
#include "analysis/common/subcommand.h"
#include "analysis/gate/contract.h"
#include "analysis/gate/proposal.h"
#include "base/outfile.h"
#include "base/units.h"
#include "record/flags.h"

#include <stdio.h>

struct settings {
    const char *gate, *propose, *instance, *output, *allowance;
    int64_t domains;
    enum format format;
    int strict;
};

#define AT(member) offsetof(struct settings, member)

static const struct option options[] = {
    FLAG_GATE(.at = AT(gate), .group = "Contract",
              .help = "the gate file. Rules without an absolute limit are passed over"),
    FLAG_STRICT(.at = AT(strict),
                .help = "the whole interval over launches must keep the limit, not only its median"),
    {.kind = OPTION_TEXT,
     .name = "propose",
     .argument = "INSTANCE",
     .at = AT(propose),
     .group = "Before the measurement",
     .help =
         "print a gate file for this instance of clouds.tsv, with reasons: limits from bounds and from the "
         "figures of published.tsv and of RESULTS"},
    FLAG_INSTANCE(.at = AT(instance),
                  .help = "without RESULTS: check the limits of --gate against the bounds of this instance"),
    FLAG_DOMAINS(.at = AT(domains), .least = 1, .initial = "1",
                 .help = "NVLink domains (racks; hosts, where NVLink ends at the host)"),
    {.kind = OPTION_TEXT,
     .name = "allowance",
     .argument = "SHARE",
     .at = AT(allowance),
     .initial = "10%",
     .help = "how far below a published figure's share of its bound a proposed limit lies"},
    FLAG_OUTPUT(.argument = "FILE", .at = AT(output), .group = "Output", .help = "default: standard output"),
    FLAG_FORMAT("text|markdown|html|json|csv|junit", .at = AT(format), .initial = "text",
                .help = "how to print; markdown and html: a page to be signed"),
    FLAG_LETTER_GONE('g', "gate"),
    FLAG_LETTER_GONE('f', "format"),
    {.kind = OPTION_END},
};

static const struct command command = {
    .name = "busbar contract",
    .summary = "check results against the absolute limits of a gate file",
    .synopsis = "--gate FILE [flags] RESULTS... | --propose INSTANCE [flags] [RESULTS...]",
    .description =
        "A rule a line: PATTERN [CONDITION...] REQUIREMENT...; '#' starts a comment.\n"
        "PATTERN is a collective's name, matmul, or a shell pattern of them (all_*, *).\n"
        "Conditions: requested_bytes bytes send_bytes recv_bytes (sizes: 64K, 1G) count ranks nodes\n"
        "domains root graph aggregate m n k (numbers), by >= <= = != > <; dtype op placement mode sync cache "
        "memory\n"
        "registration cta imbalance group phase layout accumulator scaling (shell patterns), by = or !=.\n"
        "Requirements: busbw_gbps algbw_gbps tflops median_us p95_us p99_us bound_percent (of the physical\n"
        "bound or peak) wrong launches by >= or <=; transport by = or != (a shell pattern); delta=5% is for\n"
        "busbar compare.\n"
        "Every matching case must hold the limit, with its median over launches; margin is the distance\n"
        "to the limit. A requirement that no measurement answers fails, and so do data that were not "
        "checked,\n"
        "a transport that is not known, and a launch that died. Exit status 1 when one fails. A limit "
        "beyond\n"
        "the physical bound is refused: status 2.\n",
    .examples =
        "busbar contract --gate contract.gate results/acceptance\n    required, measured, margin, "
        "pass or FAIL\n"
        "busbar contract --propose u-p6e-gb200x72 --domains 8 --output contract.gate\n    a contract to "
        "start from\n"
        "busbar contract --gate contract.gate --instance u-p6e-gb200x72 --domains 8\n    can its limits "
        "be held at all?\n",
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

static enum status check(const struct settings *settings, int count, char **paths)
{
    struct gate gate = {0};
    struct study study = {0};
    struct text out = {0};
    enum status status = gate_read(&gate, settings->gate);
    if (!status) status = study_read(&study, paths, count, NULL, STUDY_PLAIN);
    if (!status) {
        struct contract contract = contract_of(&gate, &study.aggregate, settings->strict);
        status = refuse_contract(&contract, settings->gate);
        if (!status) {
            contract_print(&contract, &gate, &study, settings->format, &out);
            status = outfile_put(settings->output, &out);
            if (!status) status = contract_status(&contract);
        }
        contract_free(&contract);
        study_free(&study);
    }
    text_free(&out);
    gate_free(&gate);
    return status;
}

static enum status propose(const struct settings *settings, int count, char **paths)
{
    struct proposal proposal = {.instance = settings->propose, .domains = settings->domains};
    struct study study = {0};
    struct text out = {0};
    enum status status = parse_share(settings->allowance, &proposal.allowance);
    if (status) return fail(status, "--allowance: '%s' is not a share such as 10%%", settings->allowance);
    status = study_read(&study, paths, count, NULL, STUDY_PLAIN);
    if (status) return status;
    status = contract_propose(&proposal, &study, &out);
    if (!status) status = outfile_put(settings->output, &out);
    study_free(&study);
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
    if (!status) printf("%s: no limit is beyond the bounds of %s\n", settings->gate, settings->instance);
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
