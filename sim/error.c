/* Errors: the first cause is kept, as one line that does a terminal no harm. */
#include "sim/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The length of the UTF-8 character at `text`, 0 where there is none; `code` receives its number. */
static size_t decode(const unsigned char *text, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* longer forms than necessary are not UTF-8 */
    size_t length = text[0] < 0x80         ? 1
                    : text[0] >> 5 == 0x06 ? 2
                    : text[0] >> 4 == 0x0E ? 3
                    : text[0] >> 3 == 0x1E ? 4
                                           : 0;
    if (length <= 1) {
        *code = text[0];
        return length;
    }
    *code = text[0] & (0xFFu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80) return 0;
        *code = *code << 6 | (text[i] & 0x3Fu);
    }
    bool surrogate = *code >= 0xD800 && *code <= 0xDFFF;
    return *code < least[length] || *code > 0x10FFFF || surrogate ? 0 : length;
}

/* Characters that steer a terminal, end a line, or turn or hide text on its way to the reader's eye. */
static bool is_harmful(uint32_t code)
{
    static const uint32_t ranges[][2] = {
        {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x061C, 0x061C}, {0x180E, 0x180E},   {0x200B, 0x200F},
        {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (code >= ranges[i][0] && code <= ranges[i][1]) return true;
    }
    return false;
}

size_t error_step(const char *text, bool *harmless)
{
    uint32_t code = 0;
    const size_t length = decode((const unsigned char *)text, &code);
    *harmless = length > 0 && !is_harmful(code);
    return length > 0 ? length : 1;
}

void error_clean(char *text)
{
    char *to = text;
    for (bool harmless; *text != '\0';) {
        const size_t length = error_step(text, &harmless);
        if (harmless)
            memmove(to, text, length);
        else
            *to = '?';
        to += harmless ? length : 1;
        text += length;
    }
    *to = '\0';
}

int error_note(struct error *e, enum error_kind kind, const char *format, ...)
{
    if (e == NULL || e->kind != ERROR_NONE) return -1;
    e->kind = kind;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(e->text, sizeof e->text, format, arguments);
    va_end(arguments);
    error_clean(e->text);
    return -1;
}

int error_note_memory(struct error *e, const char *what, double bytes)
{
    if (bytes < 1e5) return error_set(e, ERROR_FAILURE, "out of memory: there is none for %s", what);
    return error_set(e, ERROR_FAILURE, "out of memory: %s needs %.1f MB", what, bytes / 1e6);
}
