/* Published figures: what they reached, their bounds by arithmetic, what is impossible, hostile rows. */
#include "catalog/published.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define CLOUDS                                                                                               \
    "provider\tinstance\tgpu\tgpus_per_vm\tgpus_per_nvlink_domain\tnvlink_gbps_per_direction\t"              \
    "nic_gbit_per_gpu\tfabric\tusd_per_gpu_hour\n"                                                           \
    "gcp\track\tGB200\t4\t72\t900\t400\tRoCE\t\n"                                                            \
    "x\tno-nic\tGB200\t4\t72\t900\t\t\t\n"
#define GPUS "gpu\tbf16\tfp8\tnvlink_gbps_per_direction\tnvls\nGB200\t2500\t5000\t900\tyes\n"
#define HEADER                                                                                               \
    "provider\tinstance\tgpu\tgpus\tnodes\tdomains\tmnnvl\tcollective\tbytes\tplacement\tdtype\tshape\t"     \
    "busbw_gbps\ttflops\tstatistic\tdate\tsource\tnote\n"

static struct catalog catalog;

static enum status parse(struct published *published, const char *rows)
{
    char table[4096];
    snprintf(table, sizeof table, HEADER "%s", rows);
    cr_assert_eq(catalog_parse(&catalog, CLOUDS, strlen(CLOUDS), GPUS, strlen(GPUS)), STATUS_OK);
    return published_parse(published, &catalog, "published.tsv", table, strlen(table));
}

static void done(struct published *published)
{
    published_free(published);
    catalog_free(&catalog);
}

Test(published, reach_and_bound)
{
    struct published published;
    cr_assert_eq(
        parse(&published,
              "gcp\track\tGB200\t4\t1\t1\t\tall_reduce\t16G\tin_place\t\t\t686.7\t\tmean\t2026-07\ts\n"
              "gcp\track\tGB200\t8\t2\t1\ton\tall_reduce\t16G\t\t\t\t840.1\t\tmean\t2026-07\ts\n"
              "gcp\track\tGB200\t8\t2\t2\t\tall_reduce\t16G\t\t\t\t326\t\tmean\t2026-07\ts\n"
              "gcp\track\tGB200\t8\t2\t\toff\tall_reduce\t16G\t\t\t\t837.76\t\t\t2026\ts\tno effect\n"
              "x\tno-nic\tGB200\t8\t2\t2\t\tall_reduce\t\t\t\t\t326\t\t\t2026\ts\n"
              "\t\tGB200\t1\t1\t\t\tmatmul\t\t\tbfloat16\t\t\t2600\t\t2026\ts\n"),
        STATUS_OK);
    const struct published_figure *f = published.list;
    cr_assert_eq(published.count, 6);
    /* One host of 4 GPUs whose switch reduces: each takes in S over NVLink, so 2 * 3/4 * 900. */
    cr_expect_eq(f[0].reach, REACH_HOST);
    cr_expect_float_eq(f[0].bound, 1350, 1e-6);
    /* Two hosts of a rack: NICs count beside NVLink, 2 * 7/8 * 950. */
    cr_expect_eq(f[1].reach, REACH_DOMAIN);
    cr_expect_float_eq(f[1].bound, 1662.5, 1e-6);
    /* Two domains of 4 GPUs: S leaves each over 4 NICs of 50 GB/s, 2 * 7/8 * 200. */
    cr_expect_eq(f[2].reach, REACH_DOMAINS);
    cr_expect_float_eq(f[2].bound, 350, 1e-6);
    cr_expect_not(published_impossible(&f[2]));
    /* NVLink between hosts off: each host is a domain, whatever the rack is. */
    cr_expect_eq(f[3].reach, REACH_NO_LINK);
    cr_expect_eq(f[3].domains_used, 2);
    cr_expect_float_eq(f[3].bound, 350, 1e-6);
    cr_expect(published_impossible(&f[3]));
    /* Without a NIC rate there is no bound, and nothing is impossible. */
    cr_expect(isnan(f[4].bound) && f[4].bytes == INT64_MIN);
    cr_expect_not(published_impossible(&f[4]));
    cr_expect_null(f[5].collective);
    cr_expect(published_impossible(&f[5]), "2600 of 2500 TFLOP/s");
    done(&published);
}

Test(published, hostile_rows)
{
    cr_redirect_stderr();
    static const char *const rows[] = {
        "g\track\tGB200\t8\t2\t2\t\tall_reduc\t16G\t\t\t\t1\t\t\t2026\ts\n",       /* no collective */
        "g\track\tGB200\t8\t2\t2\tmaybe\tall_reduce\t16G\t\t\t\t1\t\t\t2026\ts\n", /* mnnvl */
        "g\track\tGB200\t8\t2\t2\t\tall_reduce\t16Q\t\t\t\t1\t\t\t2026\ts\n",      /* size */
        "g\track\tGB200\t8\t2\t2\t\tall_reduce\t16G\t\t\t\t\t5\t\t2026\ts\n",      /* no bandwidth */
        "g\track\tGB200\t8\t2\t2\t\tall_reduce\t16G\t\t\t\t0\t\t\t2026\ts\n",      /* none */
        "g\track\tGB200\t0\t2\t2\t\tall_reduce\t16G\t\t\t\t1\t\t\t2026\ts\n",      /* no GPUs */
        "g\track\tGB200\t8\t2\t2\t\tall_reduce\t16G\t\t\t\t1\t\t\t2026\n",         /* no source */
        "g\track\t\t8\t2\t2\t\tall_reduce\t16G\t\t\t\t1\t\t\t2026\ts\n",           /* no GPU model */
    };
    struct published published;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(parse(&published, rows[i]), STATUS_ENVIRONMENT, "%zu", i);
        done(&published);
    }
}

/* Every row that is shipped: a source, a date, a GPU of the catalog; one machine reads above its bound. */
Test(published, shipped_table)
{
    struct published published;
    size_t impossible = 0;
    cr_assert_eq(catalog_read(&catalog, "results"), STATUS_OK);
    cr_assert_eq(published_read(&published, &catalog), STATUS_OK);
    cr_expect_geq(published.count, 110);
    for (size_t i = 0; i < published.count; i++) {
        const struct published_figure *figure = &published.list[i];
        cr_expect_not_null(catalog_gpu(&catalog, figure->gpu), "line %zu", figure->line);
        cr_expect(*figure->date && *figure->source, "line %zu", figure->line);
        cr_expect(!figure->collective || figure->reach != REACH_UNKNOWN, "line %zu", figure->line);
        if (!published_impossible(figure)) continue;
        cr_expect_str_eq(figure->instance, "a4x-highgpu-4g", "line %zu", figure->line);
        impossible++;
    }
    cr_expect_eq(impossible, 3);
    done(&published);
}
