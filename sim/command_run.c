/* enforcesim run: runs a scenario file and writes the results file. Everything that can be refused is refused before the
 * first day is simulated; whatever is finished is in the journal. */
#include "sim/command.h"
#include "sim/running.h"

static const struct options_row rows[] = {
    REQUEST_OUTPUT_ROW,
    {.value = REQUEST_DRY_RUN, .name = "dry-run",
     .meaning = "write nothing: say what would be run, how long it takes, and the memory and disk it needs; refuse what a run refuses"},
    REQUEST_STUDY_ROWS,
    REQUEST_THREADS_ROW,
    {.value = REQUEST_SHARD, .name = "shard", .argument = "I/N",
     .meaning = "run the I-th of N parts only, into FILE.shard-I-of-N; 'enforcesim merge' puts them together"},
    {.value = REQUEST_RANKS, .name = "ranks-over", .argument = "WHAT", .kind = OPTIONS_WORD, .words = "auto|units|cities",
     .initial = "auto",
     .meaning = "what processes started by mpirun share: units (replicates, points, scenarios), cities (each has some of a region's), "
                "or auto (units, or cities where units are fewer than processes, or a world is too large for one); the numbers do "
                "not depend on it"},
    {.value = REQUEST_RESUME, .name = "resume", .meaning = "go on from FILE.partial, which an interrupted run has left"},
    REQUEST_HOW_ROWS,
    {0},
};

const struct options_command command_of_run = {
    .name = "run", .synopsis = "CONFIG [OPTION]...", .purpose = "simulate the scenarios of a file and write a results file",
    .work = command_run, .arguments = (const struct options_argument[]){{.name = "CONFIG", .kind = OPTIONS_CONFIG}, {0}},
    .rows = rows,
    .description = "Runs every scenario of a scenario file and writes a results file (HDF5, opens as netCDF-4).",
    .notes = REQUEST_PATHS "\n\n"
             "The objects of --progress json have the keys state (running, writing, finished, interrupted or failed), finished (true or "
             "false), done, total and before (done by an earlier run), units (what these are), rate (done in a second), eta_seconds (null "
             "while unknown), person_days, person_days_per_second and elapsed_seconds (of this run).",
    .tells_settings = true,
    .examples = "enforcesim run configs/essay.cfg\n"
                "enforcesim run configs/essay.cfg --dry-run\n"
                "enforcesim run configs/cases/cebu.cfg -r 50 -o cebu.h5\n"
                "enforcesim run configs/essay.cfg --set parameters.health.backlash_own=0.6 -o backlash.h5\n"
                "enforcesim run configs/essay.cfg -r 10 --design points.csv -o points.h5\n",
    .statuses = "Exit status: 0 done; 1 failed while running, or points of a design did, 130 or 143 interrupted (what was done is in "
                "FILE.partial); 2 refused.",
};

int command_run(int argc, char **argv, const struct model *model)
{
    return running_command(argc, argv, model, &command_of_run, false);
}
