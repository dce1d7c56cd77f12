/* One error: a line of text and what kind of trouble it is. Functions that can fail return 0, or -1 with the error filled. */
#ifndef SIM_ERROR_H
#define SIM_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/* The kinds are the program's exit statuses. */
enum error_kind {
    ERROR_NONE = 0,
    ERROR_FAILURE = 1,     /* failed while running: memory, disk, a broken invariant       */
    ERROR_INPUT = 2,       /* bad usage or bad input: nothing has been written             */
    ERROR_INTERRUPTED = 3, /* the caller's stop flag was raised                            */
};

struct error {
    enum error_kind kind;
    char text[1024];
};

/* Fills `e` (which may be NULL) unless it already holds an error, so that the first cause is the one reported; names that the
 * text repeats are cleaned. Returns -1. */
#define error_set(...) error_status(error_note(__VA_ARGS__))
int error_note(struct error *e, enum error_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* error_set for a failed allocation of `bytes` bytes for `what`. */
#define error_memory(e, what, bytes) error_status(error_note_memory(e, what, bytes))
int error_note_memory(struct error *e, const char *what, double bytes);

/* Makes one harmless line of a text that repeats names from files or the command line: control characters, marks that turn or
 * hide text, and bytes that are not UTF-8 become '?'. */
void error_clean(char *text);

/* The bytes of the next character of such a text, and whether it may stay. */
size_t error_step(const char *text, bool *harmless);

/* Lets whoever reads only the caller, be it a person or an analyser, see that the status is -1. */
static inline int error_status(int noted)
{
    (void)noted;
    return -1;
}

#endif
