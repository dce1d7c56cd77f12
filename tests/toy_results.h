/* A finished run of the toy model, to write results files from: three scenarios, with NaN in the shares of those where
 * all fish are caught. Files lie in the working folder. */
#ifndef TESTS_TOY_RESULTS_H
#define TESTS_TOY_RESULTS_H

#include <hdf5.h>

#include "sim/results.h"

#define TOY_CONFIG "run = { name = \"fish \xc3\xa0 la carte\"; };\n"

enum { TOY_SCENARIOS = 3, TOY_POLICIES = 2, TOY_METRICS = 5, TOY_TIMES = 6, TOY_REPLICATES = 5 };

struct toy_results {
    struct study study;
    struct record record;
    struct journal *journal;
};

extern const struct results_provenance toy_provenance;

/* Runs on `threads` threads into the journal "toy.partial". */
void toy_results_run(struct toy_results *toy, uint32_t threads);
void toy_results_run_as(struct toy_results *toy, uint32_t threads, enum study_output output);

/* The same study with so many replicates, none of them in the journal yet. */
void toy_results_empty(struct toy_results *toy, uint32_t replicates);
void toy_results_empty_as(struct toy_results *toy, uint32_t replicates, enum study_output output);

void toy_results_close(struct toy_results *toy);

/* What goes into its file. */
struct results_content toy_results_content(const struct toy_results *toy);

/* Writes the file and expects that to work. */
void toy_results_write(const struct toy_results *toy, const char *path, char digest[RESULTS_DIGEST]);

/* run, write, close: just a file. */
void toy_results_file(const char *path, char digest[RESULTS_DIGEST]);

/* The same in a folder that is gone afterwards; the file's bytes, to be freed. NULL: it could not be made. */
char *toy_results_original(size_t *size, char digest[RESULTS_DIGEST]);

/* What a dataset, which must be of this shape, holds; to be freed. */
double *toy_results_doubles(hid_t file, const char *path, int rank, const hsize_t *shape);

#endif
