/* The program: finds the command and lets it work. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/apart.h"
#include "sim/command.h"
#include "sim/hdf.h"
#include "sim/version.h"

extern const struct model model; /* whatever model this program was linked with */

static void print_version(void)
{
    char hdf5[40], libconfig[40];
    const char *date = version_date();
    printf("enforcesim %s\nmodel %s %s\ncommit %s%s%s\ncompiler %s\nlibraries %s, %s\n", version_number(), model.name, model.version,
           version_commit(), date[0] != '\0' ? " of " : "", date, version_compiler(), hdf_library(hdf5, sizeof hdf5),
           config_library(libconfig, sizeof libconfig));
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        command_print_help(stderr, &model);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        command_print_help(stdout, &model);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        print_version();
        return 0;
    }
    struct error e = {0};
    const struct options_command *c = command_find(argv[1], &e);
    if (c == NULL) return command_error(&e);
    optind = 0;
    return c->work(argc - 1, argv + 1, &model);
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
