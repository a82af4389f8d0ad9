/* Labels of what NCCL did. The rules are read from its source: src/enqueue.cc (getAlgoInfo, collTaskAppend),
   src/ce_coll.cc (ncclCeImplemented, ncclCeAvailable, ncclHierCeAvailable) and src/init.cc (nvlsRegSupport)
   of 2.27.7 to 2.30.7. */
#include "measure/labels.h"

#include <criterion/criterion.h>

static const struct label_question usual = {.collective = ALL_GATHER,
                                            .cta = "efficiency",
                                            .registration = REGISTRATION_USER,
                                            .version = 22809,
                                            .domains = 1};

static void expect_cta(struct label_question q, const char *expected)
{
    const char *label, *reason = cta_unused(&q, &label);
    cr_expect_str_eq(label, expected);
    cr_expect_eq(reason != NULL, strcmp(label, q.cta) != 0);
}

Test(labels, efficiency_is_for_registered_buffers_of_two_collectives)
{
    struct label_question q = usual;
    expect_cta(q, "efficiency");
    q.collective = REDUCE_SCATTER;
    expect_cta(q, "efficiency");
    q.collective = ALL_REDUCE;
    expect_cta(q, "default");
    q = usual, q.registration = REGISTRATION_NONE;
    expect_cta(q, "default");
    q.graph = 20; /* a captured graph registers by itself */
    expect_cta(q, "efficiency");
    q = usual, q.mnnvl = true;
    expect_cta(q, "default");
    q = usual, q.lacks_nvls = true;
    expect_cta(q, "default");
    q = usual, q.algorithm_is_forced = true;
    expect_cta(q, "default");
    q = usual, q.collective = ALL_REDUCE, q.version = 23100; /* not read yet */
    expect_cta(q, "efficiency");
}

/* Of releases whose source was not read, nothing is claimed in silence. */
Test(labels, later_releases_are_marked)
{
    const struct {
        struct label_question q;
        bool marked;
    } cases[] = {
        {{.cta = "zero", .version = 23100}, true},
        {{.cta = "efficiency", .version = 23203}, true},
        {{.cta = "zero", .version = 23007}, false},
        {{.cta = "8-16", .version = 23100}, false},
        {{.cta = NULL, .version = 23100}, false},
        {{.version = 23100, .registration = REGISTRATION_USER}, false},
        {{.version = 23100, .registration = REGISTRATION_USER, .mnnvl = true}, true},
        {{.version = 23100, .graph = 20}, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct launch_header header = {.facts = json_pack("{s:{}}", "nccl")};
        for (int twice = 0; twice < 2; twice++) labels_mark(&cases[i].q, &header);
        const char *mark =
            json_string_value(json_object_get(json_object_get(header.facts, "nccl"), "labels"));
        cr_expect_eq(mark && strcmp(mark, "as asked for") == 0, cases[i].marked, "%zu", i);
        json_decref(header.facts);
    }
}

Test(labels, zero_is_for_windows_of_collectives_that_only_copy)
{
    struct label_question q = usual;
    q.cta = "zero", q.registration = REGISTRATION_SYMMETRIC;
    const enum collective_id copied[] = {ALL_GATHER, ALL_TO_ALL, GATHER, SCATTER},
                             other[] = {ALL_REDUCE, REDUCE_SCATTER, REDUCE, BROADCAST, SEND_RECV};
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
        q.collective = copied[i], expect_cta(q, "zero");
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        q.collective = other[i], expect_cta(q, "default");
    q.collective = ALL_GATHER, q.registration = REGISTRATION_USER;
    expect_cta(q, "default");
    q.registration = REGISTRATION_SYMMETRIC, q.domains = 2;
    expect_cta(q, "default");
    q.version = 23003; /* 2.30 also copies between domains, by its proxy */
    expect_cta(q, "zero");
    q.collective = GATHER;
    expect_cta(q, "default");
    q.domains = ABSENT; /* not known: as asked for */
    expect_cta(q, "zero");
}

Test(labels, other_policies_stay)
{
    struct label_question q = usual;
    q.collective = ALL_REDUCE, q.registration = REGISTRATION_NONE;
    q.cta = "8-16";
    expect_cta(q, "8-16");
    q.cta = "default";
    expect_cta(q, "default");
}

Test(labels, user_buffers_with_nvlink_between_hosts)
{
    struct label_question q = usual;
    enum registration label;
    cr_expect_null(registration_limited(&q, &label));
    cr_expect_eq(label, REGISTRATION_USER);
    q.mnnvl = true;
    cr_expect_not_null(registration_limited(&q, &label));
    cr_expect_eq(label, REGISTRATION_USER_NO_NVLS);
    q.registration = REGISTRATION_SYMMETRIC;
    cr_expect_null(registration_limited(&q, &label));
    cr_expect_eq(label, REGISTRATION_SYMMETRIC);
    q.registration = REGISTRATION_NONE;
    cr_expect_null(registration_limited(&q, &label));
    cr_expect_eq(label, REGISTRATION_NONE);
}

Test(labels, graphs_register_by_themselves)
{
    struct label_question q = usual;
    enum registration label;
    q.registration = REGISTRATION_NONE, q.graph = 20;
    cr_expect_not_null(registration_limited(&q, &label));
    cr_expect_eq(label, REGISTRATION_GRAPH);
    q.graph_register = "0";
    cr_expect_null(registration_limited(&q, &label));
    cr_expect_eq(label, REGISTRATION_NONE);
    q.graph_register = NULL, q.version = 21805; /* the default was 0 */
    cr_expect_null(registration_limited(&q, &label));
    q.graph_register = "1";
    cr_expect_not_null(registration_limited(&q, &label));
    q = usual, q.graph = 20; /* -R 1: the user's registration counts */
    cr_expect_null(registration_limited(&q, &label));
    cr_expect_eq(label, REGISTRATION_USER);
}
