/* busbar's subcommands: each has its own file with a command (its option table) and a run function; busbar.c
   lists them. */
#ifndef BUSBAR_ANALYSIS_H
#define BUSBAR_ANALYSIS_H

#include "base/options.h"

struct subcommand {
    const struct command *command; /* its name is "busbar <word>" */
    /* argv[0] is the word. Returns the exit status; after an error, it has printed one line. */
    enum status (*run)(int argc, char **argv);
};

extern const struct subcommand show_subcommand;
extern const struct subcommand plot_subcommand;
extern const struct subcommand compare_subcommand;
extern const struct subcommand contract_subcommand;
extern const struct subcommand baseline_subcommand;
extern const struct subcommand report_subcommand;
extern const struct subcommand history_subcommand;

/* In the order of the help, NULL-terminated (busbar.c). */
extern const struct subcommand *const subcommands[];
extern const struct subcommand plan_subcommand;
extern const struct subcommand scan_subcommand;
extern const struct subcommand sweep_subcommand;

extern const struct subcommand export_subcommand;
extern const struct subcommand import_subcommand;
extern const struct subcommand limits_subcommand;

#endif
