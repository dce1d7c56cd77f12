/* Processes of their own, and what their parents make of their end: see the header. */
#include "sim/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/command.h"

static const double PATIENCE = 1.5;     /* seconds a child has to end by itself; we promise two in all */
static const double ONE_REQUEST = 0.05; /* seconds: timeout(1) and terminals may say the same thing twice */

static atomic_int never;
static atomic_int *stop = &never;

const atomic_int *apart_stop(void) { return stop; }

void *apart_shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* A child that does not outlive its parent, be that killed. */
static pid_t child_begin(void)
{
    pid_t parent = getpid(), child = fork();
    if (child != 0) return child;
    /* 0: the parent is outside of the namespace that the child is the first in, as after `unshare --pid`. */
    const pid_t found = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 ? getppid() : -1;
    if (found != parent && found != 0) _exit(ERROR_FAILURE);
    return 0;
}

static void child_wait(pid_t child, int *status)
{
    while (waitpid(child, status, 0) < 0 && errno == EINTR) {
    }
}

/* How a process ended that has not said it itself. */
static void describe_end(int status, char *text, size_t size)
{
    if (WIFSIGNALED(status)) {
        snprintf(text, size, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else {
        snprintf(text, size, "exit status %d", WEXITSTATUS(status));
    }
}

/* ---- the program ---- */

static double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The next of the signals, or -1 after so many seconds. */
static int next_signal(const sigset_t *signals, double seconds)
{
    if (seconds < 0) seconds = 0;
    const struct timespec limit = {.tv_sec = (time_t)seconds,
                                   .tv_nsec = (long)(1e9 * (seconds - (double)(time_t)seconds))};
    return sigtimedwait(signals, NULL, &limit);
}

/* Waits for the end of the child, or of our patience with it. False: it has been killed. */
static bool watch(pid_t child, const sigset_t *signals, int *status)
{
    double asked = 0;
    for (;;) {
        if (waitpid(child, status, WNOHANG) == child) return true;
        int number = next_signal(signals, *stop == 0 ? 3600 : asked + PATIENCE - clock_seconds());
        double now = clock_seconds();
        if (number > 0 && number != SIGCHLD && *stop == 0) {
            *stop = number;
            asked = now;
        } else if (number != SIGCHLD && *stop != 0 && now - asked > ONE_REQUEST &&
                   (number > 0 || now - asked >= PATIENCE)) {
            kill(child, SIGKILL);
            if (number < 0)
                fprintf(stderr,
                        "enforcesim: interrupted; a run's finished replicates are in its FILE.partial: the same "
                        "command with --resume goes on\n");
            return false;
        }
    }
}

/* The signals that the parent waits for. After nohup(1) SIGHUP is not one of them. SIGINT always is, though a script's shell has what
 * it starts in the background ignore it: who sends one to a run there, or ends the script by Ctrl-C, means the run as well. */
static void choose_signals(sigset_t *signals)
{
    struct sigaction hangup;
    sigemptyset(signals);
    sigaddset(signals, SIGCHLD);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) sigaddset(signals, SIGHUP);
}

/* A terminal sends its signals to the child as well, who is to learn of them from its parent alone. */
static void child_signals(const sigset_t *before)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigprocmask(SIG_SETMASK, before, NULL);
}

int apart_program(int (*program)(int argc, char **argv), int argc, char **argv)
{
    struct error e = {0};
    sigset_t signals, before;
    int status = 0;
    choose_signals(&signals);
    signal(SIGCHLD, SIG_DFL); /* where it was ignored, there would be nothing to wait for */
    atomic_int *flag = apart_shared(sizeof *flag);
    sigprocmask(SIG_BLOCK, &signals, &before);
    pid_t child = flag != NULL ? child_begin() : -1;
    if (child < 0) {
        error_set(&e, ERROR_FAILURE, "no process can be started: %s", strerror(errno));
        return command_error(&e);
    }
    stop = flag;
    if (child == 0) {
        child_signals(&before);
        return program(argc, argv);
    }
    if (!watch(child, &signals, &status)) return 128 + *stop;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    char end[100];
    describe_end(status, end, sizeof end);
    error_set(&e, ERROR_FAILURE,
              "the program was ended by %s, most likely for want of memory; if a FILE.partial is there, the same "
              "command with --resume goes on from it",
              end);
    return command_error(&e);
}

/* ---- a piece of work ---- */

struct report {
    struct error error;
    int status;
    volatile bool finished;
};

/* What libraries print when they fail is of no use to people. */
static void silence(void)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
}

/* False: it was stopped, for which we look every ten milliseconds. `end`: a pipe of which the child alone has the other end, so
 * that there is something to read when the child has ended; or -1, then its end is seen ten milliseconds late. */
static bool wait_for(pid_t child, int end, int *status)
{
    struct pollfd ended = {.fd = end, .events = POLLIN};
    for (;;) {
        if (waitpid(child, status, WNOHANG) == child) return true;
        if (*stop != 0) {
            kill(child, SIGKILL);
            child_wait(child, status);
            return false;
        }
        poll(&ended, 1, 10);
    }
}

static void close_end(int end)
{
    if (end >= 0) close(end);
}

int apart_work(int (*work)(void *context, struct error *e), void *context, const char *what, struct error *e)
{
    struct report *report = apart_shared(sizeof *report);
    if (report == NULL) return error_memory(e, "a report", sizeof *report);
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) ends[0] = ends[1] = -1;
    pid_t child = child_begin();
    if (child == 0) {
        silence();
        report->status = work(context, &report->error);
        report->finished = true;
        _exit(0); /* without exit handlers: after a failure HDF5's may crash */
    }
    const int cause = errno;
    int status = 0;
    char end[100];
    close_end(ends[1]);
    const bool waited = child >= 0 && wait_for(child, ends[0], &status);
    close_end(ends[0]);
    if (child < 0) {
        error_set(e, ERROR_FAILURE, "%s: no process can be started: %s", what, strerror(cause));
    } else if (!waited) {
        error_set(e, ERROR_INTERRUPTED, "interrupted");
    } else if (report->finished && report->status == 0) {
        munmap(report, sizeof *report);
        return 0;
    } else if (report->error.kind != ERROR_NONE) { /* also where it crashed afterwards */
        error_set(e, report->error.kind, "%s", report->error.text);
    } else {
        describe_end(status, end, sizeof end);
        error_set(e, ERROR_FAILURE, "%s: writing was ended by %s, most likely for want of memory", what, end);
    }
    munmap(report, sizeof *report);
    return -1;
}
