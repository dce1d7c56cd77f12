/* Worlds and what is done to all their parts: see the header. */
#include "sim/run_world.h"

#include <stdlib.h>

enum { SPREAD_FROM = 100000 /* persons in a world from which on a day is worth several threads */ };

/* ---- all parts of a world ---- */

static void round_fail(struct round *round, uint32_t part, const struct error *error)
{
    struct job *job = round->unit->job;
    pthread_mutex_lock(&job->mutex);
    if (part < atomic_load(&round->failed)) {
        atomic_store(&round->failed, part);
        *round->error = *error;
    }
    pthread_mutex_unlock(&job->mutex);
}

static void draw_parts(void *what)
{
    struct round *round = what;
    const uint32_t parts = round->slot->parts;
    for (uint32_t part = atomic_fetch_add(&round->next, 1); part < parts; part = atomic_fetch_add(&round->next, 1))
        if (part < atomic_load_explicit(&round->failed, memory_order_relaxed)) round->work(round, part);
}

/* Parts do not touch each other meanwhile. */
int run_round(struct round *round, bool large)
{
    struct job *job = round->unit->job;
    const uint32_t parts = round->slot->parts;
    const bool offers = large && parts > 1 && job->threads > 1;
    struct offer offer = {.take = draw_parts, .what = round, .brief = true, .places = parts - 1};
    atomic_init(&round->next, 0);
    atomic_init(&round->failed, UINT32_MAX);
    if (offers) run_crew_offer(&job->crew, &offer);
    draw_parts(round);
    if (offers) run_crew_withdraw(&job->crew, &offer);
    return atomic_load(&round->failed) == UINT32_MAX ? 0 : -1;
}

bool run_is_large(const struct job *job, const struct slot *slot)
{
    return slot->parts > 1 && job->model->population(slot->world) >= SPREAD_FROM;
}

/* ---- worlds ---- */

void run_slot_destroy(const struct job *job, struct slot *slot)
{
    if (slot == NULL) return;
    job->model->destroy(slot->world);
    tally_free(&slot->tally);
    free(slot);
}

/* A world whose parts are still to be made, or to become copies. */
static struct slot *slot_lay_out(struct unit *unit)
{
    struct job *job = unit->job;
    struct error error = {0};
    const void *const *groups = run_groups(unit, job->s->baseline);
    const struct luck luck = {.seed = job->s->seed, .replicate = unit->replicate};
    const struct exchange_range parts = exchange_parts(&job->exchange, job->model->parts(groups));
    struct slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL) {
        error_memory(&error, "a world", sizeof *slot);
    } else if (job->model->create(&slot->world, groups, &parts, &luck, &job->s->calendar, &error) == 0) {
        slot->parts = parts.end - parts.first;
        if (tally_create(&slot->tally, &job->layout, slot->parts, &error) == 0) return slot;
    }
    error_set(&error, ERROR_FAILURE, "a world could not be created");
    run_unit_fail(unit, &error);
    run_slot_destroy(job, slot);
    return NULL;
}

static void create_part(struct round *round, uint32_t part)
{
    struct error error = {0};
    if (round->unit->job->model->create_part(round->slot->world, part, &error) != 0) round_fail(round, part, &error);
}

struct slot *run_slot_create(struct unit *unit)
{
    struct job *job = unit->job;
    struct error error = {0};
    struct slot *slot = slot_lay_out(unit);
    if (slot == NULL || job->model->create_part == NULL) return slot;
    struct round round = {.unit = unit, .slot = slot, .work = create_part, .error = &error};
    if (run_round(&round, true) == 0) return slot;
    error_set(&error, ERROR_FAILURE, "a world could not be created");
    run_unit_fail(unit, &error);
    run_slot_destroy(job, slot);
    return NULL;
}

static void copy_part(struct round *round, uint32_t part)
{
    struct error error = {0};
    if (round->unit->job->model->copy_part(round->slot->world, round->from->world, part, &error) != 0)
        round_fail(round, part, &error);
}

static int world_copy(struct unit *unit, struct slot *slot, const struct slot *from, struct error *e)
{
    const struct model *model = unit->job->model;
    struct round round = {.unit = unit, .slot = slot, .from = from, .work = copy_part, .error = e};
    if (model->copy(slot->world, from->world, e) != 0) return -1;
    return model->copy_part != NULL ? run_round(&round, true) : 0;
}

/* A slot that holds a copy of `from`. Slots used before are taken first: a copy needs no new memory then. Those of another
 * point may have had more or fewer parts. */
struct slot *run_slot_copy(struct unit *unit, const struct slot *from)
{
    struct job *job = unit->job;
    pthread_mutex_lock(&job->mutex);
    struct slot *slot = job->spare;
    if (slot != NULL) job->spare = slot->next;
    pthread_mutex_unlock(&job->mutex);
    if (slot != NULL && slot->parts != from->parts) {
        run_slot_destroy(job, slot);
        slot = NULL;
    }
    if (slot == NULL) slot = slot_lay_out(unit);
    if (slot == NULL) return NULL;
    struct error error = {0};
    if (world_copy(unit, slot, from, &error) == 0) {
        tally_copy(&slot->tally, &from->tally, &job->layout);
        slot->person_days = 0;
        return slot;
    }
    error_set(&error, ERROR_FAILURE, "a world could not be copied");
    run_unit_fail(unit, &error);
    run_slot_destroy(job, slot);
    return NULL;
}

void run_slot_spare(struct job *job, struct slot *slot)
{
    pthread_mutex_lock(&job->mutex);
    slot->next = job->spare;
    job->spare = slot;
    pthread_mutex_unlock(&job->mutex);
}

void run_slots_free(struct job *job)
{
    while (job->spare != NULL) {
        struct slot *slot = job->spare;
        job->spare = slot->next;
        run_slot_destroy(job, slot);
    }
}
