/* What the files results*.c that write share. Nobody else needs it. */
#ifndef SIM_RESULTS_WRITER_H
#define SIM_RESULTS_WRITER_H

#include "sim/hdf.h"
#include "sim/results.h"

enum {
    RESULTS_CHUNK = 256 * 1024,        /* bytes of a dataset that are stored, and checked, together */
    RESULTS_MEMORY = 64 * 1024 * 1024, /* bytes that are gathered together, where one chunk of each dataset is less */
};

/* The datasets of a metric: its series at the root, and those in the groups. */
enum results_place { PLACE_series, PLACE_summary, PLACE_difference, PLACES };

struct results_writer {
    struct hdf f;
    const struct results_content *content;
    const struct study *s;
    const struct record *record;
    hid_t *datasets;                  /* [metric][place] */
    int32_t *times, *numbers;         /* numbers: of the replicates */
    size_t n_times;                   /* of the study */
    uint32_t points;                  /* 1 without a design */
};

static inline hid_t *results_dataset_of(const struct results_writer *w, size_t metric, enum results_place place)
{
    return &w->datasets[metric * PLACES + (size_t)place];
}

/* Coordinates in a group; -1 for points where there is no design. */
hid_t results_points(struct results_writer *w, hid_t group);
hid_t results_scenarios(struct results_writer *w, hid_t group);
hid_t results_replicates(struct results_writer *w, hid_t group);
hid_t results_times(struct results_writer *w);

/* A metric's dataset. The first dimension of `rank`, `point`, is there with a design only. */
void results_dataset(struct results_writer *w, hid_t group, size_t metric, enum results_place place, int rank, const hsize_t *size,
                     const hsize_t *chunk, const hid_t *scale, bool nan);
void results_close(struct results_writer *w, enum results_place place); /* of all metrics */

/* All metrics with their groups, by run.output: "all" or "summary", and "quantiles". -1: no memory. */
int results_write_replicates(struct results_writer *w, struct error *e);
int results_write_quantiles(struct results_writer *w, struct error *e);

#endif
