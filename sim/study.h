/* A study: everything that decides the numbers, resolved. A scenario file becomes one (sim/config.h); a program that embeds
 * the library can build one by hand with the functions below. */
#ifndef SIM_STUDY_H
#define SIM_STUDY_H

#include "sim/model.h"

enum { STUDY_NAME = 64 }; /* longest name of a study, policy or scenario, with its final zero */

/* Values for every parameter of a model: one struct per row of the schedule. */
struct parameter_set {
    unsigned char *block;
    const void **group; /* group[i] is the struct of schedule[i], NULL where it has no parameters */
    size_t size;        /* bytes of block */
};

/* A policy in force: its levers, and every other parameter at the study's value. */
struct policy {
    char name[STUDY_NAME];
    struct parameter_set values;
};

struct phase {
    int32_t day;     /* days since the policy starts; the first phase of a scenario has day 0 */
    uint32_t policy; /* index into study.policies */
};

struct scenario {
    char name[STUDY_NAME];
    struct phase *phases; /* in order of day, all before the horizon */
    uint32_t n_phases;
};

/* What is kept of the replicates (sim/record.h): the words of run.output, in this order. */
enum study_output { OUTPUT_all, OUTPUT_quantiles, OUTPUT_summary };
#define STUDY_OUTPUTS "all|quantiles|summary"

struct study {
    const struct model *model;
    char name[STUDY_NAME];
    uint64_t seed;
    uint32_t replicates;
    struct calendar calendar;
    int32_t record_every;  /* days between records */
    int32_t record_before; /* days of burn-in on record */
    int32_t output;        /* enum study_output */
    bool *chosen;          /* [metrics of the model] those on record; NULL: all of them */
    struct policy *policies;
    uint32_t n_policies;
    uint32_t baseline; /* index of the policy that rules during burn-in */
    struct scenario *scenarios;
    uint32_t n_scenarios;
    double share; /* of a world's parts, what this machine has to hold, should processes share worlds; 0: they do not */
};

/* Limits of run.*, also used by the reader of scenario files. */
enum {
    STUDY_MAX_DAYS = 60000,       /* burn_in + horizon */
    STUDY_MAX_REPLICATES = 10000000,
    STUDY_MAX_SCENARIOS = 1000,
    STUDY_SUMMARY_DAYS = 180,     /* stocks and shares are averaged over these last days */
};

/* The settings of a run as rows: name, range, default and meaning of run.replicates, run.burn_in and so on. The rows' offsets
 * are into struct study. run.name, run.seed, run.baseline and run.metrics are texts and stand apart. */
extern const struct parameter study_settings[];

/* Names of studies, policies and scenarios: 1 to 63 characters of a-z A-Z 0-9 _ -, no - in front, so that no file, terminal,
 * command line, spreadsheet or page has to escape them. -1: ERROR_INPUT; `what` ("scenario") says in the message whose name it is. A policy's name, which is a key of
 * scenario files, also begins with a letter and is neither true nor false. */
int study_check_name(const char *what, const char *name, struct error *e);
int study_check_policy_name(const char *name, struct error *e);

void study_init(struct study *s, const struct model *model); /* an empty study with default run settings */
void study_free(struct study *s);
int study_copy(struct study *to, const struct study *from, struct error *e); /* initialises `to`; nothing to free after -1 */

/* Appends; a name that is taken or malformed is an ERROR_INPUT. The new policy has all defaults, or a copy of the values of
 * policy `from` (an index; negative for defaults). */
int study_add_policy(struct study *s, const char *name, int64_t from, struct error *e);
int study_add_scenario(struct study *s, const char *name, struct error *e);
int study_add_phase(struct study *s, uint32_t scenario, int32_t day, uint32_t policy, struct error *e);
int64_t study_find_policy(const struct study *s, const char *name); /* index, or -1 */

/* Puts a metric on record; the first one takes the place of all. ERROR_INPUT for a name that is unknown or given twice. */
int study_choose_metric(struct study *s, const char *name, struct error *e);

/* Sets "group.name" in one policy, or in all that exist when policy is negative. ERROR_INPUT with the allowed range. */
int study_set(struct study *s, int64_t policy, const char *path, double value, struct error *e);

/* The row of "group.name" and the group's index in the schedule; NULL, with a did-you-mean in the error, when there is none. */
const struct parameter *study_parameter(const struct model *model, const char *path, int64_t *group, struct error *e);

/* Everything that must hold before a run, with the sub-models' own rules. A study that even one thread could not hold in
 * the machine's memory is refused. */
int study_check(const struct study *s, struct error *e);

/* Parts of it, for a caller who can say where in a file the trouble is: the run's settings, and one policy's values. */
int study_check_settings(const struct study *s, struct error *e);
int study_check_policy(const struct study *s, uint32_t policy, struct error *e);

/* Bytes one thread needs: a replicate's results, and two worlds; one, where a single scenario follows the burn-in; 0 where the
 * model cannot tell. */
double study_memory(const struct study *s);

/* Could `threads` threads hold a world each in the machine's memory? */
bool study_fits_whole(const struct study *s, uint32_t threads);

double study_machine_memory(void); /* bytes */

/* Refuses a study that `threads` threads cannot hold in the machine's memory, and that has not got to be held as a whole
 * (`share`) either. ERROR_INPUT. */
int study_fits(const struct study *s, uint32_t threads, struct error *e);

/* Index in the schedule of a group, or -1. */
int64_t model_group(const struct model *model, const char *group);

/* The study's metrics, in the order of the schedule: the order of the results. */
struct metric_entry {
    const struct submodel *submodel;
    const struct metric *metric;
    uint32_t row;     /* in the schedule */
    size_t offset;    /* in a part's block of metrics */
};
size_t model_metrics(const struct model *model, struct metric_entry *entries /* may be NULL */);
size_t model_metrics_size(const struct model *model); /* bytes of a part's block of metrics */

/* Days of the records, relative to the policy's start, rising: the multiples of record_every from -record_before on and below
 * the horizon, and the horizon. A record at t is taken when t days have passed and covers the days since the record before;
 * the first covers record_every days, or as many as there are. Returns how many; `times` may be NULL. */
size_t study_times(const struct study *s, int32_t *times);

/* Results of one replicate, whatever of them is kept: doubles in the order [scenario][metric][time ..., summary]. */
size_t study_values(const struct study *s);       /* how many doubles */
size_t study_series_length(const struct study *s);/* times + 1 */

#endif
