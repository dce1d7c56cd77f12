/* Commands and their options, declared once: a table of rows for each command (in its own file), and from it the parser here,
 * --help (options_help.c), the manual page (options_manual.c) and the completion of bash (options_bash.c). */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/model.h"

/* What a value or an argument names: how a shell completes it. */
enum options_kind {
    OPTIONS_TEXT,      /* nothing that a shell could know */
    OPTIONS_CONFIG,    /* scenario files */
    OPTIONS_RESULTS,   /* results files */
    OPTIONS_SHARDS,    /* files of shards */
    OPTIONS_CSV,       /* files of designs */
    OPTIONS_FILE,      /* any file */
    OPTIONS_WORD,      /* one of the row's words */
    OPTIONS_SETTING,   /* PATH=VALUE */
    OPTIONS_PATHS,     /* GROUP.NAME,GROUP.NAME of parameters */
    OPTIONS_SCENARIO,  /* of the scenario file */
    OPTIONS_PRIOR,     /* name or path of a prior */
    OPTIONS_PARAMETER_GROUP, OPTIONS_METRIC_GROUP, /* a sub-model with any */
    OPTIONS_COMMAND,   /* a command */
};

/* One option. `words` and a range are checked by the parser. */
struct options_row {
    int value;            /* what the parser gives to the command: the option's letter, or a number from 256 on */
    const char *name;     /* without its dashes */
    const char *argument; /* "N"; NULL: it takes none */
    const char *meaning;
    const char *initial;  /* the default, where it is worth telling */
    const char *words;    /* "auto|always|never": the values allowed */
    int64_t minimum, maximum; /* whole numbers, where maximum > minimum */
    enum options_kind kind;
    bool repeats;
};

/* What stands on the command line besides options. */
struct options_argument {
    const char *name; /* "CONFIG"; the last row has NULL */
    enum options_kind kind;
    const char *words;
};

struct options_term { /* a word and what it means; the last row has NULL */
    const char *word, *meaning;
};

struct options_limit { /* "100000 points"; the last row has NULL */
    const char *what;
    int64_t maximum;
};

/* Texts of several paragraphs have empty lines between them; every other end of a line is a space. `examples` is lines as they
 * are to be typed. */
struct options_command {
    const char *name;
    const char *synopsis; /* what follows the name */
    const char *purpose;  /* one line, no full stop */
    int (*work)(int argc, char **argv, const struct model *model);
    const struct options_argument *arguments;
    const struct options_row *rows; /* the last has no name; --help is understood everywhere */
    const char *description;
    const struct options_term *terms; /* values of an argument */
    const char *notes;
    const struct options_limit *limits;
    bool tells_settings; /* those of a run are part of its help */
    const char *examples;
    const char *statuses; /* where they differ from the program's */
};

enum { OPTIONS_MAXIMUM = 40 /* rows of a command, with --help */, OPTIONS_WORD_LENGTH = 32, OPTIONS_MEANING = 1000 };

/* An option as it was given. */
struct options_given {
    const struct options_row *row;
    const char *text; /* its value, or NULL */
    int64_t number;   /* of a row with a range */
    int word;         /* of a row with words: which of them, from 0 */
};

/* The next option: its row's value, 'h' for --help, -1 after the last, '?' with the error filled. Set optind = 0 before the first
 * call for an argument list. */
int options_next(int argc, char **argv, const struct options_command *c, struct options_given *given, struct error *e);

/* How a message calls an option: "-j", "--seed". Returns `text`. */
const char *options_call(const struct options_row *row, char *text, size_t size);

/* Copies the k-th of "a|b|c", or returns false: there are fewer. */
bool options_word(const char *words, int k, char word[OPTIONS_WORD_LENGTH]);

/* Which of "a|b|c" it is; -1 with a did-you-mean, or all that are allowed, in the error. */
int options_find_word(const char *what, const char *words, const char *given, struct error *e);

/* The three that are made of the tables. */
void options_print_help(FILE *out, const struct options_command *c);
void options_print_manual(FILE *out, const struct options_command *const *all, const struct model *model);
void options_print_bash(FILE *out, const struct options_command *const *all, const struct model *model);

/* What the program as a whole says; the help and the manual share it. Lists end with NULL. */
extern const struct options_row options_of_program[];
extern const struct options_term options_statuses[], options_environment[], options_files[];
extern const char options_description[], options_examples[];
extern const struct options_row options_help_row;

/* The settings of a run, as terms; the callback is called for each. */
void options_each_setting(void (*tell)(void *context, const char *name, const char *meaning), void *context);

/* An option's meaning with its range and default. */
void options_meaning(const struct options_row *row, char *text, size_t size);

/* "  WORD          MEANING", as the help has it. */
void options_print_term(FILE *out, const char *word, const char *meaning);

/* Words of a text into lines of `width` characters, all but the first behind `indent` spaces; ends with a new line. */
void options_wrap(FILE *out, const char *text, int column, int indent, int width);

#endif
