/* The engine's loop: units (replicates, or those of a design's points) on threads, one burn-in each, and a copy of the burnt-in
 * world for every scenario but the last, which goes on in that world itself. Threads that find no unit to begin take scenarios and
 * parts of worlds from the others (run_crew.h). Where processes share a world (exchange.h), each goes through the same units and
 * days with its own parts, and all of them leave off after the same gather. */
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "sim/run_job.h"
#include "sim/run_world.h"

enum { REPORT_EVERY = 1 << 21 /* person-days between two calls of progress from one thread */ };

/* ---- units in their order ---- */

uint32_t study_run_units(const struct study *s, const struct run_options *options)
{
    const uint32_t replicates = options->points > 0 ? options->points * s->replicates : s->replicates;
    return options->by_scenario ? replicates * s->n_scenarios : replicates;
}

bool study_run_divides(const struct study *s, const struct run_options *options)
{
    struct run_options whole = *options;
    whole.by_scenario = false;
    return s->n_scenarios > 1 && (uint64_t)study_run_units(s, &whole) * s->n_scenarios < UINT32_MAX;
}

size_t study_run_delivered(const struct study *s, const struct run_options *options)
{
    const size_t all = options->pack != NULL ? options->packed : study_values(s);
    return options->by_scenario ? all / s->n_scenarios : all;
}

/* Units go to whichever thread is free. */
static uint32_t next_unit(struct job *job)
{
    const struct run_options *options = job->options;
    const uint32_t units = study_run_units(job->s, options);
    uint32_t unit = UINT32_MAX;
    if (options->next != NULL) {
        unit = options->next(options->context);
    } else {
        do unit = atomic_fetch_add(&job->begun, 1);
        while (unit < units && options->skip != NULL && options->skip[unit]);
    }
    return unit < units ? unit : UINT32_MAX;
}

uint32_t study_run_threads(uint32_t wished)
{
#ifdef _OPENMP
    const uint32_t offered = (uint32_t)omp_get_max_threads(); /* OMP_NUM_THREADS may say anything */
    if (wished > 0) return wished;
    return offered < RUN_MOST_THREADS ? offered : RUN_MOST_THREADS;
#else
    (void)wished;
    return 1;
#endif
}

static void report(struct job *job, struct slot *slot)
{
    run_report(job, slot->person_days);
    slot->person_days = 0;
}

/* ---- one day ---- */

static void enact_part(struct round *round, uint32_t part)
{
    const struct model *model = round->unit->job->model;
    struct world *w = round->slot->world;
    if (model->govern_part != NULL) model->govern_part(w, part, round->groups);
    for (size_t row = 0; model->schedule[row] != NULL; row++) {
        const struct submodel *submodel = model->schedule[row];
        if (submodel->enact != NULL) submodel->enact(w, part, round->groups[row]);
    }
}

static void live_part(struct round *round, uint32_t part)
{
    const struct job *job = round->unit->job;
    struct slot *slot = round->slot;
    if (job->model->dawn_part != NULL) job->model->dawn_part(slot->world, part, round->day);
    if (round->changes) enact_part(round, part);
    for (size_t row = 0; job->model->schedule[row] != NULL; row++) {
        const struct submodel *submodel = job->model->schedule[row];
        if (submodel->step == NULL) continue;
        submodel->step(slot->world, part, round->groups[row], tally_metrics(&slot->tally, &job->layout, part, row));
    }
    if (job->model->dusk_part != NULL) job->model->dusk_part(slot->world, part);
}

static int verify(struct unit *unit, const struct slot *slot, int32_t t)
{
    const struct job *job = unit->job;
    if (!job->options->verify || job->model->verify == NULL) return 0;
    struct error found = {0}, error = {0};
    if (job->model->verify(slot->world, &found) == 0) return run_together(job) ? run_all_go_on(unit) : 0;
    error_set(&error, ERROR_FAILURE, "replicate %u, day %d of the policy: %.900s", unit->replicate, t, found.text);
    run_unit_fail(unit, &error);
    return run_together(job) ? run_all_go_on(unit) : -1;
}

/* What passes between parts. Also where nothing does, processes learn once a day whether all of them can go on. */
static int couple(struct unit *unit, struct slot *slot)
{
    const struct model *model = unit->job->model;
    struct exchange x = run_exchange(unit);
    struct error error = {0};
    const int status = model->couple != NULL ? model->couple(slot->world, &x, &error) : 0;
    if (status != 0 && !run_together(unit->job) && run_go_on(unit) == 0)
        error_set(&error, ERROR_FAILURE, "the parts of a world could not be coupled");
    if (run_gathered(unit, status, &error) != 0) return -1;
    return run_together(unit->job) && x.gathers == unit->job->exchange.gathers ? run_all_go_on(unit) : 0;
}

/* The day that begins at t, in days since the policy starts; a new policy comes into force in its morning. */
static int live(struct unit *unit, struct slot *slot, uint32_t policy, bool changes, int32_t t)
{
    struct job *job = unit->job;
    if (!run_together(job) && run_go_on(unit) != 0) return -1;
    struct round day = {.unit = unit, .slot = slot, .groups = run_groups(unit, policy), .day = job->s->calendar.burn_in + t,
                        .changes = changes, .work = live_part};
    if (job->model->dawn != NULL) job->model->dawn(slot->world, day.day);
    if (changes && job->model->govern != NULL) job->model->govern(slot->world, day.groups);
    run_round(&day, run_is_large(job, slot));
    if (couple(unit, slot) != 0) return -1;
    slot->person_days += job->model->population(slot->world);
    if (!run_together(job) && slot->person_days >= REPORT_EVERY) report(job, slot);
    return verify(unit, slot, t);
}

static void start_part(struct round *round, uint32_t part)
{
    const struct model *model = round->unit->job->model;
    struct world *w = round->slot->world;
    if (model->govern_part != NULL) model->govern_part(w, part, round->groups);
    for (size_t row = 0; model->schedule[row] != NULL; row++) {
        const struct submodel *submodel = model->schedule[row];
        if (submodel->start != NULL) submodel->start(w, part, round->groups[row]);
    }
}

static void start(struct unit *unit, struct slot *slot)
{
    const struct job *job = unit->job;
    struct round round = {.unit = unit, .slot = slot, .groups = run_groups(unit, job->s->baseline), .work = start_part};
    if (job->model->govern != NULL) job->model->govern(slot->world, round.groups);
    run_round(&round, true);
    round.work = enact_part;
    if (job->model->govern != NULL) job->model->govern(slot->world, round.groups);
    run_round(&round, true);
}

static void observe_part(struct round *round, uint32_t part)
{
    const struct job *job = round->unit->job;
    struct slot *slot = round->slot;
    for (size_t row = 0; job->model->schedule[row] != NULL; row++) {
        const struct submodel *submodel = job->model->schedule[row];
        if (submodel->observe == NULL) continue;
        submodel->observe(slot->world, part, round->groups[row], tally_metrics(&slot->tally, &job->layout, part, row));
    }
}

static void observe(struct unit *unit, struct slot *slot, uint32_t policy)
{
    struct round round = {.unit = unit, .slot = slot, .groups = run_groups(unit, policy), .work = observe_part};
    run_round(&round, run_is_large(unit->job, slot));
}

/* At a record: how many days all processes have simulated since the last, to the leader. */
static int report_together(struct unit *unit, struct slot *slot)
{
    struct exchange x = run_exchange(unit);
    struct exchange_bytes all;
    struct error error = {0};
    const int status = exchange_gather(&x, &slot->person_days, sizeof slot->person_days, EXCHANGE_TO_LEADER, &all, &error);
    if (run_gathered(unit, status, &error) != 0) return -1;
    slot->person_days = 0;
    for (size_t at = 0; at < all.size; at += sizeof slot->person_days) {
        uint64_t days;
        memcpy(&days, all.bytes + at, sizeof days);
        slot->person_days += days;
    }
    report(unit->job, slot);
    return 0;
}

/* All that the parts have counted, to the leader. */
static int collect(struct unit *unit, struct slot *slot, bool recorded)
{
    struct job *job = unit->job;
    struct exchange x = job->exchange;
    struct error error = {0};
    if (!run_together(job)) return tally_gather(&slot->tally, &job->layout, &x, &error);
    if (recorded && report_together(unit, slot) != 0) return -1;
    x = run_exchange(unit);
    return run_gathered(unit, tally_gather(&slot->tally, &job->layout, &x, &error), &error);
}

/* ---- a unit ---- */

/* The burn-in, recorded as that of the first scenario. *after: the first record that belongs to the horizon. */
static int burn_in(struct unit *unit, struct slot *slot, size_t *after)
{
    const struct study *s = unit->job->s;
    const struct tally_layout *layout = &unit->job->layout;
    size_t next = 0;
    start(unit, slot);
    int32_t t = -s->calendar.burn_in;
    if (verify(unit, slot, t) != 0) return -1;
    for (;; t++) {
        if (t == layout->times[next]) {
            observe(unit, slot, s->baseline);
            if (collect(unit, slot, true) != 0) return -1;
            tally_record(&slot->tally, layout, next++, unit->values);
        }
        if (t >= 0) break;
        if (t == layout->times[0] - s->record_every) tally_clear(&slot->tally, layout);
        if (live(unit, slot, s->baseline, false, t) != 0) return -1;
    }
    *after = next;
    return 0;
}

static int horizon(struct unit *unit, struct slot *slot, const struct scenario *scenario, size_t after, double *values)
{
    const struct tally_layout *layout = &unit->job->layout;
    const int32_t days = unit->job->s->calendar.horizon;
    uint32_t policy = scenario->phases[0].policy, phase = 0;
    size_t next = after;
    tally_summary_begin(&slot->tally, layout, true, values);
    for (int32_t t = 0; t < days; t++) {
        bool changes = false;
        if (phase < scenario->n_phases && scenario->phases[phase].day == t) {
            policy = scenario->phases[phase++].policy;
            changes = true;
        }
        if (live(unit, slot, policy, changes, t) != 0) return -1;
        const bool recorded = t + 1 == layout->times[next], averaged = t + 1 > days - STUDY_SUMMARY_DAYS;
        const bool eve = t + 1 == days - STUDY_SUMMARY_DAYS && !recorded;
        if (recorded || averaged) observe(unit, slot, policy);
        if ((recorded || averaged || eve) && collect(unit, slot, recorded) != 0) return -1;
        if (eve) tally_summary_begin(&slot->tally, layout, false, values);
        if (averaged) tally_summary_add(&slot->tally, layout, values);
        if (recorded) tally_record(&slot->tally, layout, next++, values);
    }
    tally_summary_finish(&slot->tally, layout, after, values);
    return 0;
}

/* A unit whose burn-in is over. */
struct branching {
    struct unit *unit;
    struct slot *burnt_in;
    size_t after; /* the first record of the horizon */
};

/* Scenarios are taken in their order, and each but the last copies the burnt-in world before the next is taken: the last
 * then has that world for itself. NULL: it could not be copied, or none is left. */
static struct slot *take_scenario(struct unit *unit, struct slot *burnt_in, uint32_t *scenario)
{
    struct job *job = unit->job;
    struct slot *slot = NULL;
    pthread_mutex_lock(&job->taking);
    *scenario = unit->taken;
    if (unit->taken < unit->scenarios) slot = ++unit->taken == unit->scenarios ? burnt_in : run_slot_copy(unit, burnt_in);
    pthread_mutex_unlock(&job->taking);
    return slot;
}

/* One more scenario. False: there is none, or the unit ends. */
static bool branch(struct unit *unit, struct slot *burnt_in, size_t after)
{
    struct job *job = unit->job;
    uint32_t scenario;
    if (run_together(job) ? atomic_load(&unit->over) : run_go_on(unit) != 0) return false;
    struct slot *slot = take_scenario(unit, burnt_in, &scenario);
    if (scenario == unit->scenarios) return false;
    const bool all = slot == burnt_in || !run_together(job) || run_all_go_on(unit) == 0;
    int status = -1;
    if (all && slot != NULL)
        status = horizon(unit, slot, &job->s->scenarios[unit->scenario + scenario], after,
                         unit->values + scenario * job->layout.n_metrics * job->layout.length);
    if (status == 0) report(job, slot);
    if (slot != burnt_in && slot != NULL) run_slot_spare(job, slot);
    return status == 0;
}

static void take_branches(void *what)
{
    const struct branching *b = what;
    while (branch(b->unit, b->burnt_in, b->after)) {
    }
}

/* Every scenario shares the records of the burn-in, which were written for the first. */
static void share_burn_in(const struct unit *unit, size_t after)
{
    const struct tally_layout *layout = &unit->job->layout;
    for (size_t i = 1; i < unit->scenarios; i++) {
        double *own = unit->values + i * layout->n_metrics * layout->length;
        for (size_t at = 0; at < layout->n_metrics * layout->length; at += layout->length) {
            memcpy(own + at, unit->values + at, after * sizeof *own);
        }
    }
}

/* Threads that find no unit to begin any more take scenarios; where processes share a world, its parts alone. This thread waits
 * for all that comes of them, and takes parts as well meanwhile. */
static void branch_out(struct unit *unit, struct slot *burnt_in, size_t after)
{
    struct job *job = unit->job;
    struct branching branching = {unit, burnt_in, after};
    const bool offers = unit->scenarios > 1 && job->threads > 1 && !run_together(job);
    struct offer offer = {.take = take_branches, .what = &branching, .places = unit->scenarios - 1};
    if (offers) run_crew_offer(&job->crew, &offer);
    take_branches(&branching);
    if (offers) run_crew_withdraw(&job->crew, &offer);
}

static void simulate(struct unit *unit)
{
    struct job *job = unit->job;
    size_t after = 0;
    struct slot *slot = run_slot_create(unit);
    const bool all = !run_together(job) || run_all_go_on(unit) == 0;
    if (all && slot != NULL && burn_in(unit, slot, &after) == 0) {
        report(job, slot);
        share_burn_in(unit, after);
        branch_out(unit, slot, after);
    }
    run_slot_destroy(job, slot);
}

/* ---- the units ---- */

/* What a thread needs for unit after unit. */
struct workplace {
    struct study own; /* at the point `point` of a design */
    uint32_t point;
    struct error misplaced; /* why the point cannot be run */
    double *values, *packed; /* packed: NULL where values are delivered as they are */
};

static int workplace_create(struct workplace *place, struct job *job)
{
    struct error error = {0};
    *place = (struct workplace){.point = UINT32_MAX, .own = {.model = job->model}};
    const size_t packed = job->options->pack != NULL ? job->options->packed + 1 : 0;
    place->values = calloc(study_values(job->s), sizeof *place->values);
    if (packed > 0) place->packed = calloc(packed, sizeof *place->packed);
    if (place->values == NULL || (packed > 0 && place->packed == NULL)) {
        error_memory(&error, "the results of a replicate", (double)(study_values(job->s) + packed) * sizeof *place->values);
    } else if (job->options->points == 0 || study_copy(&place->own, job->s, &error) == 0) {
        return 0;
    }
    run_fail(job, &error);
    return -1;
}

static void workplace_free(struct workplace *place)
{
    study_free(&place->own);
    free(place->values);
    free(place->packed);
}

/* The thread's study is set anew where the point is another than the last; its units follow each other. */
static void unit_run(struct job *job, struct workplace *place, uint32_t number)
{
    const struct run_options *options = job->options;
    const uint32_t divided = options->by_scenario ? job->s->n_scenarios : 1, whole = number / divided;
    struct unit unit = {.job = job, .s = job->s, .number = number, .replicate = whole % job->s->replicates,
                        .scenario = number % divided, .scenarios = job->s->n_scenarios / divided, .values = place->values,
                        .delivered = place->packed != NULL ? place->packed : place->values};
    atomic_init(&unit.broken, false);
    atomic_init(&unit.over, false);
    if (!run_together(job) && run_go_on(&unit) != 0) return;
    if (options->points > 0 && !atomic_load(&job->ended)) {
        uint32_t point = whole / job->s->replicates;
        unit.s = &place->own;
        if (point != place->point) {
            place->misplaced = (struct error){0};
            place->point = point;
            if (options->place(options->context, point, &place->own, &place->misplaced) != 0)
                error_set(&place->misplaced, ERROR_FAILURE, "the point cannot be run");
        }
        if (place->misplaced.kind != ERROR_NONE) run_unit_fail(&unit, &place->misplaced);
    }
    if ((run_together(job) ? run_all_go_on(&unit) : run_go_on(&unit)) == 0) simulate(&unit);
    run_conclude(&unit);
    if (atomic_load(&job->ended)) return; /* perhaps since there is no memory for values */
    if (options->pack != NULL && options->done != NULL)
        options->pack(options->context, unit.scenarios, place->values, place->packed);
    run_deliver(&unit);
}

static void run_units(struct job *job)
{
    struct workplace place;
    const int status = workplace_create(&place, job);
    while (run_together(job) ? !atomic_load(&job->over) : status == 0 && !atomic_load(&job->ended)) {
        const uint32_t unit = next_unit(job);
        if (unit == UINT32_MAX) break;
        unit_run(job, &place, unit);
    }
    workplace_free(&place);
}

/* What one thread does. Where processes share a world, one thread of each simulates and the others take its parts; a process
 * that has failed goes on to the next gather, where all learn of it. */
static void work(struct job *job)
{
    bool first = true;
#ifdef _OPENMP
    first = omp_get_thread_num() == 0;
#endif
    if (!first) run_crew_begin(&job->crew);
    if (first || !run_together(job)) run_units(job);
    run_crew_serve(&job->crew);
}

int study_run(const struct study *s, const struct run_options *options, struct error *e)
{
    struct job job;
    if (run_job_begin(&job, s, options, e) != 0) return -1;
#pragma omp parallel num_threads(job.threads) default(none) shared(job)
    work(&job);
    run_slots_free(&job);
    return run_job_end(&job, e);
}

int study_run_replicate(const struct study *s, uint32_t replicate, double *values, struct error *e)
{
    struct job job;
    struct run_options alone = {.threads = 1};
    if (run_job_begin(&job, s, &alone, e) != 0) return -1;
    struct unit unit = {.job = &job, .s = s, .number = replicate, .replicate = replicate, .scenarios = s->n_scenarios,
                        .values = values};
    simulate(&unit);
    run_slots_free(&job);
    return run_job_end(&job, e);
}
