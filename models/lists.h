/* How the lists of a city grow. */
#ifndef MODELS_LISTS_H
#define MODELS_LISTS_H

#include "models/world.h"

/* Room for one more row in a list whose rows are all in use; the same rows, and the city is short of memory, where there is none. */
void *list_grown(struct city *c, void *rows, uint32_t *held, uint32_t room, size_t width);

/* Is there room for one more row? */
#define HAS_ROOM(c, list)                                                                                               \
    ((c)->n_##list < (c)->list##_held ||                                                                                \
     ((c)->list##_held < (c)->list##_room &&                                                                            \
      ((c)->list = list_grown((c), (c)->list, &(c)->list##_held, (c)->list##_room, sizeof *(c)->list),                  \
       (c)->n_##list < (c)->list##_held)))

#endif
