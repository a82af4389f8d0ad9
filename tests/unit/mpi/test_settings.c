/* The default settings of the drivers. */
#include "backend/cta.h"
#include "measure/settings.h"
#include "analysis/plan/plan.h"
#include "matmul/matmul.h"
#include "record/secrets.h"

#include <criterion/criterion.h>
#include <string.h>

/* Parses the words as a command line of all_reduce. */
static struct settings read_words(const char *a, const char *b)
{
    char program[] = "all_reduce", first[64], second[64];
    char *argv[] = {program, first, second, NULL};
    struct settings s;
    snprintf(first, sizeof first, "%s", a ? a : "");
    snprintf(second, sizeof second, "%s", b ? b : "");
    const struct command command = collective_command("all_reduce", "");
    cr_assert(settings_read(&command, 1 + (a != NULL) + (b != NULL), argv, &s) == STATUS_OK);
    settings_free(&s);
    return s;
}

Test(settings, the_default_is_what_other_tools_measure)
{
    struct settings s = read_words(NULL, NULL);
    cr_expect_eq(s.cache, CACHE_WARM);
    cr_expect(s.mode == MODE_ISOLATED && s.in_place && s.out_of_place);
    cr_expect(s.dtype_count == 1 && s.dtypes[0] == DTYPE_FLOAT && s.op_count == 1 && s.ops[0] == OP_SUM);
}

Test(settings, nccl_tests_text_is_measured_as_nccl_tests_does)
{
    static char text[] = "--format=nccl-tests", isolated[] = "--mode=isolated", both[] = "--mode=both";
    struct settings s = read_words(text, NULL);
    cr_expect(settings_measure(&s, MODE_NCCL_TESTS) && !settings_measure(&s, MODE_PIPELINED) &&
              !settings_measure(&s, MODE_ISOLATED));
    s = read_words(text, isolated);
    cr_expect(settings_measure(&s, MODE_ISOLATED) && !settings_measure(&s, MODE_NCCL_TESTS));
    s = read_words(text, both);
    cr_expect(settings_measure(&s, MODE_ISOLATED) && settings_measure(&s, MODE_PIPELINED) &&
              !settings_measure(&s, MODE_NCCL_TESTS));
}

/* A plan states these settings explicitly, so that launches of another version measure the same. */
Test(settings, a_plan_names_the_drivers_defaults)
{
    struct plan_settings asked = {.drivers = "all_reduce",
                                  .nodes = "1",
                                  .groups = "world",
                                  .domains = DOMAINS_PACKED,
                                  .cache = CACHE_WARM,
                                  .datatypes = "float",
                                  .ops = "sum",
                                  .sizes = "8",
                                  .available = 1,
                                  .ranks_per_node = 2,
                                  .launches = 1};
    struct plan plan;
    cr_assert(plan_build(&asked, &plan) == STATUS_OK && plan.count == 1);
    cr_expect_str_eq(plan.rows[0].args, "--sizes 8 -d float -o sum --cache warm");
    plan_free(&plan);
}

/* Records keep the value of every flag, so no flag's name may look like that of a credential. */
Test(settings, no_flag_looks_like_a_secret)
{
    const struct command commands[] = {collective_command("all_reduce", ""), matmul_command()};
    size_t flags = 0;
    for (int i = 0; i < 2; i++) EACH_OPTION(&commands[i], row)
        {
            cr_expect(!is_credential_name(row->name), "--%s", row->name);
            flags++;
        }
    cr_expect(flags > 80, "%zu flags", flags);
}

/* In plan files, each flag of the drivers is either allowed, or refused and listed here, so that a new flag
   needs a decision. */
Test(settings, every_flag_is_allowed_in_plans_or_not)
{
    static const char *const refused[] = {"output",   "run",          "launch",       "label",  "cloud",
                                          "instance", "expect-ranks", "expect-hosts", "format", "largest",
                                          "ngpus",    "nthreads",     "progress",     "matrix"};
    const struct command commands[] = {collective_command("all_reduce", ""), matmul_command()};
    for (int i = 0; i < 2; i++) EACH_OPTION(&commands[i], row)
        {
            if (row->kind == OPTION_REFUSED) continue;
            bool expected = true;
            for (size_t r = 0; r < sizeof refused / sizeof *refused; r++)
                expected &= strcmp(refused[r], row->name) != 0;
            struct text args = {0}, word = {0};
            text_add(&args, "--%s x", row->name);
            cr_expect_eq(plan_args_measure(text_get(&args), &word), expected, "--%s", row->name);
            text_clear(&args);
            text_add(&args, "-%c x", row->letter ? row->letter : '?');
            if (row->letter)
                cr_expect_eq(plan_args_measure(text_get(&args), &word), expected, "-%c", row->letter);
            text_free(&args);
            text_free(&word);
        }
}

/* The ranks that `-g 8` starts get the same command line without -g, however the flag was spelt. */
Test(settings, a_flag_is_removed_however_it_is_spelt)
{
    const struct command command = collective_command("all_reduce", "");
    static char *const lines[][8] = {{"p", "-g", "8", "-b", "8", NULL},
                                     {"p", "-b", "8", "-g8", NULL},
                                     {"p", "--ngpus", "8", "-b", "8", NULL},
                                     {"p", "-b", "8", "--ngpus=8", NULL},
                                     {"p", "-g", "4", "-b", "8", "-g", "8", NULL}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char *argv[8];
        int argc = 0;
        while (lines[i][argc]) argv[argc] = lines[i][argc], argc++;
        cr_assert_eq(options_remove(&command, argc, argv, "ngpus"), 3, "line %zu", i);
        cr_expect(strcmp(argv[1], "-b") == 0 && strcmp(argv[2], "8") == 0 && !argv[3], "line %zu", i);
    }
    char *kept[] = {"p", "--label", "-g", "--run", "--ngpus=3", NULL};
    cr_expect_eq(options_remove(&command, 5, kept, "ngpus"), 5, "values that look like it stay");
    cr_expect(strcmp(kept[2], "-g") == 0 && strcmp(kept[4], "--ngpus=3") == 0);
}

Test(cta, policies_and_limits)
{
    static const struct {
        const char *text;
        struct cta cta;
    } good[] = {
        {NULL, {CTA_DEFAULT, 0, 0}}, {"default", {CTA_DEFAULT, 0, 0}}, {"efficiency", {CTA_EFFICIENCY, 0, 0}},
        {"zero", {CTA_ZERO, 0, 0}},  {"8", {CTA_LIMITS, 8, 8}},        {"4-16", {CTA_LIMITS, 4, 16}}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct cta cta;
        cr_assert_eq(cta_read(good[i].text, &cta), STATUS_OK, "%zu", i);
        cr_expect(cta.kind == good[i].cta.kind && cta.least == good[i].cta.least &&
                      cta.most == good[i].cta.most,
                  "%zu", i);
    }
    static const char *const bad[] = {"",    "0",     "-1",   "8-4",         "4-",
                                      "4-x", "4-16-", "many", "99999999999", "4--8"};
    silence(1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cta cta;
        cr_expect_eq(cta_read(bad[i], &cta), STATUS_USAGE, "%s", bad[i]);
    }
    silence(0);
}
