/* A whole number given to an option: apart from the other commands, for the library reads such as well. */
#include <errno.h>
#include <stdlib.h>

#include "sim/command.h"

int command_whole(const char *option, const char *text, int64_t minimum, int64_t maximum, int64_t *value,
                  struct error *e)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    bool digits = text[0] == '-' ? text[1] >= '0' && text[1] <= '9' : text[0] >= '0' && text[0] <= '9';
    if (digits && *end == '\0' && errno == 0 && number >= minimum && number <= maximum) {
        *value = number;
        return 0;
    }
    return error_set(e, ERROR_INPUT, "%s %.100s is %s; allowed: a whole number from %lld to %lld", option, text,
                     digits && *end == '\0' ? "out of range" : "not a whole number", (long long)minimum,
                     (long long)maximum);
}
