#include "sim/error.h"

#include <stdarg.h>
#include <stdio.h>

int error_note(struct error *e, enum error_kind kind, const char *format, ...)
{
    if (e == NULL || e->kind != ERROR_NONE) return -1;
    e->kind = kind;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(e->text, sizeof e->text, format, arguments);
    va_end(arguments);
    return -1;
}

int error_note_memory(struct error *e, const char *what, double bytes)
{
    if (bytes < 1e5) return error_set(e, ERROR_FAILURE, "out of memory: there is none for %s", what);
    return error_set(e, ERROR_FAILURE, "out of memory: %s needs %.1f MB", what, bytes / 1e6);
}
