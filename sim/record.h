/* What of a unit's values is kept: a choice of metrics, and with run.output = "summary" no series. The engine computes all
 * values (study_values); what is packed goes into the journal, between processes and into the results file. Nothing of it
 * depends on who packs. */
#ifndef SIM_RECORD_H
#define SIM_RECORD_H

#include "sim/study.h"

/* Doubles in the order [scenario][metric][time ..., summary], without the times where only summaries are kept. */
struct record {
    enum study_output output;
    struct metric_entry *entries; /* [n_metrics] those kept, in the order of the schedule */
    size_t *place;                /* [n_metrics] of each among all metrics of the model */
    size_t n_metrics, n_scenarios;
    size_t n_times;               /* 0 where only summaries are kept */
    size_t length;                /* of a metric in one scenario: the times and the summary */
    size_t values;                /* doubles of a record */
    size_t unit_metrics, unit_length; /* of a unit's values, as the engine delivers them */
    uint32_t baseline; /* the scenario with which others are compared: record_baseline */
};

int record_create(struct record *r, const struct study *s, struct error *e); /* freeable also after -1 */
void record_free(struct record *r);

/* From the values of so many of a unit's scenarios (all: study_values() doubles) to a record's, of which a scenario has
 * record.values / n_scenarios. They must not overlap. */
void record_pack(const struct record *r, const double *values, size_t scenarios, double *packed);

/* Where a metric of a scenario begins in a record. */
size_t record_at(const struct record *r, size_t scenario, size_t metric);

/* The record's number of a metric by name, or -1. */
int64_t record_metric(const struct record *r, const char *name);

/* The scenario that is called status_quo, else the first that the burn-in's policy rules throughout, else the first: the one
 * that es.compare takes. */
uint32_t record_baseline(const struct study *s);

#endif
