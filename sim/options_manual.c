/* The manual page enforcesim(1), of the tables of the commands, for man(7)'s macros. */
#include "sim/options.h"

#include <string.h>

#include "sim/version.h"

enum { LINE = 60 }; /* characters, before what roff needs besides */

/* Text as roff wants it: no character of it is an instruction, dashes can be copied to a command line, and where a space lets it,
 * lines are short. */
static void text(FILE *out, const char *words, size_t length)
{
    size_t column = 0;
    for (size_t i = 0; i < length; i++, column++) {
        const char c = words[i];
        if (column == 0 && (c == '.' || c == '\'')) fputs("\\&", out);
        if (c == '\\') fputs("\\e", out);
        else if (c == '-') fputs("\\-", out);
        else if (c == '\'') fputs("\\(aq", out);
        else if (c == '`') fputs("\\(ga", out);
        else if (c == '^') fputs("\\(ha", out);
        else if (c == '~') fputs("\\(ti", out);
        else if (c == ' ' && column + strcspn(words + i + 1, " \n") > LINE) putc('\n', out);
        else putc(c, out);
        if (c == '\n' || (c == ' ' && column + strcspn(words + i + 1, " \n") > LINE)) column = SIZE_MAX;
    }
}

static void line(FILE *out, const char *words)
{
    text(out, words, strlen(words));
    putc('\n', out);
}

static void bold(FILE *out, const char *words)
{
    fputs("\\fB", out);
    text(out, words, strlen(words));
    fputs("\\fR", out);
}

static void italic(FILE *out, const char *words)
{
    fputs("\\fI", out);
    text(out, words, strlen(words));
    fputs("\\fR", out);
}

static void paragraphs(FILE *out, const char *words, bool first)
{
    while (words != NULL && *words != '\0') {
        const char *end = strstr(words, "\n\n");
        const size_t length = end != NULL ? (size_t)(end - words) : strlen(words);
        if (!first) fputs(".PP\n", out);
        text(out, words, length);
        putc('\n', out);
        words += length + (end != NULL ? 2 : 0);
        first = false;
    }
}

static void terms(FILE *out, const struct options_term *row)
{
    for (; row != NULL && row->word != NULL; row++) {
        fputs(".TP\n", out);
        bold(out, row->word);
        putc('\n', out);
        line(out, row->meaning);
    }
}

static void print_row(FILE *out, const struct options_row *row)
{
    char word[OPTIONS_MEANING];
    fputs(".TP\n", out);
    if (row->value < 256) {
        snprintf(word, sizeof word, "-%c", row->value);
        bold(out, word);
        fputs(", ", out);
    }
    snprintf(word, sizeof word, "--%s", row->name);
    bold(out, word);
    if (row->argument != NULL) putc(' ', out);
    if (row->argument != NULL) italic(out, row->argument);
    putc('\n', out);
    options_meaning(row, word, sizeof word);
    line(out, word);
}

/* Lines as they are to be typed. */
static void examples(FILE *out, const char *lines)
{
    fputs(".nf\n", out);
    while (*lines != '\0') {
        const size_t length = strcspn(lines, "\n");
        fputs("    ", out);
        for (size_t i = 0; i < length; i++) text(out, lines + i, 1);
        putc('\n', out);
        lines += length + (lines[length] == '\n');
    }
    fputs(".fi\n", out);
}

static void limits(FILE *out, const struct options_limit *limit)
{
    fputs(".PP\nAt most", out);
    for (size_t i = 0; limit[i].what != NULL; i++)
        fprintf(out, "%s %lld %s", i > 0 ? "," : "", (long long)limit[i].maximum, limit[i].what);
    fputs(".\n", out);
}

/* "CONFIG [OPTION]...": what is to be replaced is in italics. */
static void synopsis(FILE *out, const struct options_command *c)
{
    bold(out, "enforcesim ");
    bold(out, c->name);
    const char *at = c->synopsis;
    if (*at != '\0') putc(' ', out);
    while (*at != '\0') {
        size_t length = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        const bool replaced = length > 1;
        if (!replaced) length = 1;
        if (replaced) fputs("\\fI", out);
        if (*at == '-') putc('\\', out);
        fprintf(out, "%.*s", (int)length, at);
        if (replaced) fputs("\\fR", out);
        at += length;
    }
    putc('\n', out);
}

static void command(FILE *out, const struct options_command *c)
{
    fprintf(out, ".SS %s\n", c->name);
    synopsis(out, c);
    paragraphs(out, c->description, false);
    terms(out, c->terms);
    fputs(".PP\nOptions:\n", out);
    for (const struct options_row *row = c->rows; row != NULL && row->name != NULL; row++) print_row(out, row);
    print_row(out, &options_help_row);
    paragraphs(out, c->notes, false);
    if (c->limits != NULL) limits(out, c->limits);
    fputs(".PP\nExamples:\n.PP\n", out);
    examples(out, c->examples);
}

static void tell_setting(void *context, const char *name, const char *meaning)
{
    const struct options_term term[] = {{name, meaning}, {0}};
    terms(context, term);
}

void options_print_manual(FILE *out, const struct options_command *const *all, const struct model *model)
{
    fprintf(out, ".\\\" Made by 'enforcesim help --format man'; nothing is to be changed here.\n"
                 ".TH ENFORCESIM 1 \"%s\" \"EnforceSim %s\" \"EnforceSim manual\"\n.nh\n.ad l\n.SH NAME\nenforcesim \\- ",
            version_date(), version_number());
    const char *colon = strstr(model->title, ": "); /* "NAME: WHAT IT IS" */
    fprintf(out, "%s\n", colon != NULL ? colon + 2 : model->title);
    fputs(".SH SYNOPSIS\n", out);
    for (size_t i = 0; all[i] != NULL; i++) {
        if (i > 0) fputs(".br\n", out);
        synopsis(out, all[i]);
    }
    fputs(".br\n\\fBenforcesim \\-\\-help\\fR | \\fB\\-\\-version\\fR\n.SH DESCRIPTION\n", out);
    paragraphs(out, options_description, true);
    fputs(".SH OPTIONS\n", out);
    for (const struct options_row *row = options_of_program; row->name != NULL; row++) print_row(out, row);
    fputs(".SH COMMANDS\n", out);
    for (size_t i = 0; all[i] != NULL; i++) command(out, all[i]);
    fputs(".SH SETTINGS OF A RUN\nThey stand in a scenario file, run = { ... };, or are given by\n\\fB\\-\\-set run.\\fINAME\\fB=\\fIVALUE\\fR.\n", out);
    options_each_setting(tell_setting, out);
    fputs(".SH FILES\n", out);
    terms(out, options_files);
    fputs(".SH EXIT STATUS\n", out);
    terms(out, options_statuses);
    fputs(".SH ENVIRONMENT\n", out);
    terms(out, options_environment);
    fputs(".SH EXAMPLES\n", out);
    examples(out, options_examples);
    fputs(".SH SEE ALSO\n.BR h5dump (1),\n.BR ncdump (1),\n.BR mpirun (1)\n", out);
}
