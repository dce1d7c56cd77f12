/* What a process that has entered the sandbox can still do: read one file and print. */
#include "sim/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/folder.h"

enum { MEGABYTES = 200 };

/* Runs `act` in a sandboxed child whose exit status it gives, or minus the signal that ended it; what it printed is in `said`. */
static int sandboxed(int (*act)(void), char *said, size_t size)
{
    int ends[2], status = 0;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        sandbox_enter(ends[1], 0, MEGABYTES);
        status = act();
        fflush(stdout);
        _exit(status);
    }
    close(ends[1]);
    ssize_t n = read(ends[0], said, size - 1);
    said[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int read_and_print(void)
{
    char text[20] = "";
    int fd = open("note.txt", O_RDONLY);
    if (fd < 0 || read(fd, text, sizeof text - 1) != 5 || open("note.txt", O_RDONLY) >= 0)
        return 1; /* no second file */
    struct stat status;
    if (fstat(fd, &status) != 0 || status.st_size != 5) return 2;
    printf("it says %s", text);
    fprintf(stderr, "this goes nowhere\n");
    return 7;
}

static void it_can_read_one_file_and_print(void **state)
{
    (void)state;
    char said[100];
    folder_write("note.txt", "hello");
    assert_int_equal(sandboxed(read_and_print, said, sizeof said), 7);
    assert_string_equal(said, "it says hello");
}

/* Numbers of what could be done and should not be: 0 is right. */
static int misbehave(void)
{
    char *arguments[] = {NULL};
    if (open("note.txt", O_WRONLY) >= 0) return 1;
    if (open("note.txt", O_RDWR) >= 0) return 2;
    if (open("note.txt", O_RDONLY | O_TRUNC) >= 0) return 3;
    if (open("new.txt", O_RDONLY | O_CREAT, 0600) >= 0) return 4;
    if (creat("new.txt", 0600) >= 0) return 5;
    if (unlink("note.txt") == 0) return 6;
    if (rename("note.txt", "other.txt") == 0) return 7;
    if (mkdir("folder", 0700) == 0) return 8;
    if (chmod("note.txt", 0777) == 0) return 9;
    if (truncate("note.txt", 0) == 0) return 10;
    if (symlink("note.txt", "link") == 0) return 11;
    if (socket(AF_INET, SOCK_STREAM, 0) >= 0) return 12;
    if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0) return 13;
    if (kill(getppid(), 0) == 0) return 14;
    if (fork() >= 0) return 15;
    if (execve("/bin/true", arguments, arguments) == 0) return 16;
    if (setrlimit(RLIMIT_CPU, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}) == 0) return 17;
    if (malloc((size_t)(2 * MEGABYTES) << 20) != NULL) return 18;
    if (prctl(PR_SET_NAME, "other") == 0) return 19;
    return 0;
}

static void it_can_do_nothing_else(void **state)
{
    (void)state;
#if defined(__x86_64__) || defined(__aarch64__)
    char said[100];
    struct stat status;
    folder_write("note.txt", "hello");
    assert_int_equal(sandboxed(misbehave, said, sizeof said), 0);
    assert_true(stat("note.txt", &status) == 0 && status.st_size == 5);
    assert_true(access("new.txt", F_OK) != 0 && access("folder", F_OK) != 0);
#else
    skip(); /* no filter of system calls there */
#endif
}

static int never_end(void)
{
    for (volatile unsigned odd = 1; odd != 0; odd += 2) continue;
    return 0;
}

static void it_ends(void **state)
{
    (void)state;
    char said[100];
    int how = sandboxed(never_end, said, sizeof said);
    assert_true(how == -SIGXCPU || how == -SIGKILL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(it_can_read_one_file_and_print),
        IN_FOLDER(it_can_do_nothing_else),
        cmocka_unit_test(it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
