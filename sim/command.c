/* What the commands share: messages, options, and the end of the output. */
#include "sim/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the character at `text` when a terminal may be shown it; 0 for what is no UTF-8, for control characters and for the
 * marks without a shape of their own, which turn the direction of writing or hide in a name. */
static size_t shown(const char *text)
{
    static const uint32_t least[] = {0, 0x20, 0xa0, 0x800, 0x10000}; /* of as many bytes; 0x80 to 0x9f are controls */
    static const uint32_t hidden[][2] = {{0x7f, 0x7f},     {0xad, 0xad},       {0x61c, 0x61c},        {0x200b, 0x200f},
                                         {0x2028, 0x202e}, {0x2060, 0x206f},   {0xd800, 0xdfff},      {0xfeff, 0xfeff},
                                         {0xfff0, 0xffff}, {0xe0000, 0xe0fff}, {0x110000, UINT32_MAX}};
    const unsigned char *bytes = (const unsigned char *)text;
    const unsigned first = bytes[0];
    const size_t n = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;
    uint32_t code = n < 2 ? first : first & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((bytes[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (bytes[i] & 0x3f);
    }
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (code >= hidden[i][0] && code <= hidden[i][1]) return 0;
    return code >= least[n] ? n : 0;
}

void command_print(FILE *out, const char *text)
{
    while (*text != '\0') {
        const size_t n = shown(text);
        fprintf(out, "%.*s", n > 0 ? (int)n : 1, n > 0 ? text : "?");
        text += n > 0 ? n : 1;
    }
}

int command_width(const char *text)
{
    int width = 0;
    for (; *text != '\0'; width++) text += shown(text) > 0 ? shown(text) : 1;
    return width;
}

int command_error(const struct error *e)
{
    char line[sizeof e->text];
    size_t length = 0;
    for (const char *from = e->text; *from != '\0' && length < sizeof line - 4;) {
        const size_t n = shown(from), taken = n > 0 ? n : 1;
        memcpy(line + length, n > 0 ? from : "?", taken);
        length += taken;
        from += taken;
    }
    fprintf(stderr, "enforcesim: %.*s\n", (int)length, line); /* at once, whoever else writes there */
    return e->kind == ERROR_INTERRUPTED ? 130 : e->kind == ERROR_NONE ? 1 : (int)e->kind;
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

int command_finish(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return 0;
    struct error e = {0};
    error_set(&e, ERROR_FAILURE, "cannot write the output: %s", strerror(errno));
    return command_error(&e);
}

void command_print_settings(void)
{
    printf("Settings of a run (run = { ... }; in the file, or --set run.NAME=VALUE):\n"
           "  %-14s a name for the study\n"
           "  %-14s where randomness starts: a whole number from 0 to 2^64-1, from 2^31 on as a string or with an L\n"
           "  %-14s name of the policy that rules during burn-in (status_quo)\n",
           "name", "seed", "baseline");
    for (const struct parameter *row = study_settings; row->name != NULL; row++) {
        char allowed[100], initial[40];
        parameter_allowed(row, allowed, sizeof allowed);
        parameter_print(row, row->initial, initial, sizeof initial);
        printf("  %-14s %s: %s (%s)\n", row->name, row->meaning, allowed, initial);
    }
}
