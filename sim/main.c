/* The program: finds the command and lets it work. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/apart.h"
#include "sim/command.h"
#include "sim/version.h"

extern const struct model model; /* whatever model this program was linked with */

struct command {
    const char *name;
    int (*work)(int argc, char **argv, const struct model *model);
    const char *arguments, *purpose;
};

static const struct command commands[] = {
    {"run", command_run, "CONFIG [OPTION]...", "simulate the scenarios of a file and write a results file"},
    {"merge", command_merge, "CONFIG SHARD... [OPTION]...", "make one results file of what 'run --shard' has written"},
    {"check", command_check, "CONFIG [OPTION]...", "validate a scenario file and print it fully resolved"},
    {"design", command_design, "METHOD CONFIG [OPTION]...", "draw a design of experiments: lhs, sobol, morris or grid"},
    {"params", command_params, "[GROUP] [OPTION]...",
     "list every parameter: path, unit, default, range, meaning, source"},
    {"metrics", command_metrics, "[GROUP] [OPTION]...", "list every output: name, unit, kind, meaning"},
    {"info", command_info, "FILE", "tell what a results file holds, where it came from, its digest"},
};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(void)
{
    printf("Usage: enforcesim COMMAND [ARGUMENT]...\n\n%s\n\nCommands:\n", model.title);
    for (size_t i = 0; i < N_COMMANDS; i++) {
        printf("  %-8s %-28s %s\n", commands[i].name, commands[i].arguments, commands[i].purpose);
    }
    printf(
        "\n"
        "  --help     this text; enforcesim COMMAND --help tells more about a command\n"
        "  --version  version, commit and compiler of this program\n\n"
        "Examples:\n"
        "  enforcesim check configs/essay.cfg\n"
        "  enforcesim run configs/essay.cfg -o results/essay.h5\n"
        "  enforcesim design lhs configs/essay.cfg -n 100 --prior neutral -o design.csv\n"
        "  enforcesim params police --format markdown\n\n"
        "Exit status: 0 done; 1 failed while running; 2 bad usage or input, nothing written; 130, 143 interrupted.\n");
}

static void print_version(void)
{
    printf("enforcesim %s\nmodel %s %s\ncommit %s\ncompiler %s\n", version_number(), model.name, model.version,
           version_commit(), version_compiler());
}

static int unknown_command(const char *name)
{
    const char *names[N_COMMANDS + 3];
    for (size_t i = 0; i < N_COMMANDS; i++) names[i] = commands[i].name;
    names[N_COMMANDS] = "--help";
    names[N_COMMANDS + 1] = "--version";
    names[N_COMMANDS + 2] = NULL;
    struct error e = {0};
    field_unknown("command", name, names, &e);
    return command_error(&e);
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        struct error e = {0};
        error_set(&e, ERROR_INPUT, "the command is missing; see 'enforcesim --help'");
        return command_error(&e);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help();
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        print_version();
        return 0;
    }
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) != 0) continue;
        optind = 0;
        return commands[i].work(argc - 1, argv + 1, &model);
    }
    return unknown_command(argv[1]);
}

static int program(int argc, char **argv)
{
    int status = dispatch(argc, argv);
    return status != 0 ? status : command_finish();
}

/* A program started without stdin, stdout or stderr would get their numbers for its files, and print into them. What is opened
 * here instead fails when used. */
static void occupy_standard_files(void)
{
    for (int descriptor = 0; descriptor < 3; descriptor++) {
        if (fcntl(descriptor, F_GETFD) != -1) continue;
        int opened = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);
        if (opened != descriptor) _exit(1);
    }
}

int main(int argc, char **argv)
{
    occupy_standard_files();
    signal(SIGPIPE, SIG_IGN); /* a reader that goes away is a failed write, not the end of a long run */
    signal(SIGXFSZ, SIG_IGN); /* and so is a file that may not grow further */
    return apart_program(program, argc, argv);
}
