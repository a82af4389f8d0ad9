#include "base/tsv.h"
#include "catalog/catalog.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CLOUDS_HEADER                                                                                        \
    "provider\tinstance\tgpu\tgpus_per_vm\tgpus_per_nvlink_domain\tnvlink_gbps_per_direction\tnic_gbit_per_" \
    "gpu\tfabric\tusd_per_gpu_hour\n"
#define GPUS                                                                                                 \
    "gpu\tbf16\tfp8\tnvlink_gbps_per_direction\tnvls\nH100\t989."                                            \
    "5\t1979\t450\tyes\nB200\t2250\t\t900\tyes\nGB200\t2500\t5000\t900\tyes\n"

static enum status parse(struct catalog *catalog, const char *clouds, const char *gpus)
{
    *catalog = (struct catalog){0};
    return catalog_parse(catalog, clouds, strlen(clouds), gpus, strlen(gpus));
}

Test(tsv, rows_and_missing_cells)
{
    struct tsv table;
    const char text[] = "# comment\na\tb\tc\r\n1\t\t3\n\n4\n";
    cr_assert_eq(tsv_parse("t.tsv", text, sizeof text - 1, &table), STATUS_OK);
    cr_expect_eq(table.rows, 2);
    cr_expect_str_eq(tsv_cell(&table, 0, "c"), "3");
    cr_expect_str_eq(tsv_cell(&table, 0, "b"), "");
    cr_expect_str_eq(tsv_cell(&table, 1, "c"), "");
    cr_expect_str_eq(tsv_cell(&table, 1, "none"), "");
    cr_expect_eq(table.lines[2], 5);
    double number;
    cr_expect_eq(tsv_number(&table, 0, "b", &number), STATUS_OK);
    cr_expect(isnan(number));
    tsv_free(&table);
}

Test(tsv, refusals_name_file_and_line)
{
    cr_redirect_stderr();
    struct tsv table;
    cr_expect_eq(tsv_parse("wide.tsv", "a\tb\n1\t2\t3\n", 10, &table), STATUS_ENVIRONMENT);
    cr_expect_eq(tsv_parse("twice.tsv", "a\ta\n", 4, &table), STATUS_ENVIRONMENT);
    cr_expect_eq(tsv_parse("binary.tsv", "a\0b\n", 4, &table), STATUS_ENVIRONMENT);
    cr_expect_eq(tsv_parse("empty.tsv", "", 0, &table), STATUS_ENVIRONMENT);
    fflush(stderr);
    cr_assert_stderr_eq_str("busbar: wide.tsv:2: more columns than the header line names\n"
                            "busbar: twice.tsv:1: the header names a column twice\n"
                            "busbar: binary.tsv:1: binary data where a table was expected\n"
                            "busbar: empty.tsv:1: no header line\n");
}

Test(catalog, lookups)
{
    struct catalog catalog;
    cr_assert_eq(parse(&catalog,
                       CLOUDS_HEADER "aws\tp5.48xlarge\tH100\t8\t8\t450\t400\tEFAv2\t6.88\n"
                                     "aws\tu-p6e\tGB200\t4\t72\t900\t\t\t\n",
                       GPUS),
                 STATUS_OK);
    const struct instance *p5 = catalog_instance(&catalog, "P5.48xlarge");
    cr_assert_not_null(p5);
    cr_expect_float_eq(p5->nic_gbps, 50, 1e-12);
    cr_expect(isnan(catalog_instance(&catalog, "u-p6e")->usd_per_gpu_hour));
    cr_expect_null(catalog_instance(&catalog, "p4d"));
    cr_expect_str_eq(catalog_gpu(&catalog, "NVIDIA H100 80GB HBM3")->name, "H100");
    cr_expect_str_eq(catalog_gpu(&catalog, "NVIDIA GB200")->name, "GB200");
    cr_expect_str_eq(catalog_gpu(&catalog, "NVIDIA B200")->name, "B200");
    cr_expect_null(catalog_gpu(&catalog, "NVIDIA H100 PCIe"));
    cr_expect_null(catalog_gpu(&catalog, "NVIDIA Graphics Device"));
    cr_expect_float_eq(gpu_peak_tflops(catalog_gpu(&catalog, "H100"), "bfloat16"), 989.5, 1e-9);
    cr_expect(isnan(gpu_peak_tflops(catalog_gpu(&catalog, "B200"), "fp8")));

    struct machine m;
    cr_assert(machine_of(p5, catalog_gpu(&catalog, "H100"), 16, 2, INT64_MIN, &m));
    cr_expect(m.domains == 2 && m.domain_gpus == 8 && m.nvls == YES);
    const struct instance *rack = catalog_instance(&catalog, "u-p6e");
    cr_assert(machine_of(rack, NULL, 72, 18, INT64_MIN, &m));
    cr_expect(m.domains == 1 && m.domain_gpus == 72 && m.nvls == UNKNOWN);
    cr_assert(machine_of(rack, NULL, 128, 32, INT64_MIN, &m));
    cr_expect(m.domains == 2 && m.domain_gpus == 64);
    cr_expect_not(machine_of(rack, NULL, 145, 37, INT64_MIN, &m));
    cr_expect_not(machine_of(NULL, catalog_gpu(&catalog, "GB200"), 72, 18, INT64_MIN, &m));
    cr_expect_not(machine_of(NULL, NULL, 8, 1, INT64_MIN, &m));

    /* Only EFA and Ethernet are known not to reduce. */
    static const struct {
        const char *fabric;
        enum known reduces;
    } fabrics[] = {{"EFAv4", NO}, {"RoCE", NO},
                   {"TCPXO", NO}, {"InfiniBand NDR", UNKNOWN},
                   {"", UNKNOWN}, {"InfiniBand or RoCE", UNKNOWN}};
    for (size_t i = 0; i < sizeof fabrics / sizeof *fabrics; i++) {
        struct instance other = *p5;
        other.fabric = fabrics[i].fabric;
        cr_assert(machine_of(&other, NULL, 16, 2, INT64_MIN, &m));
        cr_expect_eq(m.network_reduces, fabrics[i].reduces, "%s", fabrics[i].fabric);
    }

    /* Hosts that have more GPUs than ranks, so more NICs than ranks. */
    cr_assert(machine_of(p5, NULL, 16, 2, INT64_MIN, &m));
    cr_expect_float_eq(m.idle_nics, 0, 1e-12);
    cr_assert(machine_of(p5, NULL, 4, 2, INT64_MIN, &m)); /* two ranks and eight NICs a host */
    cr_expect_float_eq(m.idle_nics, 3, 1e-12);
    cr_assert(machine_of(p5, NULL, 4, INT64_MIN, INT64_MIN, &m)); /* one host, as far as anybody knows */
    cr_expect(m.domains == 1);
    cr_expect_float_eq(m.idle_nics, 1, 1e-12);
    cr_assert(machine_of(p5, NULL, 32, 2, INT64_MIN, &m)); /* hosts larger than the catalog's */
    cr_expect_float_eq(m.idle_nics, 0, 1e-12);
    cr_expect_not(machine_of(p5, NULL, 16, 3, 2, &m), "domains of unequal numbers of hosts");
    cr_expect_not(machine_of(p5, NULL, 2, 4, 2, &m), "more hosts than ranks");
    /* A rack: whether a domain spans hosts follows from the hosts, if their number is known. */
    cr_assert(machine_of(rack, NULL, 4, 2, INT64_MIN, &m));
    cr_expect(m.domains == 1 && m.domain_spans_hosts);
    cr_expect_float_eq(m.idle_nics, 1, 1e-12); /* eight NICs, four ranks */
    cr_assert(machine_of(rack, NULL, 4, 1, INT64_MIN, &m));
    cr_expect_not(m.domain_spans_hosts);
    cr_assert(machine_of(rack, NULL, 4, INT64_MIN, INT64_MIN, &m));
    cr_expect_not(m.domain_spans_hosts);
    cr_assert(machine_of(rack, NULL, 8, INT64_MIN, INT64_MIN, &m));
    cr_expect(m.domain_spans_hosts);
    cr_assert(machine_of(NULL, catalog_gpu(&catalog, "GB200"), 4, 1, 1, &m));
    cr_expect_not(m.domain_spans_hosts);
    catalog_free(&catalog);
}

Test(catalog, hostile_tables)
{
    cr_redirect_stderr();
    const char *const clouds[] = {
        "instance\tgpu\n",
        CLOUDS_HEADER "aws\tx\tH100\tmany\t8\t450\t400\t\t1\n",
        CLOUDS_HEADER "aws\tx\tH100\t8\t8\tnan\t400\t\t1\n",
        CLOUDS_HEADER "aws\tx\tH100\t8\t8\t-4\t400\t\t1\n",
        CLOUDS_HEADER "aws\tx\tH100\t8\t0\t4\t400\t\t1\n",
        CLOUDS_HEADER "aws\tx\tH100\t8\t8\t4\t400\t\t1\naws\tX\tH100\t8\t8\t4\t400\t\t1\n",
        CLOUDS_HEADER "aws\t\tH100\t8\t8\t4\t400\t\t1\n",
    };
    struct catalog catalog;
    for (size_t i = 0; i < sizeof clouds / sizeof *clouds; i++) {
        cr_expect_eq(parse(&catalog, clouds[i], GPUS), STATUS_ENVIRONMENT, "%zu", i);
        catalog_free(&catalog);
    }
    cr_expect_eq(parse(&catalog, CLOUDS_HEADER,
                       "gpu\tbf16\tfp8\tnvlink_gbps_per_direction\tnvls\nH100\t\t\t\tperhaps\n"),
                 STATUS_ENVIRONMENT);
    catalog_free(&catalog);
}

Test(catalog, second_price)
{
    struct catalog catalog;
    struct instance other;
    const char clouds[] =
        "provider\tinstance\tgpu\tgpus_per_vm\tgpus_per_nvlink_domain\tnvlink_gbps_per_direction\t"
        "nic_gbit_per_gpu\tusd_per_gpu_hour\tprice_kind\tnote\tother_usd_per_gpu_hour\tother_price_kind\t"
        "other_price_date\tother_price_source\n"
        "x\ta\tH100\t8\t8\t450\t400\t6\ton-demand\tprice unverified\t2.5\tspot\t2026-09-20\ta list\n"
        "x\tb\tH100\t8\t8\t450\t400\t6\ton-demand\n";
    cr_assert_eq(parse(&catalog, clouds, GPUS), STATUS_OK);
    cr_expect(instance_other_price(catalog_instance(&catalog, "a"), &other));
    cr_expect(other.usd_per_gpu_hour == 2.5 && !price_is_unverified(&other));
    cr_expect_str_eq(other.price_kind, "spot");
    cr_expect_str_eq(other.price_date, "2026-09-20");
    cr_expect_str_eq(other.price_source, "a list");
    cr_expect_not(instance_other_price(catalog_instance(&catalog, "b"), &other));
    cr_expect_eq(catalog_set_price(&catalog, "a=2", "2026-11-28"), STATUS_OK);
    cr_expect_not(instance_other_price(catalog_instance(&catalog, "a"), &other),
                  "the user's price is the only one");
    catalog_free(&catalog);
}

Test(catalog, age_of_prices)
{
    struct catalog catalog;
    const double day = 86400, now = 20785 * day; /* 2026-11-28 */
    struct instance price = {.price_date = "2026-11-28", .note = ""};
    cr_expect_eq(price_age_days(&price, now), 0);
    price.price_date = "2026-09-19"; /* 11 + 31 + 28 */
    cr_expect_eq(price_age_days(&price, now), 70);
    price.price_date = "2026-09"; /* from its first day */
    cr_expect_eq(price_age_days(&price, now), 88);
    const char *const unknown[] = {"", "yesterday", "2026-13", "2026-11-29"}; /* the last is in the future */
    for (size_t i = 0; i < 4; i++) {
        price.price_date = unknown[i];
        cr_expect_eq(price_age_days(&price, now), INT64_MIN, "%s", unknown[i]);
    }
    cr_assert_eq(parse(&catalog, CLOUDS_HEADER "aws\tp5\tH100\t8\t8\t450\t400\t\t6.88\n", GPUS), STATUS_OK);
    const struct instance *p5 = catalog_instance(&catalog, "p5");
    cr_expect_eq(catalog_set_price(&catalog, "P5=2.5", "2026-11-28"), STATUS_OK);
    cr_expect(p5->usd_per_gpu_hour == 2.5 && p5->price_given && strcmp(p5->price_date, "2026-11-28") == 0);
    cr_expect_str_eq(p5->price_kind, "yours");
    cr_expect_eq(catalog_set_price(&catalog, "p5=2:reserved 1 y:2026-10-01", "2026-11-28"), STATUS_OK);
    cr_expect(p5->usd_per_gpu_hour == 2 && strcmp(p5->price_date, "2026-10-01") == 0);
    cr_expect_str_eq(p5->price_kind, "reserved 1 y");
    cr_redirect_stderr();
    const char *const bad[] = {"p5",        "p5=",     "p5=-1", "p5=0", "p5=nan", "p5=1:spot:tomorrow",
                               "p6=1:spot", "=1:spot", "p5=1x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(catalog_set_price(&catalog, bad[i], "2026-11-28"), STATUS_USAGE, "%s", bad[i]);
    cr_expect(p5->usd_per_gpu_hour == 2, "what is refused changes nothing");
    catalog_free(&catalog);
}

/* Every row of the shipped tables is plausible, and its GPU is in the other table. */
Test(catalog, shipped_tables)
{
    struct catalog catalog;
    cr_assert_eq(catalog_read(&catalog, "results"), STATUS_OK);
    cr_expect_geq(catalog.instance_count, 33);
    for (size_t i = 0; i < catalog.instance_count; i++) {
        const struct instance *instance = &catalog.instances[i];
        cr_expect_not_null(catalog_gpu(&catalog, instance->gpu), "%s", instance->name);
        cr_expect_eq(instance->gpus_per_domain % instance->gpus_per_vm, 0, "%s", instance->name);
        cr_expect(isnan(instance->usd_per_gpu_hour) || *instance->price_source,
                  "%s: a price without a source", instance->name);
        cr_expect(isnan(instance->usd_per_gpu_hour) || price_age_days(instance, 4e9) > 0,
                  "%s: a price without a date", instance->name);
        struct instance other;
        if (!instance_other_price(instance, &other)) continue;
        cr_expect(*other.price_source && price_age_days(&other, 4e9) > 0, "%s: the other price", other.name);
        cr_expect(*other.price_kind && strcmp(other.price_kind, instance->price_kind) != 0,
                  "%s: two prices of one kind", other.name);
    }
    catalog_free(&catalog);
}
