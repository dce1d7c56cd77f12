/* The tables of what is declared, parameters and metrics, for people, documents and programs. */
#ifndef SIM_TABLES_H
#define SIM_TABLES_H

#include <stdio.h>

#include "sim/study.h"

enum tables_format { TABLES_TABLE, TABLES_CSV, TABLES_JSON, TABLES_MARKDOWN };

/* All rows of a model, those of one group ("run": the settings of a run), or a single one: GROUP.NAME, or a metric's NAME. A
 * failure to write shows in `out`. -1: no memory. */
int tables_parameters(FILE *out, enum tables_format format, const struct model *model, const char *chosen, struct error *e);
int tables_metrics(FILE *out, enum tables_format format, const struct model *model, const char *chosen, struct error *e);

#endif
