/* What --dry-run prints: what would be run, and what that takes. */
#include "sim/plan_text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "sim/command.h"
#include "sim/files.h"

/* What the program takes besides worlds and results, mostly libraries' code. */
static const double PROGRAM_BYTES = 20e6;
/* Seconds to make a results file, and bytes a second to write journal and file: measured, on an ordinary disk. */
static const double FILE_SECONDS = 0.25, WRITTEN_PER_SECOND = 60e6;

static const char *bytes(double n, char *text, size_t size)
{
    if (n < 1e6) snprintf(text, size, "%.2g MB", n < 1e4 ? 0.01 : n / 1e6);
    else if (n < 1e9) snprintf(text, size, n < 1e7 ? "%.1f MB" : "%.0f MB", n / 1e6);
    else snprintf(text, size, "%.1f GB", n / 1e9);
    return text;
}

static void label(FILE *out, const char *word) { fprintf(out, "%-11s ", word); }

static void print_study(FILE *out, const struct plan_facts *f)
{
    const struct study *s = f->s;
    label(out, "study");
    command_print(out, s->name);
    fprintf(out, ", seed %llu: %d days of burn-in, %d days of policy\n", (unsigned long long)s->seed, s->calendar.burn_in, s->calendar.horizon);
    label(out, "scenarios");
    fprintf(out, "%u:", s->n_scenarios);
    for (uint32_t i = 0; i < s->n_scenarios; i++) {
        fprintf(out, "%s ", i > 0 ? "," : "");
        command_print(out, s->scenarios[i].name);
        if (i == 9 && s->n_scenarios > 12) {
            fprintf(out, ", and %u more", s->n_scenarios - 10);
            break;
        }
    }
    putc('\n', out);
    if (f->design == NULL) return;
    label(out, "design");
    fprintf(out, "%u points of %u parameters: ", f->design->n_points, f->design->n_columns);
    command_print(out, f->q->design);
    putc('\n', out);
}

static void print_work(FILE *out, const struct plan_facts *f)
{
    const uint32_t before = f->units - f->plan->left;
    label(out, "runs");
    fprintf(out, "%u replicate%s × %u scenario%s", f->s->replicates, f->s->replicates == 1 ? "" : "s", f->s->n_scenarios,
            f->s->n_scenarios == 1 ? "" : "s");
    if (f->design != NULL) fprintf(out, " × %u point%s", f->design->n_points, f->design->n_points == 1 ? "" : "s");
    if (f->q->shards > 0) fprintf(out, ", of which shard %u of %u has %u replicates", f->q->shard, f->q->shards, f->units);
    if (before > 0) fprintf(out, "; %u of %u replicates are done, %u are left", before, f->units, f->plan->left);
    if (f->plan->person_days > 0) fprintf(out, "; about %.2g person-days", f->plan->person_days);
    putc('\n', out);
}

static void print_basis(FILE *out, const struct plan *p)
{
    char replicates[40];
    snprintf(replicates, sizeof replicates, p->replicates < 9.5 ? "%.2g" : "%.0f", p->replicates);
    switch (p->basis) {
    case PLAN_WHOLE: fprintf(out, "by simulating all of it just now"); break;
    case PLAN_SHORTENED:
        fprintf(out, "by simulating %s replicates of %.2g %% of the days for %.1f s just now; later days may take more or less",
                replicates, 100 * p->shortened, p->measured);
        break;
    case PLAN_PREFIX:
        if (p->replicates >= 1) fprintf(out, "by simulating %s of the replicates for %.1f s just now", replicates, p->measured);
        else fprintf(out, "by simulating the first %.2g %% of a replicate for %.1f s just now; later days and other scenarios may take more",
                     100 * p->replicates, p->measured);
        break;
    case PLAN_NOTHING: break;
    }
}

static void print_time(FILE *out, const struct plan_facts *f)
{
    const struct plan *p = f->plan;
    char whole[40], writing[40];
    const double written = FILE_SECONDS + (f->journal_bytes + f->file_bytes) / WRITTEN_PER_SECOND;
    label(out, "time");
    if (p->left == 0) fprintf(out, "about %s: nothing is left to simulate\n", progress_duration(written, whole, sizeof whole));
    if (p->left == 0) return;
    if (p->seconds < 0) {
        fprintf(out, f->design == NULL ? "unknown: not a day of a world could be simulated in two seconds\n"
                                       : "unknown: the points tried cannot be run, or not for a day in two seconds\n");
        return;
    }
    fprintf(out, "about %s", progress_duration(p->seconds / f->ranks + written, whole, sizeof whole));
    if (f->ranks > 1) fprintf(out, " on %u processes of %u threads", f->ranks, f->threads);
    else fprintf(out, " on %u thread%s", f->threads, f->threads == 1 ? "" : "s");
    fprintf(out, ", %s of it writing; ", progress_duration(written, writing, sizeof writing));
    print_basis(out, p);
    putc('\n', out);
}

static void print_memory(FILE *out, const struct plan_facts *f)
{
    char text[40];
    const double world = study_memory(f->s);
    label(out, "memory");
    fprintf(out, "about %s", bytes(PROGRAM_BYTES + world * f->threads + 9.0 * f->units, text, sizeof text));
    if (f->threads > 1 && world > 0) fprintf(out, " (%s a thread)", bytes(world, text, sizeof text));
    fprintf(out, f->ranks > 1 ? " a process\n" : "\n");
}

static void print_disk(FILE *out, const struct plan_facts *f)
{
    char file[40], journal[40], present[40];
    struct statvfs disk;
    char *folder = files_folder(f->q->out);
    label(out, "disk");
    if (f->q->shards > 0) {
        fprintf(out, "about %s for ", bytes(f->journal_bytes, journal, sizeof journal));
        command_print(out, f->q->out);
    } else {
        fprintf(out, "about %s for ", bytes(f->file_bytes, file, sizeof file));
        command_print(out, f->q->out);
        fprintf(out, ", and until it is complete %s for ", bytes(f->journal_bytes, journal, sizeof journal));
        command_print(out, f->q->partial);
    }
    if (folder != NULL && (statvfs(folder, &disk) == 0 || statvfs(".", &disk) == 0))
        fprintf(out, "; %s are free", bytes((double)disk.f_bavail * (double)disk.f_frsize, present, sizeof present));
    putc('\n', out);
    free(folder);
}

void plan_print(FILE *out, const struct plan_facts *facts)
{
    print_study(out, facts);
    print_work(out, facts);
    print_time(out, facts);
    print_memory(out, facts);
    print_disk(out, facts);
    label(out, "settings");
    fprintf(out, "these, as 'enforcesim check' prints them; nothing has been written\n\n%s", facts->config);
}
