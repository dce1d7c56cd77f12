/* What a results file tells of its making: /parameters, /config and the root's attributes. */
#ifndef SIM_PROVENANCE_H
#define SIM_PROVENANCE_H

#include "sim/hdf.h"
#include "sim/results.h"

/* All but the digest. Errors stay in `f`. */
void provenance_write(struct hdf *f, const struct results_content *content);

#endif
