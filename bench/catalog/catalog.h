/* The catalog: instances that clouds rent out with their prices (clouds.tsv), and GPUs with their dense peaks
   (gpus.tsv). People edit both files. */
#ifndef BUSBAR_CATALOG_H
#define BUSBAR_CATALOG_H

#include "base/text.h"
#include "collective/bounds.h"

#include <stdint.h>

/* A row of clouds.tsv. An empty cell is "" or NAN. */
struct instance {
    const char *provider, *name, *gpu;
    int64_t gpus_per_vm, gpus_per_domain;
    double nvlink_gbps, nic_gbps; /* per GPU and direction, 1e9 bytes/s */
    const char *fabric;
    double usd_per_gpu_hour;
    const char *price_kind, *price_date; /* date: "2026-09-19" or "2026-09" */
    const char *price_source, *note;
    /* A second price, of another kind: "capacity-block", "spot". NAN and "": none. */
    double other_usd_per_gpu_hour;
    const char *other_price_kind, *other_price_date, *other_price_source;
    bool price_given; /* the user gave the price (--price), not the table */
    size_t line;      /* in the file */
};

enum gpu_type { PEAK_FP64, PEAK_TF32, PEAK_BF16, PEAK_FP16, PEAK_FP8, PEAK_NVFP4, PEAK_COUNT };
extern const char *const gpu_type_names[PEAK_COUNT + 1]; /* the columns: "fp64" …; NULL-terminated */

struct gpu_facts {
    const char *name;
    double peak_tflops[PEAK_COUNT]; /* dense */
    double nvlink_gbps, memory_gb;
    enum known nvls;
    const char *note;
    size_t line;
};

struct catalog {
    struct arena arena;
    struct instance *instances;
    size_t instance_count;
    struct gpu_facts *gpus;
    size_t gpu_count;
    const char *clouds_path, *gpus_path; /* the files that were read */
};

/* Finds the folder of the tables: $BUSBAR_CATALOG, else $BUSBAR_SHARE/results, else share/busbar of an
   installed program, else results/ of the source tree around the build folder. Never the current folder, so
   that files there cannot change prices and bounds. Returns STATUS_ENVIRONMENT after printing one line if
   there is none. */
enum status catalog_folder(struct text *folder);

/* Reads clouds.tsv and gpus.tsv in `folder`; NULL: in catalog_folder(). Returns STATUS_ENVIRONMENT after
   printing one line that names the file and the line. */
enum status catalog_read(struct catalog *, const char *folder);
/* The same from two tables in memory. */
enum status catalog_parse(struct catalog *, const char *clouds, size_t clouds_length, const char *gpus,
                          size_t gpus_length);
void catalog_free(struct catalog *);

/* The instance with this name, ignoring case; NULL: none. */
const struct instance *catalog_instance(const struct catalog *, const char *name);

/* Prints one line: no instance has this name, and which similar name exists. Returns STATUS_USAGE. */
enum status catalog_unknown(const struct catalog *, const char *flag, const char *name);

/* Whether the table's note calls the price unverified; never of a price that the user gave. */
bool price_is_unverified(const struct instance *);
/* Copies the instance with its second price in place of the first. false: the table has none, or the user
   gave the price. */
bool instance_other_price(const struct instance *, struct instance *other);
/* Whole days from the price's date to `now` (seconds since 1970). A date without a day counts from the
   month's first. ABSENT (INT64_MIN): no date, no such date, or one after `now`. */
int64_t price_age_days(const struct instance *, double now);
/* Replaces an instance's price by what the user says: "instance=usd[:kind[:date]]". Kind: "yours" if not
   said; date: `today`. STATUS_USAGE after one line for an unknown instance or a malformed value. */
enum status catalog_set_price(struct catalog *, const char *text, const char *today);

/* The GPU with this name in the table, or whose name is a word of the driver's name for it ("NVIDIA H100 80GB
   HBM3"). NULL: none, also for PCIe and NVL cards, which have the same word in their name but other
   figures. */
const struct gpu_facts *catalog_gpu(const struct catalog *, const char *name);

/* The column of gpus.tsv for a type of matmul, by busbar's name or the table's ("bfloat16", "bf16",
   "fp8_e4m3"); PEAK_COUNT: there is none. */
enum gpu_type gpu_type_of(const char *type);
/* The dense peak for such a type; NAN: not known. */
double gpu_peak_tflops(const struct gpu_facts *, const char *type);

/* Describes the machine of `ranks` ranks (one per GPU) on `nodes` nodes, for bound_of(). instance or gpu may
   be NULL, but not both. domains: the number of NVLink domains; less than 1, such as ABSENT: not known, then
   as few as the instance's domain size allows. Without an instance, each node is one domain, unless the GPU's
   name begins with "GB": those come in racks. nodes less than 1: not known, then as few hosts as hold the
   ranks. Returns false if the machine is not known, or if its domains differ in ranks or hosts. */
bool machine_of(const struct instance *, const struct gpu_facts *, int64_t ranks, int64_t nodes,
                int64_t domains, struct machine *);

#endif
