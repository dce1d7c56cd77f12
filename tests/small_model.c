/* The engine's fixture: see the header. */
#include "tests/small_model.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_PARTS = 16, LUCK_DRAW = 1 };

struct world {
    struct luck luck;
    double state[MAX_PARTS];
    double enactments[MAX_PARTS];
    double push;
    struct exchange_range parts;
    uint32_t persons;
    int32_t break_on_day;
    int32_t today;
};

#define NATURE(P)                                                                                                         \
    P(whole, parts, 1, 1, MAX_PARTS, "1", structural, "parts of a world", "assumed")                                      \
    P(whole, persons, 100, 1, 1000000, "persons", structural, "what the model says its population is", "assumed")         \
    P(whole, break_on_day, -1, -1, 100000, "days", structural, "day on which verify fails", "assumed")                    \
    P(choice, weather, 1, 0, 1, "rain|sun", uncertain, "a choice that does nothing", "assumed")
#define NATURE_METRICS(M)                                                                                                 \
    M(flow, steps, "1", "part-days lived")                                                                                \
    M(flow, luck, "1", "sum of the day's draws")                                                                          \
    M(stock, state, "1", "sum of all draws so far")                                                                       \
    M(stock, today, "days", "day of the last dawn, summed over the parts")                                                \
    M(share, never, "1", "a share without weight")

struct nature {
    NATURE(FIELD_PARAMETER_MEMBER)
};
struct nature_metrics {
    NATURE_METRICS(FIELD_METRIC_MEMBER)
};
typedef struct nature field_parameters;
typedef struct nature_metrics field_metrics;
static const struct parameter nature_rows[] = {NATURE(FIELD_PARAMETER_ROW){0}};
static const struct metric nature_metric_rows[] = {NATURE_METRICS(FIELD_METRIC_ROW){0}};

static void nature_step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    (void)parameters;
    struct nature_metrics *m = metrics;
    double draw = luck_uniform(&w->luck, LUCK_DRAW, w->parts.first + part, 0);
    w->state[part] += draw;
    m->luck += draw;
    m->steps += 1;
}

static void nature_observe(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    (void)parameters;
    struct nature_metrics *m = metrics;
    m->state = w->state[part];
    m->today = w->today;
    m->never = (struct share){0, 0};
}

static const struct submodel nature = {
    .name = "nature", .purpose = "draws", .parameters = nature_rows, .parameters_size = sizeof(struct nature),
    .metrics = nature_metric_rows, .metrics_size = sizeof(struct nature_metrics), .step = nature_step,
    .observe = nature_observe,
};

/* A second set of rows needs types of its own; the macros take them by these names. */
#define field_parameters struct policy_levers
#define field_metrics struct policy_metrics
#define LEVERS(P) P(real, push, 1, 0, 10, "1/day", lever, "what the policy adds every day", "assumed")
#define POLICY_METRICS(M)                                                                                                 \
    M(flow, pushed, "1", "what the policy added")                                                                         \
    M(stock, enactments, "1", "calls of enact so far")                                                                    \
    M(share, fraction, "1", "push over parts, on days not divisible by 7")
struct policy_levers {
    LEVERS(FIELD_PARAMETER_MEMBER)
};
struct policy_metrics {
    POLICY_METRICS(FIELD_METRIC_MEMBER)
};
static const struct parameter lever_rows[] = {LEVERS(FIELD_PARAMETER_ROW){0}};
static const struct metric policy_metric_rows[] = {POLICY_METRICS(FIELD_METRIC_ROW){0}};

static void policy_enact(struct world *w, uint32_t part, const void *parameters)
{
    (void)parameters;
    w->enactments[part]++;
}

static void policy_step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    (void)w, (void)part;
    const struct policy_levers *p = parameters;
    struct policy_metrics *m = metrics;
    m->pushed += p->push;
}

static void policy_observe(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    const struct policy_levers *p = parameters;
    struct policy_metrics *m = metrics;
    m->enactments = w->enactments[part];
    m->fraction = w->today % 7 == 0 ? (struct share){0, 0} : (struct share){p->push, 1};
}

static const struct submodel policy = {
    .name = "policy", .purpose = "pushes", .parameters = lever_rows, .parameters_size = sizeof(struct policy_levers),
    .metrics = policy_metric_rows, .metrics_size = sizeof(struct policy_metrics), .enact = policy_enact,
    .step = policy_step, .observe = policy_observe,
};

static double memory(const void *const *groups, const struct calendar *calendar)
{
    (void)groups, (void)calendar;
    return sizeof(struct world);
}

static void govern(struct world *w, const void *const *groups)
{
    const struct nature *p = groups[0];
    w->persons = (uint32_t)p->persons;
    w->break_on_day = p->break_on_day;
}

static int create(struct world **w, const void *const *groups, const struct exchange_range *own, const struct luck *luck,
                  const struct calendar *calendar, struct error *e)
{
    (void)calendar;
    *w = calloc(1, sizeof **w);
    if (*w == NULL) return error_memory(e, "a world", sizeof **w);
    (*w)->luck = *luck;
    (*w)->parts = *own;
    govern(*w, groups);
    return 0;
}

static int copy(struct world *to, const struct world *from, struct error *e)
{
    (void)e;
    *to = *from;
    return 0;
}

static void destroy(struct world *w)
{
    free(w);
}

static uint32_t parts(const void *const *groups)
{
    return (uint32_t)((const struct nature *)groups[0])->parts;
}

static void dawn(struct world *w, int32_t day)
{
    w->today = day;
    w->luck.day = (uint32_t)day;
}

static uint64_t population(const struct world *w)
{
    return w->persons;
}

static int verify(const struct world *w, struct error *e)
{
    if (w->break_on_day < 0 || w->today != w->break_on_day) return 0;
    return error_set(e, ERROR_FAILURE, "broken as asked");
}

static const struct submodel *const schedule[] = {&nature, &policy, NULL};
static const char *const headline[] = {"state", "fraction", NULL};

const struct model small_model = {
    .name = "small", .title = "A model small enough to be worked out by hand", .version = "1", .policy = "policy",
    .schedule = schedule, .memory = memory, .create = create, .copy = copy, .destroy = destroy, .parts = parts,
    .govern = govern, .dawn = dawn, .population = population, .verify = verify, .headline = headline,
};

/* The calls cannot fail but for want of memory, and the tests' assertions would show that. */
void small_study(struct study *s, uint32_t replicates, int32_t n_parts)
{
    study_init(s, &small_model);
    snprintf(s->name, sizeof s->name, "small");
    s->replicates = replicates;
    s->calendar = (struct calendar){.burn_in = 50, .horizon = 200};
    s->record_every = 30;
    s->record_before = 30;
    study_add_policy(s, "calm", -1, NULL);
    study_set(s, -1, "nature.parts", n_parts, NULL);
    study_add_policy(s, "pushy", 0, NULL);
    study_set(s, 1, "policy.push", 3, NULL);
    static const char *const names[] = {"calm", "pushy", "later"};
    for (uint32_t i = 0; i < 3; i++) {
        study_add_scenario(s, names[i], NULL);
        study_add_phase(s, i, 0, i == 1 ? 1 : 0, NULL);
    }
    study_add_phase(s, 2, 40, 1, NULL);
}
