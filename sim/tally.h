/* What the sub-models of one world have counted: a block of metrics for every part, and their way into a replicate's results. */
#ifndef SIM_TALLY_H
#define SIM_TALLY_H

#include "sim/study.h"

/* Where everything lies; the same for all worlds of a study. */
struct tally_layout {
    struct metric_entry *entries; /* [n_metrics] */
    int32_t *times;               /* [n_times] days of the records, relative to the policy's start */
    size_t *row_offset;           /* [rows] of a sub-model's struct in a part's block; SIZE_MAX: it has no metrics */
    size_t n_metrics, n_times;
    size_t length; /* of a series: the times and the summary */
    size_t stride; /* bytes from one part's block to the next */
};

struct tally {
    unsigned char *blocks;
    uint32_t *seen; /* [n_metrics] days of the summary on which the metric had a value */
    struct share *before; /* [n_metrics] of pooled shares: what the interval held the evening before */
    uint32_t parts;
    struct exchange_bytes all; /* the blocks of the whole world, after tally_gather; nothing where others have them */
};

int tally_layout_create(struct tally_layout *layout, const struct study *s, struct error *e); /* freeable also after -1 */
void tally_layout_free(struct tally_layout *layout);

int tally_create(struct tally *tally, const struct tally_layout *layout, uint32_t parts, struct error *e); /* likewise */
void tally_free(struct tally *tally);
void tally_copy(struct tally *to, const struct tally *from, const struct tally_layout *layout);

/* The struct of metrics of a row of the schedule, or NULL. */
void *tally_metrics(const struct tally *tally, const struct tally_layout *layout, uint32_t part, size_t row);

/* A new interval begins: everything is zero. Stocks and shares are filled anew by observe(); a pooled share, which steps add to,
 * is that of the interval, and undefined when nothing was added. */
void tally_clear(struct tally *tally, const struct tally_layout *layout);

/* Brings the blocks of all parts of a world together, in the leader, after observe(). -1 as exchange_gather. Those below
 * reckon with what this has brought. */
int tally_gather(struct tally *tally, const struct tally_layout *layout, struct exchange *x, struct error *e);

/* `values` is a scenario's [metric][time ..., summary]. A record is taken after observe(); it ends the interval. */
void tally_record(struct tally *tally, const struct tally_layout *layout, size_t time, double *values);

/* The summary: begin, on the evening before its days, then accumulate after each observe() of its days, then finish with the index of
 * the first record that belongs to the horizon. Flows are the sum of these records; stocks and shares the mean of the days that had
 * a value, which for a pooled share are those that added to it, however many of them a record holds. `fresh`: the interval has only
 * begun, and nothing need have been gathered. */
void tally_summary_begin(struct tally *tally, const struct tally_layout *layout, bool fresh, double *values);
void tally_summary_add(struct tally *tally, const struct tally_layout *layout, double *values);
void tally_summary_finish(const struct tally *tally, const struct tally_layout *layout, size_t first, double *values);

#endif
