/* What the commands share: messages, options, and the end of the output. */
#include "sim/command.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void command_print(FILE *out, const char *text)
{
    for (bool harmless; *text != '\0';) {
        const size_t n = error_step(text, &harmless);
        fprintf(out, "%.*s", harmless ? (int)n : 1, harmless ? text : "?");
        text += n;
    }
}

int command_width(const char *text)
{
    int width = 0;
    for (bool harmless; *text != '\0'; width++) text += error_step(text, &harmless);
    return width;
}

bool command_has_terminal(void)
{
    const char *terminal = getenv("TERM");
    return isatty(STDERR_FILENO) && terminal != NULL && terminal[0] != '\0' && strcmp(terminal, "dumb") != 0;
}

bool command_has_colour(void)
{
    const char *refused = getenv("NO_COLOR");
    return command_has_terminal() && (refused == NULL || refused[0] == '\0');
}

int command_error(const struct error *e)
{
    fprintf(stderr, command_has_colour() ? "\033[1;31menforcesim:\033[0m %s\n" : "enforcesim: %s\n", e->text);
    return e->kind == ERROR_INTERRUPTED ? 130 : e->kind == ERROR_NONE ? 1 : (int)e->kind;
}

void command_say(const char *format, ...)
{
    char line[8192]; /* has room for two paths */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    error_clean(line);
    fprintf(stderr, "%s\n", line);
}

static int unknown_option(const char *given, const struct option *options, struct error *e)
{
    const char *names[64];
    size_t n = 0;
    for (; n < 63 && options[n].name != NULL; n++) names[n] = options[n].name;
    names[n] = NULL;
    char name[100];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(given, "="), given);
    const char *near = field_nearest(name, names);
    if (near != NULL) error_set(e, ERROR_INPUT, "unknown option --%s; did you mean '--%s'?", name, near);
    error_set(e, ERROR_INPUT, "unknown option --%s; --help lists the options", name);
    return '?';
}

int command_option(int argc, char **argv, const char *letters, const struct option *options, struct error *e)
{
    char quiet_letters[64];
    snprintf(quiet_letters, sizeof quiet_letters, ":%s", letters);
    opterr = 0;
    int index = -1;
    int option = getopt_long(argc, argv, quiet_letters, options, &index);
    if (option != '?' && option != ':') return option;
    const char *given = optind > 0 && optind <= argc ? argv[optind - 1] : "";
    bool is_long = strncmp(given, "--", 2) == 0;
    if (option == ':' && is_long) {
        error_set(e, ERROR_INPUT, "option %.100s needs a value", given);
    } else if (option == ':') {
        error_set(e, ERROR_INPUT, "option -%c needs a value", optopt);
    } else if (optopt != 0 && is_long) {
        error_set(e, ERROR_INPUT, "option %.100s takes no value", given);
    } else if (optopt != 0) {
        error_set(e, ERROR_INPUT, "unknown option -%c; --help lists the options", optopt);
    } else {
        unknown_option(is_long ? given + 2 : given, options, e);
    }
    return '?';
}

const char *command_argument(int argc, char **argv, const char *what, struct error *e)
{
    if (optind == argc)
        error_set(e, ERROR_INPUT, "%s: %s is missing; see 'enforcesim %s --help'", argv[0], what, argv[0]);
    if (optind + 1 < argc) {
        error_set(e, ERROR_INPUT, "%s: '%.200s' is one argument too many; allowed: one %s", argv[0], argv[optind + 1],
                  what);
    }
    return optind + 1 == argc ? argv[optind] : NULL;
}

/* A pipe's reader, such as head, has had enough. errno may be of a later call than the one that failed. */
static bool reader_has_gone(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}

int command_finish(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return 0;
    const int cause = errno;
    if (reader_has_gone()) return 0;
    struct error e = {0};
    error_set(&e, ERROR_FAILURE, "cannot write the output: %s", strerror(cause));
    return command_error(&e);
}
