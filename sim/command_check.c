/* enforcesim check: validates a scenario file and prints what it resolves to. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/command.h"

static void print_help(void)
{
    printf(
        "Usage: enforcesim check CONFIG [OPTION]...\n\n"
        "Validates a scenario file and prints the configuration it resolves to: every parameter, every lever of every\n"
        "policy, no includes. The text is itself a scenario file that gives the same numbers.\n\n"
        "  --set PATH=VALUE   change a setting of the file; may be given often. Paths: run.NAME, "
        "parameters.GROUP.NAME,\n"
        "                     policies.NAME.LEVER, scenarios.NAME.policy, scenarios.NAME.phases.NUMBER.day\n"
        "  --scenario NAME    keep this scenario only; may be given often\n"
        "  --help             this text\n\n"
        "Examples:\n"
        "  enforcesim check configs/essay.cfg\n"
        "  enforcesim check configs/essay.cfg --set run.seed=3 --set policies.sweeps.sweep_rate=2 > resolved.cfg\n\n");
    command_print_settings();
}

static int check(const char *path, const struct model *model, const struct config_overrides *overrides)
{
    struct study study;
    struct error e = {0};
    char *text = NULL;
    if (config_load(&study, &text, model, path, overrides, &e) != 0) return command_error(&e);
    fputs(text, stdout); /* a failure shows in command_finish */
    free(text);
    study_free(&study);
    return command_finish();
}

int command_check(int argc, char **argv, const struct model *model)
{
    static const struct option options[] = {{"set", required_argument, NULL, 's'},
                                            {"scenario", required_argument, NULL, 'n'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    struct error e = {0};
    const char **values = calloc((size_t)argc * 2 + 2, sizeof *values);
    if (values == NULL) {
        error_memory(&e, "the arguments", argc);
        return command_error(&e);
    }
    const char **set = values, **scenarios = values + argc + 1;
    struct config_overrides overrides = {.set = set, .scenarios = scenarios};
    int option, status = -1;
    while (status < 0 && (option = command_option(argc, argv, "h", options, &e)) != -1) {
        if (option == 's') {
            set[overrides.n_set++] = optarg;
        } else if (option == 'n') {
            scenarios[overrides.n_scenarios++] = optarg;
        } else if (option == 'h') {
            print_help();
            status = 0;
        } else {
            status = command_error(&e);
        }
    }
    const char *path = status < 0 ? command_argument(argc, argv, "CONFIG", &e) : NULL;
    if (status < 0) status = path != NULL ? check(path, model, &overrides) : command_error(&e);
    free(values);
    return status;
}
