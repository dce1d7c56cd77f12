/* The progress line of a run, on stderr. */
#include "sim/progress.h"

#include <stdio.h>
#include <time.h>

double progress_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

struct progress progress_begin(bool shown, const char *what, uint32_t units, uint32_t before)
{
    struct progress p = {.shown = shown, .what = what, .units = units, .before = before, .started = progress_clock()};
    p.latest.units = before;
    return p;
}

void progress_update(struct progress *p, const struct run_progress *latest)
{
    p->latest = *latest;
    double now = progress_clock(), seconds = now - p->started;
    if (!p->shown || now - p->last < 0.2 || seconds <= 0) return;
    p->last = now;
    uint32_t done = latest->units - p->before, left = p->units - latest->units;
    fprintf(stderr, "\r%u of %u %s, %.0f M person-days/s", latest->units, p->units, p->what,
            (double)latest->person_days / seconds / 1e6);
    if (done > 0) fprintf(stderr, ", %.0f s left", seconds / done * left);
    fprintf(stderr, "\033[K");
    fflush(stderr);
}

void progress_end(const struct progress *p)
{
    if (p->shown) fprintf(stderr, "\r\033[K");
}
