/* --help of a command, and the texts that it shares with the manual page. */
#include "sim/options.h"

#include <string.h>

#include "sim/command.h"
#include "sim/study.h"

enum { WIDTH = 100, INDENT = 25 };

const struct options_row options_of_program[] = {
    {.value = 'h', .name = "help", .meaning = "print a list of the commands; after a command, all about it"},
    {.value = 256, .name = "version", .meaning = "print the versions of program, model and libraries, and the commit and compiler it was built with"},
    {0},
};

const struct options_term options_statuses[] = {
    {"0", "done"},
    {"1", "failed while running; what was done is in FILE.partial"},
    {"2", "bad usage or bad input: nothing has been written"},
    {"130, 143", "interrupted (Ctrl-C; SIGTERM); what was done is in FILE.partial"},
    {0},
};

const struct options_term options_environment[] = {
    {"OMP_NUM_THREADS", "how many threads a run has where -j does not say it"},
    {"SOURCE_DATE_EPOCH", "the time of creation that a results file states, in seconds since 1970: two runs then write the same bytes"},
    {"NO_COLOR", "where it is set and not empty, nothing is coloured (no-color.org)"},
    {"TERM", "\"dumb\": nothing is coloured, and progress is not shown unless it is asked for"},
    {0},
};

const struct options_term options_files[] = {
    {"FILE.partial", "what a run has finished so far: the same command with --resume goes on from it"},
    {"FILE.enforcesim-tmp", "the results file while it is written; one that a kill has left is removed by the next run"},
    {"PREFIX/share/enforcesim/configs", "scenario files, policies and priors to begin with"},
    {0},
};

const char options_description[] =
    "Simulates scenarios, each a sequence of policies, in many replicates that share their luck from scenario to scenario, and "
    "writes what happened to a results file in HDF5, which opens as netCDF-4. A scenario file says what differs from the model's "
    "defaults.\n\n"
    "Errors are one line on stderr that says where and what is wrong, and what is allowed; nothing is written then. Numbers depend "
    "neither on the number of threads or processes nor on interruptions: the digest that 'enforcesim info' prints proves it.";

const char options_examples[] = "enforcesim new my.cfg\n"
                                "enforcesim check configs/essay.cfg\n"
                                "enforcesim run configs/essay.cfg --dry-run\n"
                                "enforcesim run configs/essay.cfg -o results/essay.h5\n"
                                "enforcesim design lhs configs/essay.cfg -n 100 --prior neutral -o design.csv\n"
                                "enforcesim params --format markdown\n";

/* ---- settings ---- */

void options_each_setting(void (*tell)(void *context, const char *name, const char *meaning), void *context)
{
    tell(context, "name", "a name for the study");
    tell(context, "seed", "where randomness starts: a whole number from 0 to 2^64-1, from 2^31 on as a string or with an L");
    tell(context, "baseline", "name of the policy that rules during burn-in (status_quo)");
    tell(context, "metrics", "the outputs on record, (\"minor_days\", \"fear\") or \"minor_days,fear\": those that 'enforcesim "
                             "metrics' lists (\"all\")");
    for (const struct parameter *row = study_settings; row->name != NULL; row++) {
        char allowed[100], initial[40], text[600];
        parameter_allowed(row, allowed, sizeof allowed);
        parameter_print(row, row->initial, initial, sizeof initial);
        snprintf(text, sizeof text, "%s: %s (%s)", row->meaning, allowed, initial);
        tell(context, row->name, text);
    }
}

/* ---- lines ---- */

void options_wrap(FILE *out, const char *text, int column, int indent, int width)
{
    for (bool first = true; *text != '\0';) {
        text += strspn(text, " \n");
        const size_t length = strcspn(text, " \n");
        char word[200];
        snprintf(word, sizeof word, "%.*s", (int)length, text);
        text += length;
        if (length == 0) break;
        const int more = command_width(word);
        if (!first && column + 1 + more > width) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        } else if (!first) {
            putc(' ', out);
            column++;
        }
        fputs(word, out);
        column += more;
        first = false;
    }
    putc('\n', out);
}

/* The text's paragraphs. */
static void paragraphs(FILE *out, const char *text)
{
    while (text != NULL && *text != '\0') {
        const char *end = strstr(text, "\n\n");
        const size_t length = end != NULL ? (size_t)(end - text) : strlen(text);
        char paragraph[2000];
        snprintf(paragraph, sizeof paragraph, "%.*s", (int)length, text);
        options_wrap(out, paragraph, 0, 0, WIDTH);
        putc('\n', out);
        text += length + (end != NULL ? 2 : 0);
    }
}

void options_print_term(FILE *out, const char *word, const char *meaning)
{
    int column = fprintf(out, "  %s", word);
    if (column + 2 > INDENT) {
        putc('\n', out);
        column = 0;
    }
    fprintf(out, "%*s", INDENT - column, "");
    options_wrap(out, meaning, INDENT, INDENT, WIDTH);
}

void options_meaning(const struct options_row *row, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "%s", row->meaning);
    if (row->repeats) used += (size_t)snprintf(text + used, size - used, "; may be given often");
    const bool ranged = row->maximum > row->minimum;
    if (ranged) used += (size_t)snprintf(text + used, size - used, " (%lld to %lld", (long long)row->minimum, (long long)row->maximum);
    if (row->initial != NULL) used += (size_t)snprintf(text + used, size - used, "%sdefault: %s", ranged ? "; " : " (", row->initial);
    if (ranged || row->initial != NULL) snprintf(text + used, size - used, ")");
}

static void print_row(FILE *out, const struct options_row *row)
{
    char word[100], meaning[OPTIONS_MEANING];
    const bool letter = row->value < 256;
    snprintf(word, sizeof word, "%c%c%s --%s%s%s", letter ? '-' : ' ', letter ? row->value : ' ', letter ? "," : " ", row->name,
             row->argument != NULL ? " " : "", row->argument != NULL ? row->argument : "");
    options_meaning(row, meaning, sizeof meaning);
    options_print_term(out, word, meaning);
}

static void examples(FILE *out, const char *lines)
{
    fprintf(out, "Examples:\n");
    while (*lines != '\0') {
        const size_t length = strcspn(lines, "\n");
        fprintf(out, "  %.*s\n", (int)length, lines);
        lines += length + (lines[length] == '\n');
    }
    putc('\n', out);
}

static void tell_setting(void *context, const char *name, const char *meaning) { options_print_term(context, name, meaning); }

/* "At most 100000 points, 1000 columns." */
static void limits(FILE *out, const struct options_limit *limit)
{
    fprintf(out, "At most");
    for (size_t i = 0; limit[i].what != NULL; i++) fprintf(out, "%s %lld %s", i > 0 ? "," : "", (long long)limit[i].maximum, limit[i].what);
    fprintf(out, ".\n\n");
}

void options_print_help(FILE *out, const struct options_command *c)
{
    fprintf(out, "Usage: enforcesim %s%s%s\n\n", c->name, c->synopsis[0] != '\0' ? " " : "", c->synopsis);
    paragraphs(out, c->description);
    for (const struct options_term *row = c->terms; row != NULL && row->word != NULL; row++) options_print_term(out, row->word, row->meaning);
    if (c->terms != NULL) putc('\n', out);
    fprintf(out, "Options:\n");
    for (const struct options_row *row = c->rows; row != NULL && row->name != NULL; row++) print_row(out, row);
    print_row(out, &options_help_row);
    putc('\n', out);
    paragraphs(out, c->notes);
    if (c->limits != NULL) limits(out, c->limits);
    examples(out, c->examples);
    paragraphs(out, c->statuses);
    if (!c->tells_settings) return;
    fprintf(out, "Settings of a run (run = { ... }; in the file, or --set run.NAME=VALUE):\n");
    options_each_setting(tell_setting, out);
}
