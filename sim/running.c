/* A study on its way to its results file: what is done goes to the journal, and from there to the file. */
#include "sim/running.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/apart.h"
#include "sim/command.h"
#include "sim/digest.h"
#include "sim/drift.h"
#include "sim/files.h"
#include "sim/plan_text.h"
#include "sim/run.h"
#include "sim/running_core.h"
#include "sim/version.h"

static void progressed(void *context, const struct run_progress *latest)
{
    struct running *r = context;
    struct run_progress own = *latest;
    own.units -= r->units - r->own; /* of other shards */
    progress_update(&r->progress, &own);
}

/* Three significant digits, down to a tenth of a millisecond. */
static const char *seconds_said(double seconds, char *text, size_t size)
{
    const int places = seconds >= 100 ? 0 : seconds >= 10 ? 1 : seconds >= 1 ? 2 : seconds >= 0.1 ? 3 : 4;
    snprintf(text, size, "%.*f s", places, seconds);
    return text;
}

static void say_done(const struct running *r, double simulated, double writing, const char *digest)
{
    const struct run_progress *p = &r->progress.latest;
    char points[64] = "", how[128] = "nothing was left to simulate", time[40];
    if (r->q->quiet) return;
    if (r->design != NULL) snprintf(points, sizeof points, "%u points of ", r->design->n_points);
    if (p->person_days > 0)
        snprintf(how, sizeof how, "%.3g person-days in %s (%.0f M person-days/s)", (double)p->person_days,
                 seconds_said(simulated, time, sizeof time), simulated > 0 ? (double)p->person_days / simulated / 1e6 : 0);
    command_say("wrote %s: %s%u replicates of %u scenarios; %s, %s of writing; digest %.12s", r->q->out, points,
                r->s->replicates, r->s->n_scenarios, how, seconds_said(writing, time, sizeof time), digest);
}

/* What a run says that ends early: one line, with what is left to go on from. */
static int ended_early(struct running *r, const struct error *e)
{
    struct error whole = {0}, unsynced = {0};
    if (journal_sync(r->journal, &unsynced) == 0) unsynced.text[0] = '\0';
    error_set(&whole, e->kind, "%.500s; %u of %u replicates are in %.200s: the same command with --resume goes on%s%.200s", e->text,
              journal_count(r->journal), r->own, r->q->partial, unsynced.text[0] != '\0' ? "; " : "", unsynced.text);
    int shown = command_error(&whole); /* right where it was another rank that has been asked to stop */
    return e->kind == ERROR_INTERRUPTED && *apart_stop() != 0 ? 128 + *apart_stop() : shown;
}

/* The results are written in a process of its own. */
struct writing {
    const struct running *r;
    struct results_content content;
    char digest[RESULTS_DIGEST];
};

static int write_results(void *context, struct error *e)
{
    struct writing *w = context;
    const struct request *q = w->r->q;
    if (journal_verify(w->r->journal, e) != 0) return -1;
    return results_write(q->out, q->force || q->resume, &w->content, w->digest, e);
}

/* A shard's file is its journal. */
static int finish_shard(const struct running *r, struct error *e)
{
    if (journal_compact(r->journal, e) != 0 || journal_verify(r->journal, e) != 0 || journal_sync(r->journal, e) != 0) return -1;
    if (files_publish(r->q->partial, r->q->out, r->q->force || r->q->resume, e) != 0) return -1;
    if (!r->q->quiet)
        command_say("wrote %s: %u of %u replicates; 'enforcesim merge' makes a results file of all shards", r->q->out,
                    journal_count(r->journal), r->units);
    return 0;
}

static int finish(const struct running *r, struct error *e)
{
    char created[32];
    if (running_created(created, sizeof created, e) != 0) return -1;
    double simulated = progress_clock() - r->progress.started - journal_seconds(r->journal), begun = progress_clock();
    struct writing *w = apart_shared(sizeof *w);
    if (w == NULL) return error_memory(e, "writing the results", sizeof *w);
    *w = (struct writing){.r = r, .content = running_content(r, created)};
    if (apart_work(write_results, w, r->q->out, e) != 0) {
        unlink(r->q->temporary); /* where the writer could not do so any more */
        return -1;
    }
    if (unlink(r->q->partial) != 0)
        command_say("enforcesim: %s is complete, but %s cannot be removed: %s", r->q->out, r->q->partial, strerror(errno));
    say_done(r, simulated, progress_clock() - begun + journal_seconds(r->journal), w->digest);
    if (!r->q->quiet && r->design == NULL) drift_warn(stderr, r->s, &r->record, r->journal);
    return 0;
}

static struct run_options run_options_of(struct running *r)
{
    struct run_options options = running_options(r);
    options.threads = r->threads;
    options.stop = apart_stop();
    options.progress = progressed;
    return options;
}

/* The file is complete, but not every point of the design could be run. */
static int tell_failed(const struct running *r)
{
    struct error e = {0};
    running_tell_failed(r, r->q->shards > 0 ? "the merged file" : r->q->out, &e);
    return command_error(&e);
}

static int simulate(struct running *r, struct error *e)
{
    const struct run_options options = run_options_of(r);
    unlink(r->q->temporary); /* of a run that was killed */
    r->progress = progress_begin(r->q->progress, r->design != NULL ? "replicates of points" : "replicates", r->own,
                                 journal_count(r->journal));
    int status = ranks_run(&r->ranks, r->s, &options, e);
    if (status == 0) progress_enter(&r->progress, PROGRESS_WRITING);
    if (status == 0) status = r->q->shards > 0 ? finish_shard(r, e) : finish(r, e);
    r->broken = status != 0;
    progress_enter(&r->progress, status == 0 ? PROGRESS_FINISHED : e->kind == ERROR_INTERRUPTED ? PROGRESS_INTERRUPTED : PROGRESS_FAILED);
    if (status != 0) return ended_early(r, e);
    return r->failed > 0 ? tell_failed(r) : 0;
}

/* ---- what there is to do -------------------------------------------------------------------------------------------------- */

/* Shards take turns by points, or where these are too few by replicates. */
static bool is_own(const struct running *r, uint32_t unit)
{
    const uint32_t shards = r->q->shards;
    if (shards == 0) return true;
    const bool by_point = r->design != NULL && r->design->n_points >= shards;
    return (by_point ? unit / r->s->replicates : unit) % shards == r->q->shard - 1;
}

static void choose_units(struct running *r)
{
    const bool *finished = r->journal != NULL ? journal_finished(r->journal) : NULL;
    r->own = 0;
    for (uint32_t unit = 0; unit < r->units; unit++) {
        const bool own = is_own(r, unit);
        r->own += own;
        r->skip[unit] = !own || (finished != NULL && finished[unit]);
    }
}

static int open_journal(struct running *r, const struct journal_identity *identity, struct error *e)
{
    const struct request *q = r->q;
    if (!q->only_plans && request_make_folder(q, e) != 0) return -1;
    const double bytes = journal_size(identity, r->units) + results_size(r->s, &r->record, r->design, strlen(r->config));
    if (request_check_paths(q, bytes, e) != 0) return -1;
    const bool begun = access(q->partial, F_OK) == 0;
    if (q->only_plans && q->resume && begun) return journal_look(&r->journal, q->partial, identity, e);
    if (q->only_plans) return begun ? journal_try(q->partial, e) : 0;
    r->resumed = q->resume && begun;
    if (r->resumed) return journal_resume(&r->journal, q->partial, identity, e);
    if (!q->merges) return journal_create(&r->journal, q->partial, identity, e);
    if (begun && journal_try(q->partial, e) != 0) return -1;
    return journal_create(&r->journal, q->temporary, identity, e);
}

/* Whether a unit that no shard has can be run at all, on a single thread: shards leave out the points of a design that cannot. */
static bool can_be_run(const struct running *r, struct study *own, uint32_t unit)
{
    struct error ignored = {0};
    return r->design == NULL || design_place(r->design, unit / r->s->replicates, 1, own, &ignored) == 0;
}

static int check_whole(const struct running *r, struct error *e)
{
    struct study own;
    uint32_t missing = 0, first = 0;
    if (study_copy(&own, r->s, e) != 0) return -1;
    for (uint32_t unit = r->units; unit-- > 0;) {
        if (journal_finished(r->journal)[unit] || !can_be_run(r, &own, unit)) continue;
        missing++;
        first = unit;
    }
    study_free(&own);
    if (missing == 0) return 0;
    char point[64] = "";
    if (r->design != NULL) snprintf(point, sizeof point, " of point %u", first / r->s->replicates);
    return error_set(e, ERROR_INPUT,
                     "%u of %u replicates are in none of these files, the first of them replicate %u%s; name the files of all "
                     "shards, or let --complete simulate what is missing", missing, r->units, first % r->s->replicates, point);
}

/* Everything that the shards hold. What is wrong with one of them leaves nothing behind, and what an earlier run has left as it was:
 * a new journal takes its name when it has all of them. */
static int gather_shards(struct running *r, const struct journal_identity *identity, struct error *e)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < r->q->n_parts; i++) status = journal_gather(r->journal, r->q->parts[i], identity, e);
    if (status == 0 && !r->q->complete) status = check_whole(r, e);
    if (r->resumed) return status;
    if (status == 0) status = journal_move(r->journal, r->q->partial, e);
    if (status != 0) unlink(r->q->temporary);
    return status;
}

static int find_units(struct running *r, struct error *e)
{
    char model[200], *text = running_identity_text(r);
    if (text == NULL) return error_memory(e, "the configuration", (double)strlen(r->config));
    snprintf(model, sizeof model, "%s %s", r->s->model->name, r->s->model->version);
    const struct journal_identity identity = {.config = text, .model = model, .program = version_number(), .seed = r->s->seed,
                                              .replicates = r->units, .values = r->record.values,
                                              .aggregated = running_aggregated(r)};
    int status = open_journal(r, &identity, e);
    if (status == 0 && r->q->merges) status = gather_shards(r, &identity, e);
    if (status == 0) choose_units(r);
    r->journal_bytes = journal_size(&identity, r->own);
    free(text);
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------- */

/* What the ranks that share a run compare: the configuration, the design, the versions, what they are to share. */
static int identify(const struct running *r, char identity[65], struct error *e)
{
    struct digest_entry all = {.path = "run"};
    char *text = running_identity_text(r);
    if (text == NULL) return error_memory(e, "the configuration", (double)strlen(r->config));
    const char over[] = {(char)('0' + r->q->ranks_over), '\0'}; /* ranks that share other things would wait for each other */
    const char *const texts[] = {text, r->s->model->version, version_number(), version_commit(), over};
    digest_begin(&all.digest);
    digest_texts(&all.digest, texts, sizeof texts / sizeof *texts);
    digest_finish(&all, 1, identity);
    free(text);
    return 0;
}

static int plan_only(struct running *r, struct error *e)
{
    const struct run_options options = run_options_of(r);
    struct plan plan;
    if (plan_measure(&plan, r->s, &options, r->threads, &r->record, e) != 0) return command_error(e);
    const struct plan_facts facts = {
        .plan = &plan, .q = r->q, .s = r->s, .config = r->config, .design = r->design, .record = &r->record, .units = r->own, .threads = r->threads,
        .ranks = r->ranks.count, .journal_bytes = r->journal_bytes,
        .file_bytes = results_expected(r->s, &r->record, r->design, strlen(r->config), plan.compressed)};
    plan_print(stdout, &facts);
    return command_finish();
}

static int lead_or_follow(struct running *r)
{
    struct error e = {0};
    if (r->q->only_plans) return r->ranks.own == 0 ? plan_only(r, &e) : 0;
    if (r->ranks.own == 0) return simulate(r, &e);
    const struct run_options options = run_options_of(r);
    return ranks_run(&r->ranks, r->s, &options, &e) != 0 ? (int)e.kind : 0;
}

/* All ranks load, the leader opens the files, and where one of them cannot, none goes on. */
static int get_ready(struct running *r, struct study *study, struct design *design, char **config, struct error *e)
{
    struct error own = {0};
    char identity[65] = "";
    int status = running_load(r, study, design, config, &own);
    if (status == 0) status = identify(r, identity, &own);
    if (ranks_agree(&r->ranks, status, &own, identity, e) != 0) return -1;
    if (r->ranks.own == 0) status = request_paths(r->q, r->s, &own) != 0 ? -1 : find_units(r, &own);
    return ranks_agree(&r->ranks, status, &own, identity, e);
}

static int run_request(struct running *r, struct study *study, struct design *design)
{
    struct error e = {0};
    char *config = NULL;
    int status = get_ready(r, study, design, &config, &e);
    if (status == 0) status = lead_or_follow(r);
    else status = r->ranks.own == 0 ? command_error(&e) : (int)e.kind;
    running_free(r, study, design, config);
    return status;
}

int running_command(int argc, char **argv, const struct model *model, const struct options_command *c, bool merges)
{
    struct error e = {0}, own = {0};
    struct request request = {0};
    struct study study = {.model = model};
    struct design design = {.model = model};
    struct running r = {.q = &request, .s = &study};
    bool help = false;
    if (ranks_begin(&r.ranks, &e) != 0) return command_error(&e);
    r.threads = r.ranks.threads;
    int status = ranks_agree(&r.ranks, request_read(&request, argc, argv, c, merges, &help, &own), &own, "", &e);
    r.design = request.design != NULL ? &design : NULL;
    if (status != 0) status = r.ranks.own == 0 ? command_error(&e) : (int)e.kind;
    else if (!help) status = run_request(&r, &study, &design);
    else if (r.ranks.own == 0) options_print_help(stdout, c);
    request_free(&request);
    ranks_end(&r.ranks, r.broken ? status : 0);
    return status;
}
