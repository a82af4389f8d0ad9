/* A contract: compares the results of runs with the absolute limits of a gate file. */
#ifndef BUSBAR_CONTRACT_H
#define BUSBAR_CONTRACT_H

#include "analysis/common/table.h"
#include "analysis/compare/ranking.h"
#include "analysis/gate/gatefile.h"
#include "base/format.h"

struct contract_row {
    const struct gate_rule *rule;
    const struct gate_term *term;
    const char *run, *key;      /* NULL: no case matched */
    const struct case_row *row; /* NULL: no case matched */
    struct figure measured;     /* over launches */
    double limit;      /* the term's number or, of a share, that of the reference's figure; NAN: no figure */
    const char *found; /* what was found where the requirement is a text; NULL: not known */
    size_t launches;
    /* distance to the limit as a share of it, negative: beyond it; NAN: no figure, or limit 0 */
    double margin;
    bool pass;
    bool refused;    /* the limit is beyond the physical bound: no machine could hold it */
    const char *why; /* explains the result; NULL: needs no explanation */
};

struct contract {
    struct contract_row *rows;
    size_t count, failed;
    const char *artificial; /* which runs are faulted, emulated or simulated; NULL: none */
    /* launches that died, did not complete, or are missing from the run; fail the contract */
    size_t unfinished;
    const char *unfinished_names; /* the first of them, "a.jsonl died, b.jsonl was interrupted"; NULL: none */
    struct arena arena;
};

/* Checks every requirement of the gate's rules on every matching case of every run. A requirement also
   fails if no case matches, if the figure was not measured in every launch, if data were wrong, or if a
   launch failed on the case. reference: what limits in per cent refer to; NULL: none, so they fail.
   strict: the whole interval must keep the limit, and there must be one. */
struct contract contract_of(const struct gate *, const struct aggregate *, const struct aggregate *reference,
                            bool strict);
enum status contract_status(const struct contract *); /* STATUS_GATE when anything failed */
void contract_free(struct contract *);

/* A short name of the case, for terminals and pages; JSON has the whole key. Valid until `label` changes. */
const char *contract_case_label(const struct case_row *, struct text *label);
void contract_fill_table(const struct contract *, struct table *);
/* reference: NULL, if there is none. */
void contract_print(const struct contract *, const struct gate *, const struct study *,
                    const struct study *reference, enum format, bool wide, struct text *out);
/* One page to be signed: required, why, measured with interval, margin, verdict. */
void contract_page(const struct contract *, const struct gate *, const struct study *,
                   const struct study *reference, bool html, struct text *out);
json_t *contract_json(const struct contract *);
void contract_junit(const struct contract *, struct text *out); /* one testsuite */

#endif
