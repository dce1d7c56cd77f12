/* Workers' board: in the venues it covers it finds exploited persons, without any sanction of owners but the loss itself. */
#include "models/world.h"
#include "models/submodels.h"

/* clang-format off */
#define PARAMETERS(P)                                                                                                                 \
    P(real, board_detection,   0.002, 0, 1, "1/day", uncertain, "rate at which an honest board finds an exploited person in a covered venue", "prototype: with board_honesty some 0.4 of entrants to covered venues are found; FACTS C: screening 0.2-0.95") \
    P(real, board_removal,     0.5,   0, 1, "1",     uncertain, "chance that a person found leaves exploitation", "prototype")        \
    P(real, board_honesty,     0.9,   0, 1, "1",     uncertain, "share of findings that owners' influence does not suppress", "FACTS 3 and C: 0.4-1.0") \
    P(real, board_obstruction, 0.5,   0, 1, "1",     uncertain, "chance that a board prevents a rescue operation in a covered venue", "prototype; essay: 'physically interfered'")

#define METRICS(M)                                                                                                                    \
    M(flow, board_findings, "persons", "exploited persons found by a workers' board")                                              \
    M(flow, board_removals, "persons", "exploited persons who left with the help of a workers' board")
/* clang-format on */
DECLARE_PARAMETERS(PARAMETERS)
DECLARE_METRICS(METRICS)

/* Coverage is nested: a venue covered at one share is covered at every larger one. */
static void enact(struct world *w, uint32_t part, const void *parameters)
{
    struct city *c = &w->city[part];
    const struct parameters *p = parameters;
    struct luck always = c->luck;
    always.day = 0;
    for (uint32_t v = 0; v < c->venues; v++)
        c->covered[v] = luck_uniform(&always, DRAW_BOARD_COVER, v, 0) < c->policy->board_coverage;
    c->board_obstruction = p->board_obstruction;
}

static void find(struct city *c, const struct parameters *p, struct metrics *m, uint32_t venue, uint32_t seat, double chance)
{
    struct words w = luck_words(&c->luck, DRAW_BOARD_FINDS, seat, 0);
    if (unit_interval(w.word[0]) >= chance) return;
    m->board_findings++;
    if (unit_interval(w.word[1]) >= p->board_removal) return;
    c->losses[venue] += 1;
    seat_leave(c, seat);
    m->board_removals++;
}

static void step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    struct city *c = &w->city[part];
    const struct parameters *p = parameters;
    double chance = daily_chance(p->board_detection * p->board_honesty);
    if (c->policy->board_coverage <= 0) return;
    for (uint32_t v = 0; v < c->venues; v++)
        if (c->covered[v])
            for (uint64_t exploited = c->exploited[v]; exploited;)
                find(c, p, metrics, v, next_seat(c, v, &exploited), chance);
}

const struct submodel submodel_board = {
    .name = "board",
    .purpose = "workers' boards find exploited persons in covered venues and obstruct police operations there",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .enact = enact,
    .step = step,
};
