/* enforcesim help: the commands there are, all about one of them, and what is made of their tables for man and bash. */
#include <string.h>

#include "sim/command.h"

enum form { TEXT, MAN, BASH };

static const struct options_row rows[] = {
    {.value = 256, .name = "format", .argument = "FORM", .kind = OPTIONS_WORD, .words = "text|man|bash", .initial = "text",
     .meaning = "text; man: the manual page enforcesim(1); bash: the completion for bash"},
    {0},
};

const struct options_command command_of_help = {
    .name = "help", .synopsis = "[COMMAND] [OPTION]...", .purpose = "tell all about a command, or list the commands",
    .work = command_help, .arguments = (const struct options_argument[]){{.name = "COMMAND", .kind = OPTIONS_COMMAND}, {0}},
    .rows = rows,
    .description = "Prints the same as 'enforcesim COMMAND --help', or without COMMAND as 'enforcesim --help'. The manual page and "
                   "the completion, which 'make install' puts where man and bash look for them, are made of the same tables.",
    .examples = "enforcesim help run\n"
                "enforcesim help --format man | man -l -\n"
                "source <(enforcesim help --format bash)\n",
};

const struct options_command *const command_all[] = {
    &command_of_new,    &command_of_check,   &command_of_run,  &command_of_merge, &command_of_design,
    &command_of_params, &command_of_metrics, &command_of_info, &command_of_help,  NULL,
};

const struct options_command *command_find(const char *name, struct error *e)
{
    const char *names[sizeof command_all / sizeof *command_all + 2] = {NULL};
    size_t n = 0;
    for (; command_all[n] != NULL; n++) {
        names[n] = command_all[n]->name;
        if (strcmp(name, names[n]) == 0) return command_all[n];
    }
    names[n++] = "--help";
    names[n] = "--version";
    field_unknown("command", name, names, e);
    return NULL;
}

void command_print_help(FILE *out, const struct model *model)
{
    fprintf(out, "Usage: enforcesim COMMAND [ARGUMENT]...\n\n%s\n\nCommands:\n", model->title);
    for (size_t i = 0; command_all[i] != NULL; i++) fprintf(out, "  %-9s %s\n", command_all[i]->name, command_all[i]->purpose);
    fprintf(out, "\n"
                 "  enforcesim COMMAND --help   all about a command: its options, what they mean, examples\n"
                 "  enforcesim --version        versions of program, model and libraries, commit and compiler\n\n"
                 "Examples:\n");
    for (const char *line = options_examples; *line != '\0'; line = strchr(line, '\n') + 1)
        fprintf(out, "  %.*s\n", (int)strcspn(line, "\n"), line);
    fprintf(out, "\nExit status:\n");
    for (const struct options_term *row = options_statuses; row->word != NULL; row++) options_print_term(out, row->word, row->meaning);
}

static void print(enum form form, const struct options_command *c, const struct model *model)
{
    switch (form) {
    case MAN: options_print_manual(stdout, command_all, model); break;
    case BASH: options_print_bash(stdout, command_all, model); break;
    case TEXT:
        if (c != NULL) options_print_help(stdout, c);
        else command_print_help(stdout, model);
    }
}

int command_help(int argc, char **argv, const struct model *model)
{
    struct error e = {0};
    struct options_given given;
    const struct options_command *c = NULL;
    enum form form = TEXT;
    int option;
    while ((option = options_next(argc, argv, &command_of_help, &given, &e)) != -1) {
        if (option == '?') return command_error(&e);
        if (option == 'h') c = &command_of_help;
        else form = (enum form)given.word;
    }
    if (optind < argc && c == NULL) {
        const char *name = command_argument(argc, argv, "COMMAND", &e);
        c = name != NULL ? command_find(name, &e) : NULL;
        if (c != NULL && form != TEXT)
            error_set(&e, ERROR_INPUT, "--format %s is of all commands; allowed: no COMMAND with it", form == MAN ? "man" : "bash");
        if (e.kind != ERROR_NONE) return command_error(&e);
    }
    print(form, c, model);
    return command_finish();
}
