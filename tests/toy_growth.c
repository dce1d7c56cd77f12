/* The toy's births and deaths. */
#include "tests/toy_model.h"

/* clang-format off */
#define PARAMETERS(P)                                                                                                        \
    P(whole,  places,     40, 1, 1000000000, "fish",  structural, "fish a lake can hold",               "assumed")           \
    P(real,   birth_rate, 0.02,  0,       1, "1/day", uncertain,  "births per fish, \"alone\" | first", "assumed, see a, b") \
    P(real,   death_rate, 0.01,  0,       1, "1/day", uncertain,  "deaths per fish",                    "assumed")           \
    P(flag,   crowding,      1,  0,       1, "1",     structural, "whether births fall with crowding",  "assumed")           \
    P(choice, law,           0,  0,       1, "linear|square", structural, "how they fall",              "assumed")
#define METRICS(M)                                                                                                           \
    M(flow,  births,  "fish", "fish born")                                                                                   \
    M(stock, fish,    "fish", "fish alive")                                                                                  \
    M(share, mean_age, "day", "mean age of the fish alive")
/* clang-format on */
DECLARE_PARAMETERS(PARAMETERS)
DECLARE_METRICS(METRICS)

static void start(struct world *w, uint32_t lake, const void *parameters)
{
    (void)parameters;
    for (uint32_t i = 0; i < w->places; i++) {
        if (luck_coin(&w->luck, TOY_FIRST, lake, i, 0.5)) toy_settle(w, lake);
    }
}

static void step(struct world *w, uint32_t lake, const void *parameters, void *metrics)
{
    const struct parameters *p = parameters;
    struct metrics *m = metrics;
    struct toy_lake *l = &w->lake[lake];
    double room = 1 - (double)l->fish / w->places;
    double births = p->birth_rate * (!p->crowding ? 1 : p->law == 0 ? room : room * room);
    for (uint32_t i = 0, n = w->places; i < n; i++) {
        if (l->age[i] == 0) continue;
        if (l->age[i] < UINT16_MAX) l->age[i]++;
        if (luck_coin(&w->luck, TOY_BIRTH, lake, i, daily_chance(births)) && toy_settle(w, lake)) {
            m->births += 1;
        }
        if (luck_coin(&w->luck, TOY_DEATH, lake, i, daily_chance(p->death_rate))) {
            l->age[i] = 0;
            l->fish--;
        }
    }
}

static void observe(struct world *w, uint32_t lake, const void *parameters, void *metrics)
{
    (void)parameters;
    struct metrics *m = metrics;
    const struct toy_lake *l = &w->lake[lake];
    m->fish = l->fish;
    m->mean_age = (struct share){.weight = l->fish};
    for (uint32_t i = 0; i < w->places; i++) m->mean_age.sum += l->age[i];
}

const struct submodel toy_growth = {
    .name = "growth",
    .purpose = "fish are born and die",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .start = start,
    .step = step,
    .observe = observe,
};
