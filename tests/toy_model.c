/* The toy's world: two lakes, between which a fish may swim each night. */
#include "tests/toy_model.h"

#include <stdlib.h>
#include <string.h>

static const struct submodel *const schedule[] = {&toy_policy, &toy_growth, &toy_harvest, NULL};
enum { POLICY, GROWTH };

static uint32_t places_in(const void *const *groups)
{
    return (uint32_t)parameter_value(parameter_find(toy_growth.parameters, "places"), groups[GROWTH]);
}

static double memory(const void *const *groups, const struct calendar *calendar)
{
    (void)calendar;
    return (double)sizeof(struct world) + (double)TOY_LAKES * places_in(groups) * sizeof(uint16_t);
}

static void destroy(struct world *w)
{
    if (w == NULL) return;
    for (uint32_t i = 0; i < TOY_LAKES; i++) free(w->lake[i].age);
    free(w);
}

static int create(struct world **w, const void *const *groups, const struct exchange_range *lakes, const struct luck *luck,
                  const struct calendar *calendar, struct error *e)
{
    (void)calendar, (void)lakes; /* one process has both */
    uint32_t places = places_in(groups);
    *w = calloc(1, sizeof **w);
    bool made = *w != NULL;
    for (uint32_t i = 0; made && i < TOY_LAKES; i++) {
        (*w)->lake[i].age = calloc(places, sizeof(uint16_t));
        made = (*w)->lake[i].age != NULL;
    }
    if (!made) {
        destroy(*w);
        *w = NULL;
        return error_memory(e, "the lakes", memory(groups, calendar));
    }
    (*w)->luck = *luck;
    (*w)->places = places;
    (*w)->policy = groups[POLICY];
    return 0;
}

static int copy(struct world *to, const struct world *from, struct error *e)
{
    if (to->places != from->places) return error_set(e, ERROR_FAILURE, "the worlds differ in size");
    struct toy_lake lakes[TOY_LAKES];
    memcpy(lakes, to->lake, sizeof lakes);
    *to = *from;
    for (uint32_t i = 0; i < TOY_LAKES; i++) {
        memcpy(lakes[i].age, from->lake[i].age, from->places * sizeof(uint16_t));
        to->lake[i].age = lakes[i].age;
    }
    return 0;
}

static uint32_t parts(const void *const *groups)
{
    (void)groups;
    return TOY_LAKES;
}

static void govern(struct world *w, const void *const *groups) { w->policy = groups[POLICY]; }

static void dawn(struct world *w, int32_t day) { w->luck.day = (uint32_t)day; }

bool toy_settle(struct world *w, uint32_t lake)
{
    struct toy_lake *l = &w->lake[lake];
    for (uint32_t i = 0; i < w->places; i++) {
        if (l->age[i] != 0) continue;
        l->age[i] = 1;
        l->fish++;
        return true;
    }
    return false;
}

/* The fish in the last place of the fuller lake swims to the other. */
static void swim(struct world *w)
{
    if (w->lake[0].fish == w->lake[1].fish) return;
    uint32_t from = w->lake[0].fish > w->lake[1].fish ? 0 : 1;
    struct toy_lake *l = &w->lake[from];
    for (uint32_t i = w->places; i > 0; i--) {
        if (l->age[i - 1] == 0) continue;
        if (!toy_settle(w, 1 - from)) return;
        l->age[i - 1] = 0;
        l->fish--;
        return;
    }
}

static int couple(struct world *w, struct exchange *x, struct error *e)
{
    (void)x, (void)e;
    swim(w);
    return 0;
}

static uint64_t population(const struct world *w) { return (uint64_t)w->lake[0].fish + w->lake[1].fish; }

static int verify(const struct world *w, struct error *e)
{
    for (uint32_t k = 0; k < TOY_LAKES; k++) {
        uint32_t found = 0;
        for (uint32_t i = 0; i < w->places; i++) found += w->lake[k].age[i] != 0;
        if (found != w->lake[k].fish) {
            return error_set(e, ERROR_FAILURE, "lake %u: %u fish were counted, %u are known", k, found,
                             w->lake[k].fish);
        }
    }
    return 0;
}

static const char *const headline[] = {"fish", "mean_age", NULL};

const struct model toy_model = {
    .name = "toy",
    .title = "Fish in two lakes",
    .version = "1",
    .policy = "policy",
    .schedule = schedule,
    .memory = memory,
    .create = create,
    .copy = copy,
    .destroy = destroy,
    .parts = parts,
    .govern = govern,
    .dawn = dawn,
    .couple = couple,
    .population = population,
    .verify = verify,
    .headline = headline,
};
