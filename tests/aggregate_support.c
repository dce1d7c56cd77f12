#include "tests/aggregate_support.h"

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
