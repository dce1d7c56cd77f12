/* The model on one page: the schedule of a day, in the order of the ODD, and the life of a world. */
#include "models/relocation.h"
#include "models/submodels.h"
#include "models/world.h"

/* One day of a city, top to bottom. What a stage leaves (arrests, operations, reports, signals) later stages find. */
static const struct submodel *const schedule[] = {
    &submodel_region,      /* how large the world is                          */
    &submodel_policy,      /* levers                                          */
    &submodel_market,      /* price                                           */
    &submodel_venues,      /* what kinds of place mean                        */
    &submodel_fear,        /* how fear of the police rises and fades          */
    &submodel_traffickers, /* active or dormant; supply; entry                */
    &submodel_owners,      /* none, open, covert or private exploitation      */
    &submodel_staffing,    /* dismissals, refilling, return from the street   */
    &submodel_persons,     /* leaving, coming of age, escape, help, infection */
    &submodel_violence,    /* by clients, owners and traffickers; reports     */
    &submodel_police,      /* officers, shakedowns, sweeps, rescue operations */
    &submodel_care,        /* aftercare, re-trafficking                       */
    &submodel_health,      /* backlash, outreach, clinics                     */
    &submodel_board,       /* workers' boards                                 */
    &submodel_court,       /* remand, trial, verdict, pardon                  */
    &submodel_beliefs,     /* learning and forgetting                         */
    &submodel_survey,      /* what a field team sees                          */
    &submodel_costs,       /* what it cost                                    */
    &submodel_observation, /* the truth                                       */
    NULL,
};

/* The groups that several sub-models read, by their place in the schedule. */
enum { GROUP_REGION, GROUP_POLICY, GROUP_MARKET, GROUP_VENUES, GROUP_FEAR };

static double memory(const void *const *groups, const struct calendar *calendar)
{
    (void)calendar;
    return world_memory(groups[GROUP_REGION], groups[GROUP_VENUES]);
}

static int create(struct world **w, const void *const *groups, const struct exchange_range *cities, const struct luck *luck,
                  const struct calendar *calendar, struct error *e)
{
    return world_create(w, groups[GROUP_REGION], groups[GROUP_VENUES], cities, luck, calendar, e);
}

static int create_city(struct world *w, uint32_t city, struct error *e) { return city_create(&w->city[city], e); }

static int copy_city(struct world *to, const struct world *from, uint32_t city, struct error *e)
{
    return city_copy(&to->city[city], &from->city[city], e);
}

static void govern_city(struct world *w, uint32_t city, const void *const *groups)
{
    struct city *c = &w->city[city];
    c->region = groups[GROUP_REGION];
    c->policy = groups[GROUP_POLICY];
    c->market = groups[GROUP_MARKET];
    c->rules = groups[GROUP_VENUES];
    c->fears = groups[GROUP_FEAR];
    wants_lay_down(c);
}

/* What one core's own cache holds of the essay's cities, about. */
enum { CITIES_IN_CACHE = 8 };

/* A new day: yesterday's notes are thrown away. */
static void dawn(struct world *w, uint32_t city, int32_t day)
{
    struct city *c = &w->city[city];
    if (w->n_cities > CITIES_IN_CACHE) city_fetch(c);
    city_dawn(c, day);
    c->n_arrests = c->n_signals = c->n_operations = c->n_reports = 0;
    c->visits = c->services = 0;
}

static uint32_t parts(const void *const *groups)
{
    return (uint32_t)((const struct region_parameters *)groups[GROUP_REGION])->cities;
}

static uint64_t population(const struct world *w)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < w->n_cities; i++)
        for (int kind = 0; kind < PLACE_KINDS; kind++)
            for (int class = 0; class < CLASSES; class++) n += w->city[i].count[kind][class];
    return n;
}

static const char *const headline[] = {"minor_prevalence", "health_coverage", "perceived_risk", NULL};

const struct model model = {
    .name = "enforcesim",
    .title = "EnforceSim: what enforcement policies do to people in commercial sex venues",
    .version = "10",
    .policy = "policy",
    .schedule = schedule,
    .memory = memory,
    .create = create,
    .create_part = create_city,
    .copy = world_copy,
    .copy_part = copy_city,
    .destroy = world_destroy,
    .parts = parts,
    .govern_part = govern_city,
    .dawn_part = dawn,
    .dusk_part = relocation_look,
    .couple = relocation,
    .population = population,
    .verify = world_verify,
    .starter = "outreach",
    .headline = headline,
};
