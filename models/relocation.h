/* Relocation between the cities of a region: see relocation.c. */
#ifndef MODELS_RELOCATION_H
#define MODELS_RELOCATION_H

#include "models/world.h"

int relocation(struct world *w, struct exchange *x, struct error *e);

#endif
