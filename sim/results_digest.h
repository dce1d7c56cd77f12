/* The digest of a whole results file that is read; what it covers, results.h says. */
#ifndef SIM_RESULTS_DIGEST_H
#define SIM_RESULTS_DIGEST_H

#include "sim/digest.h"
#include "sim/hdf.h"

/* Adds to the digests of datasets whose values have been fed already those of all that the open file holds besides: other
 * datasets, groups and attributes. hex gets 64 digits and a zero, unless something failed; the digests are used up. */
void results_digest(struct hdf *f, struct digest_list *list, char hex[65]);

#endif
