/* The command line of a collective driver, parsed and checked. */
#ifndef BUSBAR_SETTINGS_H
#define BUSBAR_SETTINGS_H

#include "base/options.h"
#include "collective/collective.h"
#include "collective/dtype.h"
#include "launch/driver.h"
#include "measure/load_request.h"
#include "measure/traffic.h"

#include <stdbool.h>
#include <stdint.h>

enum { MOST_LIST = 64 };

struct settings {
    struct driver_settings driver; /* first */
    /* as given on the command line */
    const char *collectives_text, *sizes_text, *dtypes_text, *ops_text;
    size_t begin, end, step_bytes;
    int64_t step_factor, root;
    enum placement placement;
    enum mode mode;
    enum sync sync;
    enum cache cache;
    enum memory memory;
    const char *backend;
    int64_t operations, warmup, passes, seed, check, check_every;
    double precision_percent, max_seconds, time_budget_s, network_gbit;
    const char *group, *fault;
    int64_t graph, registration, expect_domain;
    const char *transports_text;
    unsigned expect_transports; /* bit 1 << enum transport for each */
    const char *cta;
    const char *imbalance, *matrix;
    const char *beside_text;
    int64_t aggregate;
    int show_algorithm; /* flag */
    int largest;        /* flag: measure nothing; print the largest size that fits into memory */

    /* derived from the above */
    const struct collective *collectives[COLLECTIVE_COUNT];
    enum dtype dtypes[DTYPE_COUNT];
    enum op ops[OP_COUNT];
    int collective_count, dtype_count, op_count;
    size_t *sizes, size_count;
    struct imbalance *imbalances; /* of alltoallv */
    size_t imbalance_count;
    struct load_request beside; /* collective NULL: no load */
    bool out_of_place, in_place;
};

/* The driver's command. name: the collective that it measures by default. */
struct command collective_command(const char *name, const char *summary);

/* Parses argv, and checks lists of names and sizes, which the option table cannot. On error prints one line
   and returns STATUS_USAGE. */
enum status settings_read(const struct command *, int argc, char **argv, struct settings *);
enum registration settings_registration(const struct settings *); /* -R 0, 1 or 2 */
bool settings_measure(const struct settings *, enum mode);        /* whether it measures cases in this mode */
/* Whether --expect-transport names the network and nothing else. */
bool settings_only_network(const struct settings *);
void settings_free(struct settings *);

#endif
