/* What --dry-run prints. */
#ifndef SIM_PLAN_TEXT_H
#define SIM_PLAN_TEXT_H

#include <stdio.h>

#include "sim/plan.h"
#include "sim/request.h"
#include "sim/design.h"

struct plan_facts {
    const struct plan *plan;
    const struct request *q;
    const struct study *s;
    const char *config; /* all settings, resolved */
    const struct design *design; /* or NULL */
    const struct record *record;
    uint32_t units;   /* of this run, those in FILE.partial included */
    uint32_t threads; /* of a process */
    uint32_t ranks;   /* processes */
    double journal_bytes, file_bytes;
};

void plan_print(FILE *out, const struct plan_facts *facts);

#endif
