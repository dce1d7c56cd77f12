/* The commands of the program and what they share. A command gets the arguments from its own name on (argv[0] is "run") and
 * returns the exit status: 0 done, 1 failed, 2 bad usage or input, 130 or 143 interrupted. */
#ifndef SIM_COMMAND_H
#define SIM_COMMAND_H

#include <getopt.h>
#include <stdio.h>

#include "sim/config.h"
#include "sim/options.h"

/* All of them, in the order of the help; ends with NULL. Each has its table in its own file. */
extern const struct options_command *const command_all[];
extern const struct options_command command_of_new, command_of_check, command_of_run, command_of_merge, command_of_design,
    command_of_params, command_of_metrics, command_of_info, command_of_help;

int command_run(int argc, char **argv, const struct model *model);
int command_merge(int argc, char **argv, const struct model *model);
int command_check(int argc, char **argv, const struct model *model);
int command_design(int argc, char **argv, const struct model *model);
int command_params(int argc, char **argv, const struct model *model);
int command_metrics(int argc, char **argv, const struct model *model);
int command_info(int argc, char **argv, const struct model *model);
int command_new(int argc, char **argv, const struct model *model);
int command_help(int argc, char **argv, const struct model *model);

/* What the program says without a command, and for --help. */
void command_print_help(FILE *out, const struct model *model);

/* The command of this name; NULL, with a did-you-mean in the error, where there is none. */
const struct options_command *command_find(const char *name, struct error *e);

/* Prints a text of unknown origin: names from files must not steer a terminal, so what a terminal would not simply show
 * becomes a question mark. command_width: characters that this prints. */
void command_print(FILE *out, const char *text);
int command_width(const char *text);

/* Prints "enforcesim: TEXT" as one line on stderr, its beginning red on a terminal, and returns the exit status. */
int command_error(const struct error *e);

/* Prints one line on stderr, cleaned as errors are: paths must not steer a terminal. */
void command_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* getopt_long with the program's own messages: the option's letter or value, -1 after the last, '?' with the error filled for
 * an unknown option, a missing or a superfluous value. `letters` as for getopt_long, without a leading ':'. Set optind = 0
 * before the first call for an argument list. */
int command_option(int argc, char **argv, const char *letters, const struct option *options, struct error *e);

/* A whole number given to an option: "-j 4". ERROR_INPUT with the range. */
int command_whole(const char *option, const char *text, int64_t minimum, int64_t maximum, int64_t *value,
                  struct error *e);

/* The one argument that must be left after the options, or NULL with the error filled; `what` names it: "CONFIG". */
const char *command_argument(int argc, char **argv, const char *what, struct error *e);

/* Flushes stdout: 0, or the exit status 1 after a message when not everything could be written. */
int command_finish(void);

/* Is stderr a terminal that knows more than plain text? And does its user want colour (no-color.org)? */
bool command_has_terminal(void);
bool command_has_colour(void);

#endif
