/* The digest of a whole results file; what it covers, results.h says. */
#ifndef SIM_RESULTS_DIGEST_H
#define SIM_RESULTS_DIGEST_H

#include "sim/digest.h"
#include "sim/hdf.h"

/* Adds to the entries of datasets whose values have been fed already all that the file holds besides: other datasets, groups
 * and attributes. Reads them from the open file, which must have been flushed when it is being written. hex gets 64 digits
 * and a zero, unless something failed; the entries are used up. */
void results_digest(struct hdf *f, struct digest_entry *entries, size_t n, char hex[65]);

#endif
