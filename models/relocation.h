/* Relocation between the cities of a region: see relocation.c. */
#ifndef MODELS_RELOCATION_H
#define MODELS_RELOCATION_H

#include "models/world.h"

void relocation_look(struct world *w, uint32_t city); /* the city's candidates of the day; before that: */
int relocation(struct world *w, struct exchange *x, struct error *e);

#endif
