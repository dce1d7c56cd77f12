/* Reads a command line by a command's table. */
#include "sim/options.h"

#include <getopt.h>
#include <string.h>

#include "sim/command.h"
#include "sim/field.h"

const struct options_row options_help_row = {.value = 'h', .name = "help", .meaning = "print this text"};

bool options_word(const char *words, int k, char word[OPTIONS_WORD_LENGTH])
{
    for (; words != NULL && *words != '\0'; k--) {
        const size_t length = strcspn(words, "|");
        if (k == 0) {
            snprintf(word, OPTIONS_WORD_LENGTH, "%.*s", (int)length, words);
            return true;
        }
        words += length + (words[length] == '|');
    }
    return false;
}

int options_find_word(const char *what, const char *words, const char *given, struct error *e)
{
    enum { MOST = 30 };
    char copies[MOST][OPTIONS_WORD_LENGTH], list[MOST * OPTIONS_WORD_LENGTH] = "";
    const char *names[MOST + 1] = {NULL};
    size_t used = 0;
    for (int i = 0; i < MOST && options_word(words, i, copies[i]); i++) {
        if (strcmp(copies[i], given) == 0) return i;
        names[i] = copies[i];
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", copies[i]);
    }
    const char *near = field_nearest(given, names);
    if (near != NULL) return error_set(e, ERROR_INPUT, "%s %.100s is unknown; did you mean '%s'? Allowed: %s", what, given, near, list);
    return error_set(e, ERROR_INPUT, "%s %.100s is unknown; allowed: %s", what, given, list);
}

const char *options_call(const struct options_row *row, char *text, size_t size)
{
    if (row->value < 256) snprintf(text, size, "-%c", row->value);
    else snprintf(text, size, "--%s", row->name);
    return text;
}

/* What getopt_long wants to know. */
struct known {
    struct option options[OPTIONS_MAXIMUM + 1];
    char letters[2 * OPTIONS_MAXIMUM + 2];
    const struct options_row *rows[OPTIONS_MAXIMUM];
    size_t n, n_letters;
};

static void add_row(struct known *known, const struct options_row *row)
{
    if (known->n == OPTIONS_MAXIMUM) return;
    known->rows[known->n] = row;
    known->options[known->n++] = (struct option){row->name, row->argument != NULL ? required_argument : no_argument, NULL, row->value};
    if (row->value >= 256) return;
    known->letters[known->n_letters++] = (char)row->value;
    if (row->argument != NULL) known->letters[known->n_letters++] = ':';
}

static void know(struct known *known, const struct options_command *c)
{
    *known = (struct known){0};
    for (const struct options_row *row = c->rows; row != NULL && row->name != NULL; row++) add_row(known, row);
    add_row(known, &options_help_row);
}

/* The value, by what the row says of it. */
static int check_value(struct options_given *given, struct error *e)
{
    const struct options_row *row = given->row;
    char call[64];
    options_call(row, call, sizeof call);
    if (row->maximum > row->minimum) return command_whole(call, given->text, row->minimum, row->maximum, &given->number, e);
    if (row->words == NULL || row->argument == NULL || row->kind != OPTIONS_WORD) return 0;
    given->word = options_find_word(call, row->words, given->text, e);
    return given->word >= 0 ? 0 : -1;
}

int options_next(int argc, char **argv, const struct options_command *c, struct options_given *given, struct error *e)
{
    struct known known;
    know(&known, c);
    *given = (struct options_given){0};
    const int value = command_option(argc, argv, known.letters, known.options, e);
    if (value == -1 || value == '?') return value;
    for (size_t i = 0; i < known.n; i++) {
        if (known.rows[i]->value == value) given->row = known.rows[i];
    }
    given->text = optarg;
    return check_value(given, e) == 0 ? value : '?';
}
