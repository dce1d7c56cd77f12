/* The results file: HDF5 that opens as netCDF-4, laid out as the contract says. With run.output = "all":
 *
 * /scenario, /replicate, /time    coordinates; time counts days since the policy starts, its unit is "day" because "days" would
 *                                 make xarray turn plain numbers into durations
 * /METRIC                         (scenario, replicate, time) double
 * /summary/METRIC                 (scenario, replicate) double, with coordinates of its own so that the group opens alone
 * /parameters/GROUP.NAME          (policy) double or int32: every parameter under every policy of the study
 * /config/text                    the resolved configuration
 * /config/phase_scenario, _day, _policy   (phase) which policy rules a scenario from which day on
 *
 * With "summary" there are neither /METRIC nor /time. With "quantiles" the replicates give way to statistics over them:
 *
 * /statistic                      coordinate, in the groups as well: the names in sim/aggregate.h
 * /METRIC                         (scenario, statistic, time) double
 * /summary/METRIC                 (scenario, statistic) double
 * /difference/METRIC              (scenario, statistic) double: of the summary's differences, replicate by replicate, from the
 *                                 scenario that the root's attribute difference_baseline names
 *
 * The root's attributes output and replicates say which of them it is, and of how many; run.metrics which metrics there are.
 *
 * With a design every metric has a dimension `point` in front, and there are
 *
 * /design/GROUP.NAME              (point) double or int32: the parameter at each point, in place of what /parameters says
 * /design/problem                 (point) text: why a point, or one of its replicates, could not be run; empty where all were.
 *                                 The values of what was not run are NaN
 *
 * The digest is the SHA-256, in hexadecimal, over all that the file holds, in the byte order of its paths: every dataset (minors,
 * summary/minors), group (summary/) and attribute (minors@units; @title at the root). Of each: the path, a zero byte, and the
 * SHA-256 of its content, which is
 *
 *     dataset     its values in C order: doubles and int32 little-endian, every NaN as 0x7ff8000000000000, texts in UTF-8 each
 *                 with a zero byte at its end
 *     group       nothing
 *     attribute   "text", "real" or "whole" with a zero byte, then its value in the same way, but whole numbers in 8 bytes; or
 *                 "other" with a zero byte and no more: HDF5's references between dimensions and their scales
 *
 * Left out are the root's attributes created, history, compiler, git_commit and digest itself. So it depends neither on threads
 * nor on the compiler, compression, time or place. */
#ifndef SIM_RESULTS_H
#define SIM_RESULTS_H

#include "sim/design.h"
#include "sim/journal.h"
#include "sim/study.h"

enum { RESULTS_DIGEST = 65 }; /* characters of a digest with its final zero */

struct results_provenance {
    const char *program_version, *commit, *compiler, *history, *created;
};

/* The names of what lies beside a results file while it is made: its journal, and the file itself before it is complete. To be
 * freed; NULL when out of memory. */
char *results_partial(const char *path);
char *results_temporary(const char *path);
char *results_shard(const char *path, uint32_t shard, uint32_t shards); /* path.shard-3-of-16 */

/* What goes into a file. */
struct results_content {
    const struct study *study;
    const struct record *record;     /* what of it is kept, and in the journal */
    struct journal *journal;         /* with an aggregate for "quantiles" without a design */
    const char *config;              /* the resolved configuration */
    const struct design *design;     /* or NULL */
    const char *const *problems;     /* [points] of a design: NULL where there was none */
    struct results_provenance provenance;
};

/* Writes the whole journal to `path` by way of results_temporary: at every moment there is the old file, or none, or the
 * complete new one. replace: an existing file gives way. -1: ERROR_FAILURE, nothing left behind. */
int results_write(const char *path, bool replace, const struct results_content *content, char digest[RESULTS_DIGEST],
                  struct error *e);

/* The same in memory: the file's bytes, to be freed; NULL after an error. By one thread of a process at a time, for HDF5's sake. */
void *results_image(const struct results_content *content, size_t *size, char digest[RESULTS_DIGEST], struct error *e);

/* Bytes the file takes at most. */
double results_size(const struct study *s, const struct record *record, const struct design *design, size_t config_length);

/* Bytes it is likely to take, where values take this share of theirs; 0: unknown, so that none is taken off. */
double results_expected(const struct study *s, const struct record *record, const struct design *design, size_t config_length,
                        double compressed);

/* What a file says of itself, with its digest computed afresh. */
struct results_metric {
    char *name;
    char kind[16], unit[64], submodel[64];
};

enum { RESULTS_LARGEST = 16 /* of the words of run.output */ };

struct results_info {
    char title[256], study[64], created[64], program[64], program_version[64], model_version[64], commit[64], compiler[256];
    char seed[32], history[1024], digest[RESULTS_DIGEST], computed[RESULTS_DIGEST];
    char output[RESULTS_LARGEST];
    int32_t burn_in, horizon;
    int32_t replicates; /* as the root says */
    char **scenarios;
    int32_t *times;
    struct results_metric *metrics;
    size_t n_points; /* of a design; 0: there is none */
    size_t n_scenarios, n_replicates, n_times, n_metrics;
    size_t n_statistics; /* where there are no replicates */
};

/* -1: ERROR_INPUT, one line that says what is wrong with the file. Free also after -1. */
int results_info(struct results_info *info, const char *path, struct error *e);
void results_info_free(struct results_info *info);

#endif
