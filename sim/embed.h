/* The library as Python, or any other program that has loaded it, calls it: a scenario file and settings go in, a results file
 * in memory comes out. Nothing is written to a disk or printed, no process or signal handler is made, nothing ends the process,
 * and nothing is kept between two studies, of which any number may run side by side.
 *
 *     struct embed *study = embed_begin(&request, &error);         everything that can be refused is refused here
 *     embed_run(study, &error);                                    threads of its own (OpenMP); embed_stop() ends it early
 *     bytes = embed_results(study, &size, &error);                 one study at a time: HDF5 serves one thread of a process
 *     embed_free(bytes);
 *     embed_end(study);
 *
 * The functions may be called from any thread, but those of one study one after the other, embed_stop and embed_progress
 * apart. Messages are those of the program. What the program has a process of its own for, memory that runs out inside HDF5
 * while a file is made, may end this one: embed_begin refuses what the machine surely cannot hold. */
#ifndef SIM_EMBED_H
#define SIM_EMBED_H

#include <stddef.h>
#include <stdint.h>

#include "sim/error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { EMBED_API = 1 }; /* changes with what is declared here */

int embed_api(void);
const char *embed_version(void); /* of the program: 0.1.0 */

/* What `enforcesim run` is told by its command line. All texts are UTF-8; they must last as long as the study. */
struct embed_request {
    const char *config;           /* the path of a scenario file */
    const char *const *set;       /* [n_set] "PATH=VALUE", applied in order */
    const char *const *said;      /* [n_set] how messages call each; NULL, or NULL for one: "--set PATH=VALUE" */
    size_t n_set;
    const char *const *scenarios; /* [n_scenarios] those to keep; none: all */
    size_t n_scenarios;
    const char *threads;          /* a whole number; NULL: as many as the machine offers */
    const char *design;           /* the path of a design, or the name of one that is in no file; NULL: there is none */
    const char *design_text;      /* the latter, as CSV; or NULL */
    const char *history;          /* a command line that does the same: an attribute of the results */
};

struct embed_progress {
    uint64_t person_days;  /* simulated so far */
    uint32_t done, units;  /* replicates, or with a design replicates of points: finished so far, and in all */
};

struct embed;

struct embed *embed_begin(const struct embed_request *request, struct error *e); /* NULL: see the error */
int embed_run(struct embed *study, struct error *e);                              /* -1: ERROR_INTERRUPTED after embed_stop */
void embed_stop(struct embed *study);                                             /* ends embed_run within a day's work */
void embed_progress(const struct embed *study, struct embed_progress *progress);

/* What the program would say on stderr of a run that has ended: points of a design that failed, a burn-in too short. Lines, ""
 * where there is nothing to say; valid until embed_end. */
const char *embed_warnings(const struct embed *study);

/* Once, after embed_run: the bytes of the results file, to be given back to embed_free; NULL: see the error. */
void *embed_results(struct embed *study, size_t *size, struct error *e);
void embed_end(struct embed *study); /* may be NULL */

/* What `enforcesim params GROUP --format json` and `enforcesim metrics --format json` print; GROUP may be NULL. To be given
 * back to embed_free; NULL: no memory. */
char *embed_parameters(const char *group, struct error *e);
char *embed_metrics(struct error *e);
void embed_free(void *memory);

#ifdef __cplusplus
}
#endif

#endif
