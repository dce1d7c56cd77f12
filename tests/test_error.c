/* Errors: the first is kept, and whatever a message repeats from outside becomes one harmless line. */
#include "sim/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void the_first_error_is_kept(void **state)
{
    (void)state;
    struct error e = {0};
    assert_int_equal(error_set(&e, ERROR_INPUT, "first %d", 1), -1);
    assert_int_equal(error_set(&e, ERROR_FAILURE, "second"), -1);
    assert_int_equal(e.kind, ERROR_INPUT);
    assert_string_equal(e.text, "first 1");
    assert_int_equal(error_set(NULL, ERROR_INPUT, "nowhere"), -1);
}

static void is(const char *text, const char *expected)
{
    char line[200];
    snprintf(line, sizeof line, "%s", text);
    error_clean(line);
    assert_string_equal(line, expected);
}

static void harmful_characters_become_question_marks(void **state)
{
    (void)state;
    is("a b~", "a b~");
    is("", "");
    is("a\nb\tc\r\x1b[2J\x07\x7f", "a?b?c??[2J??");
    is("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\x9F",
       "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\x9F");                                /* letters of any tongue stay */
    is("\xC2\x9B[2J \xC2\x80 \xC2\x9F \xC2\xA0", "?[2J ? ? \xC2\xA0");           /* controls of eight bits */
    is("\xE2\x80\xAE\xE2\x80\xAA\xE2\x81\xA6\xE2\x81\xA9\xD8\x9C", "?????");     /* reversed text */
    is("\xE2\x80\x8B\xE2\x80\x8D\xEF\xBB\xBF\xC2\xAD\xF3\xA0\x81\x81", "?????"); /* hidden text */
    is("\xE2\x80\xA8\xE2\x80\xA9", "??");                                        /* ends of lines */
}

static void what_is_not_utf8_becomes_question_marks(void **state)
{
    (void)state;
    is("\xFF\xFE", "??");
    is("\x80x\xBF", "?x?");
    is("\xC3", "?");                /* cut short */
    is("\xE2\x82", "??");           /* cut short */
    is("\xC3z", "?z");              /* cut short by a letter */
    is("\xC0\x8A", "??");           /* a line feed in two bytes */
    is("\xE0\x80\x8A", "???");      /* in three */
    is("\xED\xA0\x80", "???");      /* half of a pair */
    is("\xF4\x90\x80\x80", "????"); /* beyond the last character */
    is("\xF8\x88\x80\x80\x80", "?????");
}

/* Every number there is: kept whole or replaced whole, and then stable. */
static void every_character_is_kept_or_replaced(void **state)
{
    (void)state;
    for (uint32_t code = 1; code < 0x110000; code++) {
        char text[8], line[8];
        if (code < 0x80)
            snprintf(text, sizeof text, "%c", (int)code);
        else if (code < 0x800)
            snprintf(text, sizeof text, "%c%c", (int)(0xC0 | code >> 6), (int)(0x80 | (code & 63)));
        else if (code < 0x10000)
            snprintf(text, sizeof text, "%c%c%c", (int)(0xE0 | code >> 12), (int)(0x80 | (code >> 6 & 63)),
                     (int)(0x80 | (code & 63)));
        else
            snprintf(text, sizeof text, "%c%c%c%c", (int)(0xF0 | code >> 18), (int)(0x80 | (code >> 12 & 63)),
                     (int)(0x80 | (code >> 6 & 63)), (int)(0x80 | (code & 63)));
        memcpy(line, text, sizeof line);
        error_clean(line);
        if (strcmp(line, text) != 0)
            assert_string_equal(line, code >= 0xD800 && code <= 0xDFFF ? "???" : "?");
        else
            assert_false(code < ' ' || (code >= 0x7F && code < 0xA0) || (code >= 0x202A && code <= 0x202E));
    }
}

static void a_message_is_one_clean_line(void **state)
{
    (void)state;
    struct error e = {0};
    error_set(&e, ERROR_INPUT, "there is no %.3s;", "a\n\xC3\xA9"); /* the cut leaves half a letter */
    assert_string_equal(e.text, "there is no a??;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_error_is_kept),
        cmocka_unit_test(harmful_characters_become_question_marks),
        cmocka_unit_test(what_is_not_utf8_becomes_question_marks),
        cmocka_unit_test(every_character_is_kept_or_replaced),
        cmocka_unit_test(a_message_is_one_clean_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
