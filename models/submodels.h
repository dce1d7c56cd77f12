/* The sub-models: each is one file (the police: several) that exports one constant. models/model.c puts them in order. */
#ifndef MODELS_SUBMODELS_H
#define MODELS_SUBMODELS_H

#include "sim/model.h"

extern const struct submodel submodel_region, submodel_policy, submodel_market, submodel_venues, submodel_fear,
    submodel_traffickers, submodel_owners, submodel_staffing, submodel_persons, submodel_violence, submodel_police,
    submodel_care, submodel_health, submodel_board, submodel_court, submodel_beliefs, submodel_survey, submodel_costs,
    submodel_observation;

#endif
