/* A contract: the absolute limits of a gate file against what a run measured. */
#ifndef BUSBAR_CONTRACT_H
#define BUSBAR_CONTRACT_H

#include "analysis/common/table.h"
#include "analysis/compare/ranking.h"
#include "analysis/gate/gatefile.h"

struct contract_row {
    const struct gate_rule *rule;
    const struct gate_term *term;
    const char *run, *key;      /* NULL: no case matched, or none was measured */
    const struct case_row *row; /* NULL likewise */
    struct figure measured;     /* over launches */
    const char *found;          /* what was found where the requirement is a text; NULL: not known */
    size_t launches;
    double margin; /* how far on the good side, as a share of what is required; negative: it fails */
    bool pass;
    bool refused;    /* the limit is beyond the physical bound: no machine could hold it */
    const char *why; /* NULL: nothing to add */
};

struct contract {
    struct contract_row *rows;
    size_t count, failed;
    const char *artificial; /* which runs are faulted, emulated or simulated; NULL: none */
    size_t
        unfinished; /* launches that died, did not complete or are missing against their plan: these fail it too */
    const char *unfinished_names; /* the first of them, "a.jsonl died, b.jsonl was interrupted"; NULL: none */
    struct arena arena;
};

/* Every requirement of the gate's rules on every matching case of every run. A requirement that no
   measurement answers fails, and so does a case with wrong data or a launch that failed on it. strict: the
   whole interval must lie on the good side. */
struct contract contract_of(const struct gate *, const struct aggregate *, bool strict);
enum status contract_status(const struct contract *); /* STATUS_GATE when anything failed */
void contract_free(struct contract *);

/* A case in a word or two for a terminal. */
const char *contract_case_label(const struct case_row *, struct text *label);
void contract_fill_table(const struct contract *, struct table *);
/* One page to be signed: required, why, measured with interval, margin, verdict. */
void contract_page(const struct contract *, const struct gate *, const struct study *, bool html,
                   struct text *out);
json_t *contract_json(const struct contract *);
void contract_junit(const struct contract *, struct text *out); /* one testsuite */

#endif
