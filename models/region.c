/* Region: how many cities, districts, venues, traffickers and officers there are, and what distinguishes venues. */
#include "models/world.h"
#include "models/submodels.h"

PARAMETER_ROWS(struct region_parameters, REGION_PARAMETERS)

static int check(const void *parameters, struct error *e)
{
    const struct region_parameters *p = parameters;
    if (p->districts > p->venues)
        return error_set(e, ERROR_INPUT, "region.districts = %d is more than region.venues = %d; every district needs a venue",
                         p->districts, p->venues);
    if (p->access_minimum > p->access_maximum)
        return error_set(e, ERROR_INPUT, "region.access_minimum = %g is above region.access_maximum = %g", p->access_minimum,
                         p->access_maximum);
    return 0;
}

static void start(struct world *w, uint32_t part, const void *parameters)
{
    struct city *c = &w->city[part];
    const struct region_parameters *p = parameters;
    for (uint32_t v = 0; v < c->venues; v++) {
        double u = luck_uniform(&c->luck, DRAW_VISIBILITY, v, 0), a = luck_uniform(&c->luck, DRAW_ACCESS, v, 0);
        c->visibility[v] = (float)(p->visibility_minimum + (1 - p->visibility_minimum) * u);
        c->access_baseline[v] = (float)(p->access_minimum + (p->access_maximum - p->access_minimum) * a);
        c->access[v] = c->access_baseline[v];
        c->tie[v] = NO_OFFICER;
    }
}

const struct submodel submodel_region = {
    .name = "region",
    .purpose = "the size of the world and the differences between venues",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct region_parameters),
    .check = check,
    .start = start,
};
