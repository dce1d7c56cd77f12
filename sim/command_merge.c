/* enforcesim merge: makes one results file of the shards that runs with --shard have written, the same bits as one run would. */
#include <stdio.h>

#include "sim/command.h"
#include "sim/running.h"

static void print_help(void)
{
    printf(
        "Usage: enforcesim merge CONFIG SHARD... [OPTION]...\n\n"
        "Makes one results file of the shards that 'enforcesim run CONFIG --shard I/N' has written, on one machine or on many.\n"
        "CONFIG and the settings must be those of the run; shards of anything else are refused. The results file is the one that\n"
        "a single run writes, with the same digest. The shards stay.\n\n"
        "  -o, --output FILE      the results file (results/NAME.h5, NAME being run.name)\n"
        "      --complete         simulate what is in none of the shards; without it, that is refused\n"
        "      --resume           go on from FILE.partial, which an interrupted --complete has left\n"
        "      --force            replace FILE, or begin anew in spite of FILE.partial\n"
        "      --quiet            say nothing but errors\n"
        "  -r, --seed, --days, --scenario, --set, --design: as given to the run; -j, --progress: for --complete\n"
        "      --help             this text\n\n"
        "SHARD may also be the FILE.shard-I-of-N.partial of a run that was interrupted.\n\n"
        "Examples:\n"
        "  enforcesim run configs/essay.cfg -r 1000 -o essay.h5 --shard 1/2    # writes essay.h5.shard-1-of-2\n"
        "  enforcesim run configs/essay.cfg -r 1000 -o essay.h5 --shard 2/2\n"
        "  enforcesim merge configs/essay.cfg essay.h5.shard-* -r 1000 -o essay.h5\n\n"
        "Exit status: as of 'enforcesim run'.\n");
}

int command_merge(int argc, char **argv, const struct model *model)
{
    return running_command(argc, argv, model, true, print_help);
}
