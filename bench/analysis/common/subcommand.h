/* busbar's subcommands: each is one file with a command (its option table) and a main; busbar.c lists them.
 */
#ifndef BUSBAR_ANALYSIS_H
#define BUSBAR_ANALYSIS_H

#include "base/options.h"

struct subcommand {
    const struct command *command; /* its name is "busbar <word>" */
    enum status (*run)(int argc,
                       char **argv); /* argv[0] is the word; returns an exit status after one line on error */
};

extern const struct subcommand show_subcommand;
extern const struct subcommand plot_subcommand;
extern const struct subcommand compare_subcommand;
extern const struct subcommand contract_subcommand;
extern const struct subcommand baseline_subcommand;
extern const struct subcommand report_subcommand;
extern const struct subcommand history_subcommand;

/* One line each, NULL-terminated, in the order of the help: see busbar.c. */
extern const struct subcommand *const subcommands[];
extern const struct subcommand plan_subcommand;
extern const struct subcommand scan_subcommand;
extern const struct subcommand sweep_subcommand;

extern const struct subcommand export_subcommand; /* export.c */
extern const struct subcommand import_subcommand; /* import.c */
extern const struct subcommand limits_subcommand; /* limits.c */

#endif
