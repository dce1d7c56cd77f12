/* Runs the command in a process of its own, with files in memory for what it prints. */
#include "tests/info_support.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/command.h"

enum { PATIENCE = 120 /* seconds until a command that hangs is ended, which fails the test */ };

static void be_the_command(const char *path, int out, int err)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}; /* cmocka has its own handlers */
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_DFL);
    signal(SIGPIPE, SIG_IGN); /* as main does */
    signal(SIGXFSZ, SIG_IGN);
    alarm(PATIENCE);
    char name[] = "info", *arguments[] = {name, strdup(path), NULL};
    if (dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0) _exit(99);
    optind = 0;
    int status = command_info(2, arguments, NULL);
    fflush(stdout);
    _exit(status);
}

static void take(int from, char *text, size_t size)
{
    ssize_t n = pread(from, text, size - 1, 0);
    assert_true(n >= 0);
    assert_true((size_t)n < size - 1);
    text[n] = '\0';
    assert_int_equal(strlen(text), n);
    close(from);
}

void info_tell(const char *path, struct told *told)
{
    int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC), status = 0;
    assert_true(out >= 0 && err >= 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) be_the_command(path, out, err);
    assert_int_equal(waitpid(child, &status, 0), child);
    told->status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    take(out, told->out, sizeof told->out);
    take(err, told->err, sizeof told->err);
}

static void assert_harmless(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if ((*c < ' ' && *c != '\n') || *c == 0x7f) fail_msg("control character %d in: %s", *c, text);
        /* C1 controls, and the marks that turn the direction of writing */
        if (c[0] == 0xc2 && c[1] < 0xa0) fail_msg("control character U+%04x", c[1]);
        if (c[0] == 0xe2 && c[1] == 0x80 && c[2] >= 0xa8 && c[2] <= 0xae) fail_msg("U+20%02x", c[2] - 0x80);
        if (c[0] == 0xe2 && c[1] == 0x81 && c[2] >= 0xa0 && c[2] <= 0xaf) fail_msg("U+20%02x", c[2] - 0x40);
    }
}

void info_assert_decent(const struct told *told, const char *path)
{
    assert_harmless(told->out);
    assert_harmless(told->err);
    if (told->status == 0) {
        assert_string_equal(told->err, "");
        assert_non_null(strstr(told->out, "verified: the values have this digest\n"));
        return;
    }
    char beginning[200];
    snprintf(beginning, sizeof beginning, "enforcesim: %s: ", path);
    if (told->status != 2) fail_msg("status %d: %s%s", told->status, told->out, told->err);
    assert_memory_equal(told->err, beginning, strlen(beginning));
    assert_ptr_equal(strchr(told->err, '\n'), told->err + strlen(told->err) - 1);
    assert_null(strstr(told->out, "verified"));
    /* What is shown of a file that is not sound, it is told to be damaged. */
    if (told->out[0] != '\0') assert_non_null(strstr(told->err, "it was changed or damaged"));
}

void info_assert_refused(const char *path)
{
    struct told told;
    info_tell(path, &told);
    info_assert_decent(&told, path);
    if (told.status != 2 || told.out[0] != '\0') fail_msg("%s was not refused: %s%s", path, told.out, told.err);
}
