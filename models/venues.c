/* Venues and other places: what open, covert and private exploitation, and the street, mean for those who are there. Read by
 * the sub-models of offenders, violence, police, health and survey. */
#include "models/world.h"
#include "models/submodels.h"

PARAMETER_ROWS(struct venues_parameters, VENUES_PARAMETERS)

const struct submodel submodel_venues = {
    .name = "venues",
    .purpose = "what kinds of place mean: capacity, visibility, violence, access",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct venues_parameters),
};
