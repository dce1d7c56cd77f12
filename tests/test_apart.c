/* Processes of their own: what they say comes back, and what ends them is a message. */
#include "sim/apart.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/folder.h"

static void default_signals(void) /* cmocka has its own; nohup(1), or a shell's background, ignores some */
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGHUP, SIGINT, SIGTERM};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_DFL);
}

enum { HANGS = 60 /* seconds; nothing here takes two */ };

/* ---- a piece of work ---- */

static int succeed(void *context, struct error *e)
{
    (void)e;
    *(int *)context = 42;
    fprintf(stderr, "nobody hears this\n");
    return 0;
}

static int refuse(void *context, struct error *e)
{
    (void)context;
    return error_set(e, ERROR_INPUT, "no");
}

static int crash(void *context, struct error *e)
{
    (void)context;
    (void)e;
    default_signals();
    raise(SIGSEGV);
    return 0;
}

static int crash_after_a_message(void *context, struct error *e)
{
    error_set(e, ERROR_FAILURE, "the disk is full");
    return crash(context, e);
}

static int give_up(void *context, struct error *e)
{
    (void)context;
    (void)e;
    _exit(255);
}

static void work_gives_back_what_it_found(void **state)
{
    (void)state;
    int *number = apart_shared(sizeof *number);
    struct error e = {0};
    assert_non_null(number);
    assert_int_equal(apart_work(succeed, number, "x", &e), 0);
    assert_int_equal(*number, 42);
    assert_int_equal(e.kind, ERROR_NONE);
    assert_int_equal(*apart_stop(), 0);

    static const struct {
        int (*work)(void *context, struct error *e);
        enum error_kind kind;
        const char *text;
    } failing[] = {
        {refuse, ERROR_INPUT, "no"},
        {crash, ERROR_FAILURE,
         "x: writing was ended by signal 11 (Segmentation fault), most likely for want of memory"},
        {crash_after_a_message, ERROR_FAILURE, "the disk is full"},
        {give_up, ERROR_FAILURE, "x: writing was ended by exit status 255, most likely for want of memory"},
    };
    for (size_t i = 0; i < sizeof failing / sizeof *failing; i++) {
        e = (struct error){0};
        assert_int_equal(apart_work(failing[i].work, NULL, "x", &e), -1);
        assert_int_equal(e.kind, failing[i].kind);
        assert_string_equal(e.text, failing[i].text);
    }
}

/* ---- the program ---- */

static void nap(long milliseconds)
{
    struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static int program(int argc, char **argv)
{
    (void)argc;
    if (strcmp(argv[0], "crash") == 0) raise(SIGSEGV);
    folder_write("begun", "");
    if (strcmp(argv[0], "obey") == 0) {
        while (*apart_stop() == 0) nap(5);
        return 128 + *apart_stop();
    }
    if (strcmp(argv[0], "hang") == 0) nap(60000);
    return 7;
}

static int hang(void *context, struct error *e)
{
    (void)e;
    folder_write("begun", "");
    nap(60000);
    return *(int *)context;
}

/* Its work hangs, and it says what became of it. */
static int interrupted_work(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct error e = {0};
    int status = apart_work(hang, NULL, "x", &e);
    return status == -1 && e.kind == ERROR_INTERRUPTED ? 9 : 1;
}

/* Whether a process has taken note of a signal, or has ended: of several that wait, the lowest number comes first. */
static bool taken(pid_t pid, int number)
{
    char path[40], line[200];
    bool waits = false, ended = false;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    while (fgets(line, sizeof line, in) != NULL) {
        if (strncmp(line, "ShdPnd:", 7) == 0) waits = (strtoull(line + 7, NULL, 16) >> (number - 1) & 1) != 0;
        ended = ended || strncmp(line, "State:\tZ", 8) == 0;
    }
    fclose(in);
    return !waits || ended;
}

/* Starts a program as main would, to ignore a signal where that is not 0, and sends it signals, each 150 ms after it has taken the
 * one before. Returns its status, and what it said in `said`. */
static int run_once(int ignored, int (*what)(int argc, char **argv), const char *name, const int *signals, char said[1024],
                    double *seconds)
{
    int ends[2], status = 0;
    char *argv[] = {(char *)name, NULL};
    struct timespec begun, ended;
    unlink("begun");
    fflush(NULL);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        default_signals();
        if (ignored != 0) signal(ignored, SIG_IGN);
        exit(apart_program(what, 1, argv));
    }
    close(ends[1]);
    while (*signals != 0 && access("begun", F_OK) != 0) nap(2);
    clock_gettime(CLOCK_MONOTONIC, &begun);
    for (; *signals != 0; signals++) {
        kill(child, *signals);
        while (!taken(child, *signals)) nap(2);
        nap(150);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    *seconds = (double)(ended.tv_sec - begun.tv_sec) + 1e-9 * (double)(ended.tv_nsec - begun.tv_nsec);
    size_t length = 0;
    for (ssize_t n; length < 1023 && (n = read(ends[0], said + length, 1023 - length)) > 0;) length += (size_t)n;
    said[length] = '\0';
    close(ends[0]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* The same within so many seconds. A machine that does other things may keep it waiting, so that it is tried up to five times;
 * a program that is too slow is so every time. */
static int run(int (*what)(int argc, char **argv), const char *name, const int *signals, char said[1024], double limit)
{
    double seconds = limit;
    int status = -1;
    for (int i = 0; i < 5 && seconds >= limit; i++) status = run_once(0, what, name, signals, said, &seconds);
    assert_true(seconds < limit);
    return status;
}

/* A shell has what a script starts in the background ignore SIGINT; nohup(1) has it ignore SIGHUP, and is to be obeyed. */
static void only_a_hangup_that_was_ignored_stays_so(void **state)
{
    (void)state;
    static const int requests[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < 2; i++) {
        const int own[] = {requests[i], 0}, hangup[] = {SIGHUP, requests[i], 0};
        char said[1024];
        double seconds = 0;
        assert_int_equal(run_once(requests[i], program, "obey", own, said, &seconds), 128 + requests[i]);
        assert_int_equal(run_once(SIGHUP, program, "obey", hangup, said, &seconds), 128 + requests[i]);
        assert_string_equal(said, "");
    }
}

static void the_program_ends_in_a_status(void **state)
{
    (void)state;
    static const int none[] = {0}, term[] = {SIGTERM, 0}, interrupt[] = {SIGINT, 0}, hangup[] = {SIGHUP, 0},
                     twice[] = {SIGTERM, SIGINT, 0};
    char said[1024];
    double seconds = 0;
    assert_int_equal(run(program, "end", none, said, HANGS), 7);
    assert_string_equal(said, "");
    assert_int_equal(run(program, "crash", none, said, HANGS), 1);
    assert_string_equal(said,
                        "enforcesim: the program was ended by signal 11 (Segmentation fault), most likely for want of "
                        "memory; if a FILE.partial is there, the same command with --resume goes on from it\n");
    assert_int_equal(run(program, "obey", term, said, 1), 143);
    assert_int_equal(run(program, "obey", interrupt, said, 1), 130);
    assert_int_equal(run(program, "obey", hangup, said, 1), 129);
    assert_string_equal(said, "");
    assert_int_equal(run_once(0, program, "hang", term, said, &seconds), 143);
    assert_true(seconds > 1);
    assert_non_null(strstr(said, "enforcesim: interrupted; "));
    assert_int_equal(run(program, "hang", term, said, 2), 143);
    assert_int_equal(run(program, "hang", twice, said, 1), 143);
    assert_string_equal(said, "");
    assert_int_equal(run(interrupted_work, "x", term, said, 1), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(work_gives_back_what_it_found),
        IN_FOLDER(the_program_ends_in_a_status),
        IN_FOLDER(only_a_hangup_that_was_ignored_stays_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
