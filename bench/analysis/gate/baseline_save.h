/* Saves launches as a baseline: a folder of launches in the usual record format, written in a form that suits
   version control: passes merged, cases in reading order, one line per case, samples with seven digits. */
#ifndef BUSBAR_BASELINE_SAVE_H
#define BUSBAR_BASELINE_SAVE_H

#include "base/status.h"

struct baseline_settings {
    const char *dir;   /* folder of the baselines */
    int replace, thin; /* save */
    int allow[3];      /* save: accept faulted, emulated, simulated launches */
    int wide;          /* list, show */
};

/* operands: the name of the baseline, and the runs. Prints what it has saved. Returns the exit status after
   printing one line if a launch cannot be part of a baseline. */
enum status baseline_save(const struct baseline_settings *, int count, char **operands);

#endif
