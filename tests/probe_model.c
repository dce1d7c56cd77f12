/* A model that tells what is done to it: see the header. */
#include "tests/probe_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct probe_world {
    struct luck luck;
    int32_t today;
    atomic_uint here; /* parts that have come to where they are to meet */
};

struct probe probe;

static void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void trace(const char *format, ...)
{
    if (!probe.tracing) return;
    size_t used = strlen(probe.trace);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(probe.trace + used, sizeof probe.trace - used, format, arguments);
    va_end(arguments);
}

static int fails(atomic_int *calls, int number, struct error *e, const char *what)
{
    if (atomic_fetch_add(calls, 1) + 1 != number) return 0;
    return probe.silent ? -1 : error_set(e, ERROR_FAILURE, "%s failed as asked", what);
}

/* Both are here before either goes on, if two threads are at it. */
static void meet_by(atomic_uint *here)
{
    enum { PATIENCE = 20000 /* times a millisecond */, BOTH = 2 };
    const unsigned before = atomic_fetch_add(here, 1), both = before / BOTH * BOTH + BOTH;
    for (int i = 0; i < PATIENCE && atomic_load(here) < both; i++) {
        if (probe.missed > 0) return;
        usleep(1000);
    }
    atomic_fetch_add(atomic_load(here) < both ? &probe.missed : &probe.met, 1);
}

static void meet(struct world *w, int where)
{
    if (probe.meet == where) meet_by(&((struct probe_world *)w)->here);
}

#define LEVERS(P) P(real, lever, 1, 0, 9, "1", lever, "tells policies apart", "assumed")
#define METRICS(M)                                                                                                     \
    M(flow, steps, "1", "part-days lived")                                                                             \
    M(stock, level, "day", "day of the last dawn, of one part")                                                        \
    M(stock, who, "1", "replicate, of one part")                                                                       \
    M(pooled, ratio, "1", "mean day and part of the days below 100 that three divides, since the last record")
DECLARE_PARAMETERS(LEVERS)
DECLARE_METRICS(METRICS)

static double lever_of(const void *parameters) { return ((const struct parameters *)parameters)->lever; }

static void probe_start(struct world *w, uint32_t part, const void *parameters)
{
    meet(w, PROBE_START);
    trace(" s%u:%g", part, lever_of(parameters));
}

static void probe_enact(struct world *w, uint32_t part, const void *parameters)
{
    (void)w;
    trace(" e%u:%g", part, lever_of(parameters));
}

static void probe_step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    const struct probe_world *own = (const struct probe_world *)w;
    struct metrics *m = metrics;
    meet(w, PROBE_STEP);
    trace(" t%u:%g", part, lever_of(parameters));
    m->steps += 1;
    if (own->today >= 100 || own->today % 3 != 0) return;
    m->ratio.sum += own->today + (int32_t)part;
    m->ratio.weight += 1;
}

static void probe_observe(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    const struct probe_world *own = (const struct probe_world *)w;
    struct metrics *m = metrics;
    meet(w, PROBE_OBSERVE);
    trace(" o%u:%g", part, lever_of(parameters));
    m->level = part == 0 ? own->today : 0;
    m->who = part == 0 ? own->luck.replicate : 0;
}

static void quiet_step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    (void)w;
    assert_null(parameters);
    assert_null(metrics);
    trace(" q%u", part);
}

static const struct submodel probe_submodel = {
    .name = "policy",
    .purpose = "tells",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .start = probe_start,
    .enact = probe_enact,
    .step = probe_step,
    .observe = probe_observe,
};
static const struct submodel quiet_submodel = {.name = "quiet", .purpose = "has nothing", .step = quiet_step};
static const struct submodel idle_submodel = {.name = "idle", .purpose = "does nothing"};
static const struct submodel *const probe_schedule[] = {&idle_submodel, &probe_submodel, &quiet_submodel, NULL};

static int probe_create(struct world **w, const void *const *groups, const struct exchange_range *parts,
                        const struct luck *luck, const struct calendar *calendar, struct error *e)
{
    *w = NULL;
    (void)calendar, (void)parts;
    trace(" N%u:%g", luck->replicate, lever_of(groups[1]));
    if (fails(&probe.created, probe.fail_create, e, "create") != 0) {
        atomic_fetch_sub(&probe.created, 1);
        return -1;
    }
    struct probe_world *own = calloc(1, sizeof *own);
    if (own == NULL) return error_memory(e, "a world", sizeof *own);
    own->luck = *luck;
    *w = (struct world *)own;
    return 0;
}

static int probe_create_part(struct world *w, uint32_t part, struct error *e)
{
    meet(w, PROBE_CREATE);
    trace(" n%u", part);
    if (probe.fail_parts) return error_set(e, ERROR_FAILURE, "part %u failed as asked", part);
    return fails(&probe.created_parts, probe.fail_create_part, e, "create_part");
}

static int probe_copy(struct world *to, const struct world *from, struct error *e)
{
    trace(" Y");
    *(struct probe_world *)to = *(const struct probe_world *)from;
    return fails(&probe.copied, probe.fail_copy, e, "copy");
}

static int probe_copy_part(struct world *to, const struct world *from, uint32_t part, struct error *e)
{
    (void)from;
    meet(to, PROBE_COPY);
    trace(" y%u", part);
    return fails(&probe.copied_parts, probe.fail_copy_part, e, "copy_part");
}

static void probe_destroy(struct world *w)
{
    if (w == NULL) return;
    atomic_fetch_add(&probe.destroyed, 1);
    free(w);
}

static void probe_govern(struct world *w, const void *const *groups)
{
    (void)w;
    trace(" g:%g", lever_of(groups[1]));
}

static void probe_govern_part(struct world *w, uint32_t part, const void *const *groups)
{
    (void)w;
    trace(" G%u:%g", part, lever_of(groups[1]));
}

static void probe_dawn_part(struct world *w, uint32_t part, int32_t day)
{
    (void)w;
    trace(" w%u:%d", part, day);
}

static void probe_dusk_part(struct world *w, uint32_t part)
{
    (void)w;
    trace(" l%u", part);
}

static void probe_dawn(struct world *w, int32_t day)
{
    ((struct probe_world *)w)->today = day;
    if (probe.meet == PROBE_SCENARIOS && day == probe.first_day) meet_by(&probe.scenarios_here);
    trace(" | d%d", day);
    if (probe.stop) atomic_fetch_add(&probe.late, 1);
    if (atomic_fetch_add(&probe.dawns, 1) + 1 == probe.stop_at) probe.stop = 1;
}

static int probe_couple(struct world *w, struct exchange *x, struct error *e)
{
    (void)w, (void)x;
    trace(" c");
    return fails(&probe.coupled, probe.fail_couple, e, "couple");
}

static uint32_t probe_parts(const void *const *groups)
{
    (void)groups;
    return PROBE_PARTS;
}

static uint64_t probe_population(const struct world *w)
{
    (void)w;
    return probe.large ? 100000000 : 7;
}

static int probe_verify(const struct world *w, struct error *e)
{
    (void)w;
    trace(" V");
    return fails(&probe.verified, probe.fail_verify, e, "verify");
}

static const struct model model_that_tells = {
    .name = "probe",
    .title = "Tells",
    .version = "1",
    .policy = "policy",
    .schedule = probe_schedule,
    .create = probe_create,
    .create_part = probe_create_part,
    .copy = probe_copy,
    .copy_part = probe_copy_part,
    .destroy = probe_destroy,
    .parts = probe_parts,
    .govern = probe_govern,
    .govern_part = probe_govern_part,
    .dawn = probe_dawn,
    .dawn_part = probe_dawn_part,
    .dusk_part = probe_dusk_part,
    .couple = probe_couple,
    .population = probe_population,
    .verify = probe_verify,
};

void probe_study(struct study *s, uint32_t replicates, int32_t burn_in, int32_t horizon)
{
    memset(&probe, 0, sizeof probe);
    study_init(s, &model_that_tells);
    s->replicates = replicates;
    s->calendar = (struct calendar){.burn_in = burn_in, .horizon = horizon};
    probe.first_day = burn_in;
    s->record_before = 0;
    study_add_policy(s, "one", -1, NULL);
    study_add_policy(s, "two", 0, NULL);
    assert_int_equal(study_set(s, 1, "policy.lever", 2, NULL), 0);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(study_add_scenario(s, i ? "two" : "one", NULL), 0);
        assert_int_equal(study_add_phase(s, i, 0, i, NULL), 0);
    }
    assert_int_equal(study_check(s, NULL), 0);
}
