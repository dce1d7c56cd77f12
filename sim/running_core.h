/* What every run is made of, whoever asks for it: the program (running.c), which keeps its journal in a file and speaks to a
 * terminal, or a process that has loaded the library (embed.c), which keeps all in memory and is spoken to by nobody. */
#ifndef SIM_RUNNING_CORE_H
#define SIM_RUNNING_CORE_H

#include "sim/design.h"
#include "sim/journal.h"
#include "sim/progress.h"
#include "sim/record.h"
#include "sim/request.h"
#include "sim/results.h"

struct running {
    struct ranks ranks;
    struct request *q;
    const struct study *s;
    const struct design *design; /* or NULL */
    const char *config;
    struct record record; /* what is kept of a unit */
    struct journal *journal;
    bool resumed; /* the journal was there */
    uint32_t units, threads;
    bool *skip; /* [units]: in the journal already, or of another shard */
    uint32_t own; /* units of this run, in the journal or not */
    double journal_bytes;     /* of all of them */
    char **problems;          /* [points] of a design: why one of its units could not be run, or NULL */
    uint32_t *problem_unit;   /* [points] which, the first */
    uint32_t failed;          /* units */
    bool broken;              /* the run has ended early */
    struct progress progress;
};

/* Everything up to the first day but for the files that are written: the study, its configuration as a text, the design. */
int running_load(struct running *r, struct study *study, struct design *design, char **config, struct error *e);

/* What decides the numbers: the configuration, and the values of a design. To be freed; NULL: no memory. */
char *running_identity_text(const struct running *r);

/* What an aggregate is kept of: NULL where every record is. */
const struct record *running_aggregated(const struct running *r);

/* For study_run, without threads, stop and progress: what is done goes to the journal. */
struct run_options running_options(struct running *r);

/* The time of day as results files tell it, or what SOURCE_DATE_EPOCH says in its place. ERROR_INPUT: nonsense. */
int running_created(char *text, size_t size, struct error *e);
struct results_content running_content(const struct running *r, const char *created);

/* Of a design of which not every point could be run: which, and why. `place` is where the rest is told. */
void running_tell_failed(const struct running *r, const char *place, struct error *e);

/* All of it, the study and the configuration included. */
void running_free(struct running *r, struct study *study, struct design *design, char *config);

#endif
