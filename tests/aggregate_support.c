/* A record for tests of what is kept of many: see the header. */
#include "tests/aggregate_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct metric metrics[SUPPORT_METRICS] = {
    [SUPPORT_flow] = {.name = "births", .kind = METRIC_flow},
    [SUPPORT_stock] = {.name = "fish", .kind = METRIC_stock},
    [SUPPORT_share] = {.name = "young", .kind = METRIC_share},
};
static struct metric_entry entries[SUPPORT_METRICS] = {{.metric = &metrics[0]}, {.metric = &metrics[1]}, {.metric = &metrics[2]}};

const struct record support_record = {
    .output = OUTPUT_quantiles,
    .entries = entries,
    .n_metrics = SUPPORT_METRICS,
    .n_scenarios = SUPPORT_SCENARIOS,
    .n_times = SUPPORT_LENGTH - 1,
    .length = SUPPORT_LENGTH,
    .values = SUPPORT_VALUES,
    .baseline = 1,
};

unsigned char *support_bytes(const struct aggregate *a)
{
    unsigned char *bytes = malloc(aggregate_size(a));
    assert_non_null(bytes);
    aggregate_write(a, bytes);
    return bytes;
}
