/* The words of a scenario file: checks what the text alone can tell, and puts includes in their place. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/config_text.h"

struct cursor {
    struct config_scan *scan;
    struct error *e;
    uint32_t file, line;
    const char *at, *end, *line_begin;
    char around;     /* the bracket this file was included into */
    size_t joined;   /* bytes of neighbouring strings: libconfig makes one of them */
    uint32_t n_open; /* brackets opened in this file */
    struct {
        char bracket;
        uint32_t line, scope;
    } open[CONFIG_MAX_DEPTH];
};

static int fail(const struct cursor *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(const struct cursor *c, const char *format, ...)
{
    char what[500];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return error_set(c->e, ERROR_INPUT, "%.500s:%u: %s", c->scan->out->files[c->file].shown, c->line, what);
}

/* ---- output ---- */

static bool reserve(void **array, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity) return true;
    size_t wanted = need < 1024 ? 1024 : 2 * need;
    void *larger = realloc(*array, wanted * size);
    if (larger == NULL) return false;
    *array = larger;
    *capacity = wanted;
    return true;
}

/* libconfig opens any file it is told to include. It is never told: what still says so stands in a comment or string here, and
 * should the two of us disagree on where those end, it does not matter. */
static void disarm_includes(char *text, char *end)
{
    while ((text = memmem(text, (size_t)(end - text), "@include", 8)) != NULL) *text = '?';
}

/* Copies the line that ends at `end`, with a line feed of its own: libconfig does not see a comment without one. */
static int put_line(struct cursor *c, const char *end)
{
    struct config_text *out = c->scan->out;
    size_t length = (size_t)(end - c->line_begin);
    if (out->length + length + 1 > CONFIG_MAX_TOTAL) {
        return fail(c, "too much text in all included files; allowed: at most %d KiB", CONFIG_MAX_TOTAL / 1024);
    }
    void *text = out->text, *lines = out->lines;
    bool room = reserve(&text, &out->capacity, out->length + length + 2, 1);
    out->text = text;
    room = room && reserve(&lines, &out->lines_capacity, out->n_lines + 1, sizeof *out->lines);
    out->lines = lines;
    if (!room) return error_memory(c->e, "the text of the scenario file", (double)out->length);
    memcpy(out->text + out->length, c->line_begin, length);
    disarm_includes(out->text + out->length, out->text + out->length + length);
    out->length += length;
    out->text[out->length++] = '\n';
    out->text[out->length] = '\0';
    out->lines[out->n_lines++] = (struct config_line){.file = c->file, .line = c->line};
    return 0;
}

static int end_line(struct cursor *c)
{
    int status = put_line(c, c->at);
    c->at++;
    c->line_begin = c->at;
    c->line++;
    return status;
}

/* ---- words ---- */

static int skip_comment(struct cursor *c)
{
    uint32_t first = c->line;
    if (c->at[0] == '#' || c->at[1] == '/') {
        while (c->at < c->end && *c->at != '\n') c->at++;
        return 0;
    }
    for (c->at += 2; c->at < c->end; c->at++) {
        if (c->at[0] == '*' && c->at[1] == '/') {
            c->at += 2;
            return 0;
        }
        if (*c->at == '\n') {
            if (end_line(c) != 0) return -1;
            c->at--;
        }
    }
    c->line = first;
    return fail(c, "this comment is never closed; allowed: /* ... */");
}

static char bracket_around(const struct cursor *c)
{
    return c->n_open > 0 ? c->open[c->n_open - 1].bracket : c->around;
}

/* May a value, or the bracket that begins one, stand here? libconfig would say "syntax error", often a line late. */
static int check_value(const struct cursor *c, const char *what)
{
    char before = c->scan->before;
    if (bracket_around(c) == '{') {
        if (before == '=') return 0;
        if (before == 'n') return fail(c, "there is no '=' before %s; allowed: NAME = value;", what);
        return fail(c, "there is no name for %s; allowed: NAME = value;%s", what,
                    before == ',' ? " (decimals have a point, not a comma)" : "");
    }
    if (strchr("([,", before) != NULL) return 0;
    return fail(c, "there is no ',' before %s; allowed: ( value, value )", what);
}

/* May a setting end here, with the word that `what` calls? */
static int check_end(const struct cursor *c, const char *what)
{
    char before = c->scan->before;
    if (before == '=' || before == 'n') return fail(c, "the value is missing before %s; allowed: NAME = value;", what);
    return 0;
}

static int scan_string(struct cursor *c)
{
    if (c->scan->before != 's' && check_value(c, "this string") != 0) return -1;
    const char *begin = ++c->at;
    while (c->at < c->end && *c->at != '"' && *c->at != '\n') c->at += *c->at == '\\' && c->at[1] != '\n' ? 2 : 1;
    if (c->at >= c->end || *c->at == '\n') return fail(c, "this string is not closed; allowed: \"...\" on one line");
    c->joined = (c->scan->before == 's' ? c->joined : 0) + (size_t)(c->at - begin);
    if (c->joined > CONFIG_MAX_STRING)
        return fail(c, "this string is too long; allowed: at most %d bytes", CONFIG_MAX_STRING);
    c->at++;
    c->scan->before = 's';
    return 0;
}

/* A whole number in the file's form: 12, -3, 0x1F, 5000000000L. */
static int check_whole(const struct cursor *c, const char *word, size_t length)
{
    bool is_hex = length > 1 && (word[1] == 'x' || word[1] == 'X'), is_long = false;
    while (word[length - 1] == 'L' && !is_long) is_long = word[--length] == 'L';
    char *end;
    errno = 0;
    long long value = strtoll(word, &end, is_hex ? 16 : 10);
    if (errno == ERANGE) return fail(c, "%.60s is out of range; allowed: whole numbers of 64 bits", word);
    if (!is_long && (value < INT32_MIN || value > INT32_MAX)) {
        return fail(
            c, "%.60s is out of range; allowed: whole numbers from -2147483648 to 2147483647, or larger ones with an L",
            word);
    }
    return 0;
}

static size_t span(const char *text, int (*is)(int))
{
    size_t n = 0;
    while (is((unsigned char)text[n])) n++;
    return n;
}

/* What kind of number a word is: 'w' whole, 'r' real, 0 none. */
static char number_kind(const char *word)
{
    if (word[0] == '0' && (word[1] == 'x' || word[1] == 'X')) {
        size_t digits = span(word + 2, isxdigit);
        const char *rest = word + 2 + digits;
        rest += *rest == 'L';
        rest += *rest == 'L';
        return digits > 0 && *rest == '\0' ? 'w' : 0;
    }
    word += *word == '+' || *word == '-';
    size_t digits = span(word, isdigit), decimals = 0;
    word += digits;
    if (digits > 0 && (strcmp(word, "") == 0 || strcmp(word, "L") == 0 || strcmp(word, "LL") == 0)) return 'w';
    if (*word == '.') {
        decimals = span(word + 1, isdigit);
        word += 1 + decimals;
    }
    if (digits + decimals == 0) return 0;
    if (*word != 'e' && *word != 'E') return *word == '\0' ? 'r' : 0;
    word += 1 + (word[1] == '+' || word[1] == '-');
    digits = span(word, isdigit);
    return digits > 0 && word[digits] == '\0' ? 'r' : 0;
}

static int scan_number(struct cursor *c)
{
    char word[64];
    size_t n = 0;
    for (; c->at < c->end && (isalnum((unsigned char)*c->at) || strchr("._+-", *c->at) != NULL); c->at++) {
        if (n < sizeof word - 1) word[n++] = *c->at;
    }
    word[n] = '\0';
    if (n == sizeof word - 1) return fail(c, "%.30s... is too long for a number", word);
    char kind = number_kind(word);
    if (kind == 0) return fail(c, "'%s' is not a number; allowed: 12, 0.5, 1e-3", word);
    if (kind == 'w' && check_whole(c, word, n) != 0) return -1;
    if (kind == 'r' && !isfinite(strtod(word, NULL)))
        return fail(c, "%s is out of range; allowed: finite numbers", word);
    if (check_value(c, word) != 0) return -1;
    c->scan->before = 'v';
    return 0;
}

static int add_key(struct cursor *c, const char *name, uint32_t length)
{
    struct config_scan *scan = c->scan;
    uint32_t in_group = 0;
    for (uint32_t i = 0; i < scan->n_keys; i++) {
        const struct config_key *other = &scan->keys[i];
        if (other->scope != scan->scope) continue;
        in_group++;
        if (other->length == length && memcmp(other->name, name, length) == 0) {
            return fail(c, "'%.*s' is given twice, first at %.200s:%u; allowed: once%s",
                        (int)(length < 64 ? length : 64), name, scan->out->files[other->file].shown, other->line,
                        length == 8 && memcmp(name, "policies", 8) == 0 ? " (more policies go into own_policies)" : "");
        }
    }
    if (in_group >= CONFIG_MAX_GROUP)
        return fail(c, "too many names in one group; allowed: at most %d", CONFIG_MAX_GROUP);
    if (scan->n_keys >= CONFIG_MAX_KEYS) return fail(c, "too many names in all; allowed: at most %d", CONFIG_MAX_KEYS);
    size_t capacity = scan->keys_capacity;
    void *keys = scan->keys;
    bool room = reserve(&keys, &capacity, scan->n_keys + 1, sizeof *scan->keys);
    scan->keys = keys;
    scan->keys_capacity = (uint32_t)capacity;
    if (!room) return error_memory(c->e, "the list of names", 0);
    scan->keys[scan->n_keys++] =
        (struct config_key){.name = name, .length = length, .scope = scan->scope, .file = c->file, .line = c->line};
    return 0;
}

static int scan_name(struct cursor *c)
{
    const char *name = c->at;
    while (c->at < c->end && (isalnum((unsigned char)*c->at) || strchr("_-*", *c->at) != NULL)) c->at++;
    uint32_t length = (uint32_t)(c->at - name);
    bool is_flag =
        (length == 4 && strncasecmp(name, "true", 4) == 0) || (length == 5 && strncasecmp(name, "false", 5) == 0);
    char bracket = bracket_around(c);
    int shown = (int)(length < 64 ? length : 64);
    if (!is_flag && (c->scan->before == '=' || bracket != '{')) {
        return fail(c, "'%.*s' is not a value; allowed: a number, true, false, or words in quotes", shown, name);
    }
    if (is_flag && c->scan->before != '=' && bracket == '{') return fail(c, "'%.*s' cannot be a name", shown, name);
    if (is_flag && check_value(c, "this value") != 0) return -1;
    if (c->scan->before == 'n') return fail(c, "there is no '=' before '%.*s'; allowed: NAME = value;", shown, name);
    if (length > 255) return fail(c, "this name is too long; allowed: at most 255 letters");
    c->scan->before = is_flag ? 'v' : 'n';
    return is_flag ? 0 : add_key(c, name, length);
}

static int open_bracket(struct cursor *c, char bracket)
{
    const char word[] = {'\'', bracket, '\'', '\0'};
    if (check_value(c, word) != 0) return -1;
    if (c->scan->depth >= CONFIG_MAX_DEPTH)
        return fail(c, "too many brackets inside each other; allowed: %d", CONFIG_MAX_DEPTH);
    c->open[c->n_open].bracket = bracket;
    c->open[c->n_open].line = c->line;
    c->open[c->n_open].scope = c->scan->scope;
    c->n_open++;
    c->scan->depth++;
    if (bracket == '{') c->scan->scope = ++c->scan->n_scopes;
    return 0;
}

static int close_bracket(struct cursor *c, char bracket)
{
    const char word[] = {'\'', bracket, '\'', '\0'};
    if (c->n_open == 0) return fail(c, "'%c' closes nothing", bracket);
    if (check_end(c, word) != 0) return -1;
    if (bracket != '}' && c->scan->before == ',') return fail(c, "there is a ',' too many before '%c'", bracket);
    c->n_open--;
    c->scan->depth--;
    c->scan->scope = c->open[c->n_open].scope;
    char opened = c->open[c->n_open].bracket;
    if (bracket == (opened == '{' ? '}' : opened == '[' ? ']' : ')')) return 0;
    return fail(c, "'%c' cannot close the '%c' of line %u", bracket, opened, c->open[c->n_open].line);
}

static int scan_bracket(struct cursor *c)
{
    char bracket = *c->at++;
    int status = strchr("{[(", bracket) != NULL ? open_bracket(c, bracket) : close_bracket(c, bracket);
    c->scan->before = bracket;
    return status;
}

/* One of = : ; , */
static int scan_mark(struct cursor *c)
{
    char mark = *c->at++, before = c->scan->before;
    const char word[] = {'\'', mark, '\'', '\0'};
    c->scan->before = mark == ':' ? '=' : mark;
    if (mark == '=' || mark == ':') {
        return before == 'n' ? 0 : fail(c, "there is no name before %s; allowed: NAME = value;", word);
    }
    c->scan->before = before;
    if (check_end(c, word) != 0) return -1;
    c->scan->before = mark;
    if (mark == ';' && bracket_around(c) != '{') return fail(c, "';' within a list; allowed: ( value, value )");
    return before != 0 && strchr("vs}])", before) != NULL ? 0 : fail(c, "%s ends nothing", word);
}

/* @include "path", alone on its line but for a comment. */
static int scan_include(struct cursor *c)
{
    static const char rule[] = "allowed: @include \"FILE\" on a line of its own";
    bool alone = strspn(c->line_begin, " \t\r") == (size_t)(c->at - c->line_begin);
    bool amid = c->scan->before == '=' || c->scan->before == 'n';
    if (!alone || amid || strncmp(c->at, "@include", 8) != 0) return fail(c, "unexpected '@'; %s", rule);
    const char *begin = c->at + 8 + strspn(c->at + 8, " \t");
    size_t length = strcspn(begin + (*begin == '"'), "\"\n");
    if (*begin != '"' || begin[1 + length] != '"') return fail(c, "this @include names no file; %s", rule);
    const char *rest = begin + length + 2;
    rest += strspn(rest, " \t\r");
    bool comment = *rest == '#' || (rest[0] == '/' && rest[1] == '/');
    if (!comment && *rest != '\n' && *rest != '\0') return fail(c, "there is more after this @include; %s", rule);
    char path[1024];
    if (length >= sizeof path) return fail(c, "this path is too long");
    snprintf(path, sizeof path, "%.*s", (int)length, begin + 1);
    c->scan->around = bracket_around(c);
    if (c->scan->include(c->scan, c->file, c->line, path, c->e) != 0) return -1;
    c->at = memchr(rest, '\n', (size_t)(c->end - rest));
    c->at = c->at != NULL ? c->at + 1 : c->end;
    c->line_begin = c->at;
    c->line++;
    return 0;
}

static int scan_word(struct cursor *c)
{
    char letter = *c->at;
    if (letter == '\n') return end_line(c);
    if (strchr(" \t\r\f", letter) != NULL) {
        c->at++;
        return 0;
    }
    if (letter == '#' || (letter == '/' && (c->at[1] == '/' || c->at[1] == '*'))) return skip_comment(c);
    if (letter == '"') return scan_string(c);
    if (letter == '@') return scan_include(c);
    if (isdigit((unsigned char)letter) || strchr("+-.", letter) != NULL) return scan_number(c);
    if (isalpha((unsigned char)letter) || letter == '*') return scan_name(c);
    if (strchr("{}[]()", letter) != NULL) return scan_bracket(c);
    if (strchr("=:;,", letter) != NULL) return scan_mark(c);
    if (isprint((unsigned char)letter))
        return fail(c, "unexpected '%c'; words stand in quotes, comments after //", letter);
    return fail(c, "unexpected byte 0x%02X outside of quotes and comments", (unsigned char)letter);
}

/* Where a file says how it was encoded, or shows that it is no text, say so; a UTF-8 mark at the beginning is harmless. */
static int check_encoding(struct cursor *c)
{
    const char *zero = memchr(c->at, '\0', (size_t)(c->end - c->at));
    if (zero != NULL) {
        for (const char *p = c->at; p < zero; p++) c->line += *p == '\n';
        return fail(c, "this is not a text: it has a zero byte; allowed: %s in UTF-8", c->scan->out->what);
    }
    for (const char *p = c->at; (p = memchr(p, '\r', (size_t)(c->end - p))) != NULL; p++) {
        if (p + 1 < c->end && p[1] == '\n') continue;
        for (const char *before = c->at; before < p; before++) c->line += *before == '\n';
        return fail(c, "a carriage return without a line feed; allowed: lines that end in LF or CR LF");
    }
    if (strncmp(c->at, "\xEF\xBB\xBF", 3) == 0) c->at += 3;
    c->line_begin = c->at;
    return 0;
}

int config_scan_file(struct config_scan *scan, uint32_t file, struct error *e)
{
    const struct config_file *from = &scan->out->files[file];
    struct cursor c = {.scan = scan,
                       .e = e,
                       .file = file,
                       .line = 1,
                       .around = scan->around != 0 ? scan->around : '{',
                       .at = from->text,
                       .line_begin = from->text,
                       .end = from->text + from->length};
    if (check_encoding(&c) != 0) return -1;
    while (c.at < c.end) {
        if (scan_word(&c) != 0) return -1;
    }
    if (c.line_begin < c.end && put_line(&c, c.end) != 0) return -1;
    if (c.n_open > 0) {
        c.line = c.open[c.n_open - 1].line;
        return fail(&c, "this '%c' is never closed", c.open[c.n_open - 1].bracket);
    }
    return check_end(&c, "the end of the file");
}
