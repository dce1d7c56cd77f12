/* Whether a library that goes on as if nothing had happened has been refused memory. */
#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

#include <stdbool.h>

/* Since errno was set to 0. */
bool memory_was_refused(void);

#endif
