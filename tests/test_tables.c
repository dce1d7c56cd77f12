/* Tables of parameters with texts that the formats must protect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/command.h"
#include "tests/toy_model.h"

/* What `params growth --format FORMAT` prints of the toy, one of whose meanings is: births per fish, "alone" | first */
static void printed(const char *format, char *text, size_t size)
{
    char name[] = "params", group[] = "growth", option[] = "--format", word[20];
    snprintf(word, sizeof word, "%s", format);
    char *arguments[] = {name, group, option, word, NULL};
    int before = dup(STDOUT_FILENO), heard = memfd_create("out", MFD_CLOEXEC);
    fflush(stdout);
    assert_true(before >= 0 && heard >= 0 && dup2(heard, STDOUT_FILENO) >= 0);
    optind = 0;
    int status = command_params(4, arguments, &toy_model);
    fflush(stdout);
    assert_true(dup2(before, STDOUT_FILENO) >= 0);
    ssize_t n = pread(heard, text, size - 1, 0);
    close(before);
    close(heard);
    assert_int_equal(status, 0);
    assert_true(n > 0);
    text[n] = '\0';
}

static void every_format_protects_its_own_signs(void **state)
{
    (void)state;
    char text[8000];
    printed("table", text, sizeof text);
    assert_non_null(strstr(text, "  births per fish, \"alone\" | first  "));
    printed("csv", text, sizeof text);
    assert_non_null(strstr(text, ",\"births per fish, \"\"alone\"\" | first\",\"assumed, see a, b\"\r\n"));
    printed("json", text, sizeof text);
    assert_non_null(
        strstr(text, "\"meaning\": \"births per fish, \\\"alone\\\" | first\", \"source\": \"assumed, see a, b\"}"));
    printed("markdown", text, sizeof text);
    assert_non_null(strstr(text, " | births per fish, \"alone\" \\| first | assumed, see a, b |\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_format_protects_its_own_signs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
