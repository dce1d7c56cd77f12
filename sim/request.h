/* What the command line of `run`, or of `merge`, asks for. */
#ifndef SIM_REQUEST_H
#define SIM_REQUEST_H

#include "sim/config.h"
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
    bool resume, force, quiet, show_progress;
    char *history;
    /* Owned memory behind the above. */
    const char **texts;
    char **made;
    size_t n_made;
};

/* Reads the command line; to be freed also after -1. -1: ERROR_INPUT. */
int request_read(struct request *q, int argc, char **argv, bool merges, bool *help, struct error *e);

/* Names the files for a study, and makes the folder `results` where no file was named. */
int request_paths(struct request *q, const struct study *s, struct error *e);

/* Refuses what would end in a loss or a failure: files in the way, folders that are not there, too little room for `bytes`. */
int request_check_paths(const struct request *q, double bytes, struct error *e);

void request_free(struct request *q);

#endif
