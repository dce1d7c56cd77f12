/* How far a run is, on stderr. */
#include "sim/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

double progress_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

const char *progress_duration(double seconds, char *text, size_t size)
{
    if (seconds < 9.95) snprintf(text, size, seconds < 0.95 ? "%.2g s" : "%.1f s", seconds);
    else if (seconds < 120) snprintf(text, size, "%.0f s", seconds);
    else if (seconds < 7200) snprintf(text, size, "%.0f min", seconds / 60);
    else if (seconds < 48 * 3600.0) snprintf(text, size, "%.1f h", seconds / 3600);
    else snprintf(text, size, "%.3g days", seconds / 86400);
    return text;
}

/* Seconds until all units are done, by those that this run has done; -1: none yet. */
static double time_left(const struct progress *p, double seconds)
{
    const uint32_t done = p->latest.units - p->before;
    return done > 0 ? seconds / done * (p->units - p->latest.units) : p->latest.units == p->units ? 0 : -1;
}

/* Characters of a line that do not wrap. */
static int line_width(void)
{
    struct winsize window = {0};
    if (!isatty(STDERR_FILENO)) return 200;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1 ? window.ws_col - 1 : 79;
}

static void print_line(const struct progress *p, double seconds)
{
    char line[200], duration[32];
    int used = snprintf(line, sizeof line, "%u of %u %s, %.0f M person-days/s", p->latest.units, p->units, p->what,
                        seconds > 0 ? (double)p->latest.person_days / seconds / 1e6 : 0);
    const double left = time_left(p, seconds);
    if (left >= 0 && used > 0 && used < (int)sizeof line) {
        if (left < 120) snprintf(duration, sizeof duration, "%.0f s", left); /* no more places than it is worth */
        snprintf(line + used, sizeof line - (size_t)used, ", %s left", left < 120 ? duration : progress_duration(left, duration, sizeof duration));
    }
    fprintf(stderr, "\r%.*s\033[K", line_width(), line);
    fflush(stderr);
}

static void print_json(const struct progress *p, double seconds, enum progress_state state)
{
    static const char *const states[] = {"running", "writing", "finished", "interrupted", "failed"};
    char eta[40] = "null", line[600];
    const double left = time_left(p, seconds);
    const uint32_t done = p->latest.units - p->before;
    if (left >= 0) snprintf(eta, sizeof eta, "%.3f", left);
    snprintf(line, sizeof line,
             "{\"state\": \"%s\", \"finished\": %s, \"done\": %u, \"total\": %u, \"before\": %u, \"units\": \"%s\", \"rate\": %.6g, "
             "\"eta_seconds\": %s, \"person_days\": %llu, \"person_days_per_second\": %.6g, \"elapsed_seconds\": %.3f}\n",
             states[state], state == PROGRESS_FINISHED ? "true" : "false", p->latest.units, p->units, p->before, p->what,
             seconds > 0 ? done / seconds : 0, eta, (unsigned long long)p->latest.person_days,
             seconds > 0 ? (double)p->latest.person_days / seconds : 0, seconds);
    fputs(line, stderr);
    fflush(stderr);
}

struct progress progress_begin(enum progress_form form, const char *what, uint32_t units, uint32_t before)
{
    struct progress p = {.form = form, .what = what, .units = units, .before = before, .started = progress_clock()};
    p.latest.units = before;
    if (form == PROGRESS_JSON) print_json(&p, 0, PROGRESS_RUNNING);
    if (form == PROGRESS_JSON) p.last = p.started;
    return p;
}

void progress_update(struct progress *p, const struct run_progress *latest)
{
    p->latest = *latest;
    const double now = progress_clock(), seconds = now - p->started;
    if (now - p->last < (p->form == PROGRESS_JSON ? 0.1 : 0.2) || seconds <= 0) return;
    p->last = now;
    if (p->form == PROGRESS_ALWAYS) print_line(p, seconds);
    if (p->form == PROGRESS_JSON) print_json(p, seconds, PROGRESS_RUNNING);
}

void progress_enter(const struct progress *p, enum progress_state state)
{
    if (p->form == PROGRESS_ALWAYS && state != PROGRESS_FINISHED) fprintf(stderr, "\r\033[K");
    if (p->form == PROGRESS_JSON) print_json(p, progress_clock() - p->started, state);
}
