/* What the command line of `run`, or of `merge`, asks for. */
#ifndef SIM_REQUEST_H
#define SIM_REQUEST_H

#include "sim/config.h"
#include "sim/options.h"
#include "sim/progress.h"
#include "sim/ranks.h"

enum { REQUEST_THREADS = 1024, REQUEST_SHARDS = 100000 }; /* at most */

struct request {
    const char *config, *design; /* design: NULL where there is none */
    const char *design_text;     /* the design itself, where it is in no file and `design` but its name; or NULL */
    const char *const *parts;    /* merge: the files of the shards */
    size_t n_parts;
    char *out, *partial, *temporary; /* the results file, or a shard's; what lies beside it meanwhile. NULL before request_paths */
    struct config_overrides overrides;
    int64_t threads;        /* 0: not said */
    enum ranks_over ranks_over;
    uint32_t shard, shards; /* the shard-th of so many, from 1; shards is 0 where all of the study is meant */
    bool merges, complete;  /* complete: what no shard holds is to be simulated */
    enum progress_form progress; /* AUTO only while it is read */
    bool resume, force, quiet, only_plans; /* only_plans: --dry-run */
    bool named; /* by request_paths: results/NAME.h5 */
    char *history;
    /* Owned memory behind the above. */
    const char **texts;
    char **made;
    size_t n_made;
};

/* The values of the options, which both commands have in their tables. */
enum {
    REQUEST_SET = 256, REQUEST_SCENARIO, REQUEST_SEED, REQUEST_DAYS, REQUEST_DESIGN, REQUEST_SHARD, REQUEST_RANKS,
    REQUEST_COMPLETE, REQUEST_RESUME, REQUEST_FORCE, REQUEST_QUIET, REQUEST_PROGRESS, REQUEST_DRY_RUN,
};

/* The rows of both. */
#define REQUEST_OUTPUT_ROW                                                                                              \
    {.value = 'o', .name = "output", .argument = "FILE", .kind = OPTIONS_RESULTS, .initial = "results/NAME.h5, NAME being run.name", \
     .meaning = "the results file"}
#define REQUEST_STUDY_ROWS                                                                                              \
    {.value = 'r', .name = "replicates", .argument = "N", .meaning = "how often every scenario is repeated (run.replicates)"},                                 \
    {.value = REQUEST_SEED, .name = "seed", .argument = "N", .meaning = "where randomness starts (run.seed)"},                                    \
    {.value = REQUEST_DAYS, .name = "days", .argument = "N", .meaning = "days of policy (run.horizon)"},                                 \
    {.value = REQUEST_SCENARIO, .name = "scenario", .argument = "NAME", .kind = OPTIONS_SCENARIO, .repeats = true,      \
     .meaning = "this scenario only"},                                                                                  \
    {.value = REQUEST_SET, .name = "set", .argument = "PATH=VALUE", .kind = OPTIONS_SETTING, .repeats = true,           \
     .meaning = "change a setting of the file"},                                                                        \
    {.value = REQUEST_DESIGN, .name = "design", .argument = "FILE", .kind = OPTIONS_CSV,                                \
     .meaning = "every scenario at each point of a design of experiments (CSV, see 'enforcesim check --help' and 'enforcesim design " \
                "--help'); metrics get a dimension `point`. A point that cannot be run is told at the end and in the file, and costs " \
                "no other"}
#define REQUEST_PATHS \
    "Paths of settings: run.NAME, parameters.GROUP.NAME, policies.NAME.LEVER, scenarios.NAME.policy, scenarios.NAME.phases.NUMBER.day."
#define REQUEST_THREADS_ROW                                                                                             \
    {.value = 'j', .name = "threads", .argument = "N", .minimum = 1, .maximum = REQUEST_THREADS, .initial = "all cores", \
     .meaning = "threads; the numbers do not depend on it"}
#define REQUEST_HOW_ROWS                                                                                                \
    {.value = REQUEST_FORCE, .name = "force", .meaning = "replace FILE, or begin anew in spite of FILE.partial"},       \
    {.value = REQUEST_QUIET, .name = "quiet", .meaning = "say nothing but errors and what --progress asks for"},        \
    {.value = REQUEST_PROGRESS, .name = "progress", .argument = "WHEN", .kind = OPTIONS_WORD, .words = "auto|always|never|json", \
     .initial = "auto", .meaning = "a line on stderr that tells how much is done: auto (on a terminal), always, never; or json: an " \
                                   "object on a line of its own at the start, up to ten times a second, and at the end"}

/* Reads the command line of this command; to be freed also after -1. -1: ERROR_INPUT. */
int request_read(struct request *q, int argc, char **argv, const struct options_command *c, bool merges, bool *help, struct error *e);

/* Names the files for a study. */
int request_paths(struct request *q, const struct study *s, struct error *e);

/* Makes the folder `results` where no file was named. */
int request_make_folder(const struct request *q, struct error *e);

/* Refuses what would end in a loss or a failure: files in the way, folders that are not there, too little room for `bytes`. */
int request_check_paths(const struct request *q, double bytes, struct error *e);

void request_free(struct request *q);

#endif
