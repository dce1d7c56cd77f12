/* enforcesim run: runs a scenario file and writes the results file. Everything that can be refused is refused before the
 * first day is simulated; whatever is finished is in the journal. */
#include <stdio.h>

#include "sim/command.h"
#include "sim/running.h"

static void print_help(void)
{
    printf(
        "Usage: enforcesim run CONFIG [OPTION]...\n\n"
        "Runs every scenario of a scenario file and writes a results file (HDF5, opens as netCDF-4).\n\n"
        "  -o, --output FILE      the results file (results/NAME.h5, NAME being run.name)\n"
        "  -r, --replicates N     run.replicates\n"
        "  -j, --threads N        threads, 1 to %d (all cores); the numbers do not depend on it\n"
        "      --seed N           run.seed\n"
        "      --days N           run.horizon\n"
        "      --scenario NAME    run this scenario only; may be given often\n"
        "      --set PATH=VALUE   change a setting of the file; may be given often. Paths: run.NAME, parameters.GROUP.NAME,\n"
        "                         policies.NAME.LEVER, scenarios.NAME.policy, scenarios.NAME.phases.NUMBER.day\n"
        "      --design FILE      run every scenario at each point of a design of experiments (CSV, see 'enforcesim check --help'\n"
        "                         and 'enforcesim design --help'); metrics get a dimension `point`. A point that cannot be run\n"
        "                         is told at the end and in the file, and costs no other\n"
        "      --shard I/N        run the I-th of N parts only, into FILE.shard-I-of-N; 'enforcesim merge' puts them together\n"
        "      --ranks-over WHAT  what processes started by mpirun share: units (replicates, points, scenarios), cities (each has some\n"
        "                         of a region's), or auto (units, or cities where units are fewer than processes, or a world is too\n"
        "                         large for one); the numbers do not depend on it\n"
        "      --resume           go on from FILE.partial, which an interrupted run has left\n"
        "      --force            replace FILE, or begin anew in spite of FILE.partial\n"
        "      --quiet            say nothing but errors\n"
        "      --progress WHEN    auto (on a terminal), always or never\n"
        "      --help             this text\n\n"
        "Examples:\n"
        "  enforcesim run configs/essay.cfg\n"
        "  enforcesim run configs/cases/cebu.cfg -r 50 -o cebu.h5\n"
        "  enforcesim run configs/essay.cfg --set parameters.health.backlash_own=0.6 -o backlash.h5\n"
        "  enforcesim run configs/essay.cfg -r 10 --design points.csv -o points.h5\n\n"
        "Exit status: 0 done; 1 failed while running, or points of a design did, 130 or 143 interrupted (what was done is in FILE.partial); 2 refused.\n\n",
        REQUEST_THREADS);
    command_print_settings();
}

int command_run(int argc, char **argv, const struct model *model)
{
    return running_command(argc, argv, model, false, print_help);
}
