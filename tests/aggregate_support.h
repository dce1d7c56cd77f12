/* A record of two scenarios and three metrics, one of each kind, without a study: for tests of what is kept of many records. */
#ifndef TESTS_AGGREGATE_SUPPORT_H
#define TESTS_AGGREGATE_SUPPORT_H

#include "sim/aggregate.h"

enum { SUPPORT_SCENARIOS = 2, SUPPORT_METRICS = 3, SUPPORT_LENGTH = 2,
       SUPPORT_VALUES = SUPPORT_SCENARIOS * SUPPORT_METRICS * SUPPORT_LENGTH };
enum { SUPPORT_flow, SUPPORT_stock, SUPPORT_share };

/* The second scenario is the one that is compared with. */
extern const struct record support_record;

unsigned char *support_bytes(const struct aggregate *a); /* aggregate_size(a) of them, to be freed */

#endif
