/* enforcesim merge: makes one results file of the shards that runs with --shard have written, the same bits as one run would. */
#include "sim/command.h"
#include "sim/running.h"

static const struct options_row rows[] = {
    REQUEST_OUTPUT_ROW,
    {.value = REQUEST_COMPLETE, .name = "complete",
     .meaning = "simulate what is in none of the shards; without it, that is refused"},
    REQUEST_STUDY_ROWS,
    REQUEST_THREADS_ROW,
    {.value = REQUEST_RESUME, .name = "resume", .meaning = "go on from FILE.partial, which an interrupted --complete has left"},
    REQUEST_HOW_ROWS,
    {0},
};

const struct options_command command_of_merge = {
    .name = "merge", .synopsis = "CONFIG SHARD... [OPTION]...",
    .purpose = "make one results file of what 'run --shard' has written", .work = command_merge,
    .arguments = (const struct options_argument[]){{.name = "CONFIG", .kind = OPTIONS_CONFIG}, {.name = "SHARD...", .kind = OPTIONS_SHARDS}, {0}},
    .rows = rows,
    .description = "Makes one results file of the shards that 'enforcesim run CONFIG --shard I/N' has written, on one machine or on "
                   "many. CONFIG and the settings must be those of the run; shards of anything else are refused. The results file is "
                   "the one that a single run writes, with the same digest. The shards stay.",
    .notes = REQUEST_PATHS "\n\n"
             "The options -r, --seed, --days, --scenario, --set and --design are to be given as they were to the run; -j and "
             "--progress are for --complete. SHARD may also be the FILE.shard-I-of-N.partial of a run that was interrupted.",
    .examples = "enforcesim run configs/essay.cfg -r 1000 -o essay.h5 --shard 1/2    # writes essay.h5.shard-1-of-2\n"
                "enforcesim run configs/essay.cfg -r 1000 -o essay.h5 --shard 2/2\n"
                "enforcesim merge configs/essay.cfg essay.h5.shard-* -r 1000 -o essay.h5\n",
    .statuses = "Exit status: as of 'enforcesim run'.",
};

int command_merge(int argc, char **argv, const struct model *model)
{
    return running_command(argc, argv, model, &command_of_merge, true);
}
