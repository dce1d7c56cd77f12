/* Files from outside: only regular ones, of bounded size, read whole. */
#ifndef SIM_INPUT_H
#define SIM_INPUT_H

#include <stddef.h>

#include "sim/error.h"

struct input {
    const char *what;  /* it should be, for messages: "a scenario file" */
    const char *shown; /* its path as messages say it */
    size_t most;       /* bytes allowed */
    char *real;        /* its path without links; filled by input_read, and to be freed even if that fails */
    char *text;        /* its bytes and a zero; likewise */
    size_t length;
};

/* -1: ERROR_INPUT beginning with the path. Never waits: a pipe or a device is refused without being opened. */
int input_read(struct input *in, const char *path, struct error *e);

#endif
