/* Reading the text of scenario files: opening, including, and mapping lines back. */
#include "sim/config_text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "sim/input.h"

void config_text_free(struct config_text *text)
{
    for (uint32_t i = 0; i < text->n_files; i++) {
        free(text->files[i].shown);
        free(text->files[i].real);
        free(text->files[i].text);
    }
    free(text->files);
    free(text->lines);
    free(text->text);
    *text = (struct config_text){0};
}

void config_text_where(const struct config_text *text, unsigned line, char *where, size_t size)
{
    if (line == 0 || line > text->n_lines) {
        snprintf(where, size, "%s", text->n_files > 0 ? text->files[0].shown : "");
    } else {
        const struct config_line *origin = &text->lines[line - 1];
        snprintf(where, size, "%s:%u", text->files[origin->file].shown, origin->line);
    }
}

/* `path` is what to open, `shown` what to call it. Appends to text->files. */
static int open_file(struct config_text *text, const char *path, const char *shown, uint32_t parent, struct error *e)
{
    if (text->n_files >= CONFIG_MAX_FILES)
        return error_set(e, ERROR_INPUT, "%.600s: one file too many; allowed: %d in all", shown, CONFIG_MAX_FILES);
    struct config_file *files = realloc(text->files, (text->n_files + 1) * sizeof *files);
    if (files == NULL) return error_memory(e, "the list of files", 0);
    text->files = files;
    struct config_file *file = &files[text->n_files++];
    *file = (struct config_file){.shown = strdup(shown), .parent = parent};
    if (file->shown == NULL) return error_memory(e, "a path", 0);
    struct input in = {.what = text->what, .shown = shown, .most = CONFIG_MAX_FILE};
    int status = input_read(&in, path, e);
    file->real = in.real;
    file->text = in.text;
    file->length = in.length;
    return status;
}

/* ---- includes ---- */

/* The folder of a path: "a/b.cfg" gives "a", "b.cfg" gives ".", "/b.cfg" gives "/". */
static void folder_of(const char *path, char *folder, size_t size)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        snprintf(folder, size, ".");
    } else {
        snprintf(folder, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    }
}

static bool is_inside(const char *real, const char *folder)
{
    size_t length = strlen(folder);
    if (strcmp(folder, "/") == 0) return true;
    return strncmp(real, folder, length) == 0 && real[length] == '/';
}

static bool is_named_cfg(const char *path)
{
    const size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, ".cfg") == 0;
}

/* The folder tree of a scenario file: what lies in its folder or below, and NAME.cfg right in the folder above, where files in a
 * folder like configs/cases have their policies. Nothing else: from /tmp one must not reach into /etc, nor show, in a message,
 * a word of a neighbour's notes. */
static bool is_in_tree(const struct config_text *text, const char *real)
{
    char own[PATH_MAX], above[PATH_MAX], folder[PATH_MAX];
    folder_of(text->files[0].real, own, sizeof own);
    folder_of(own, above, sizeof above);
    folder_of(real, folder, sizeof folder);
    return is_inside(real, own) || (is_named_cfg(real) && strcmp(folder, above) == 0);
}

static int check_path(const char *path, const char *where, struct error *e)
{
    static const char rule[] = "allowed: a relative path without '..'";
    if (path[0] == '\0' || path[0] == '/')
        return error_set(e, ERROR_INPUT, "%s: cannot include \"%.200s\"; %s", where, path, rule);
    for (const char *part = path; part != NULL; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0')) {
            return error_set(e, ERROR_INPUT, "%s: cannot include \"%.200s\"; %s", where, path, rule);
        }
    }
    return 0;
}

/* Refuses a file that is being read already, and too many inside each other. */
static int check_chain(const struct config_text *text, uint32_t file, const char *real, const char *shown,
                       const char *where, struct error *e)
{
    char chain[700] = "";
    int depth = 1;
    for (uint32_t i = file;; i = text->files[i].parent, depth++) {
        char longer[700];
        snprintf(longer, sizeof longer, "%.100s includes %.500s", text->files[i].shown,
                 chain[0] != '\0' ? chain : shown);
        memcpy(chain, longer, sizeof chain);
        if (strcmp(text->files[i].real, real) == 0) {
            return error_set(e, ERROR_INPUT, "%s: files include each other: %s", where, chain);
        }
        if (text->files[i].parent == i) break;
    }
    if (depth <= CONFIG_MAX_INCLUDES) return 0;
    return error_set(e, ERROR_INPUT, "%s: too many files inside each other; allowed: %d", where, CONFIG_MAX_INCLUDES);
}

/* Looks for `path` in one folder. 1: found and read, 0: not there, -1: error. */
static int include_from(struct config_scan *scan, const char *folder, const char *shown_folder, const char *path,
                        uint32_t file, const char *where, struct error *e)
{
    char joined[PATH_MAX], shown[PATH_MAX];
    int length = snprintf(joined, sizeof joined, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, path);
    if (length < 0 || (size_t)length >= sizeof joined || !is_in_tree(scan->out, joined)) return 0;
    bool here = strcmp(shown_folder, ".") == 0;
    length = snprintf(shown, sizeof shown, "%s%s%s", here ? "" : shown_folder, here ? "" : "/", path);
    if (length < 0 || (size_t)length >= sizeof shown) return 0;
    char *real = realpath(joined, NULL);
    if (real == NULL && (errno == ENOENT || errno == ENOTDIR)) return 0;
    int status = 0;
    if (real == NULL) {
        status = error_set(e, ERROR_INPUT, "%s: cannot include \"%.200s\": %s", where, path, strerror(errno));
    } else if (!is_in_tree(scan->out, real)) {
        status = error_set(e, ERROR_INPUT, "%s: cannot include \"%.200s\": it leads out of the folder of %.300s", where,
                           path, scan->out->files[0].shown);
    } else {
        status = check_chain(scan->out, file, real, shown, where, e);
    }
    uint32_t number = scan->out->n_files;
    struct error cause = {0};
    if (status == 0 && open_file(scan->out, real, shown, file, &cause) != 0) {
        status = error_set(e, cause.kind, "%s: cannot include %.250s", where, cause.text);
    }
    free(real);
    if (status == 0) status = config_scan_file(scan, number, e);
    return status == 0 ? 1 : -1;
}

static int include(struct config_scan *scan, uint32_t file, uint32_t line, const char *path, struct error *e)
{
    char where[700], folder[PATH_MAX], shown[PATH_MAX];
    snprintf(where, sizeof where, "%.600s:%u", scan->out->files[file].shown, line);
    if (check_path(path, where, e) != 0) return -1;
    folder_of(scan->out->files[file].real, folder, sizeof folder);
    folder_of(scan->out->files[file].shown, shown, sizeof shown);
    int found = include_from(scan, folder, shown, path, file, where, e);
    if (found != 0) return found > 0 ? 0 : -1;
    char above[PATH_MAX], shown_above[PATH_MAX];
    folder_of(folder, above, sizeof above);
    bool plain = strcmp(shown, ".") != 0 && strcmp(shown, "/") != 0 && strstr(shown, "..") == NULL;
    if (plain) {
        folder_of(shown, shown_above, sizeof shown_above);
    } else {
        snprintf(shown_above, sizeof shown_above, "%.4000s%s", strcmp(shown, ".") == 0 ? "" : shown,
                 strcmp(shown, ".") == 0 ? ".." : "/..");
    }
    found = include_from(scan, above, shown_above, path, file, where, e);
    if (found != 0) return found > 0 ? 0 : -1;
    return error_set(e, ERROR_INPUT, "%s: there is no file \"%.200s\" to include; looked in %.200s%s", where, path, shown,
                     is_named_cfg(path) ? " and the folder above it" : "; from the folder above only NAME.cfg can be included");
}

int config_text_read(struct config_text *text, const char *what, const char *path, struct error *e)
{
    *text = (struct config_text){.what = what};
    if (path[0] == '\0') return error_set(e, ERROR_INPUT, "the path of %s is empty", what);
    struct config_scan scan = {.out = text, .include = include};
    int status = open_file(text, path, path, 0, e);
    if (status == 0) status = config_scan_file(&scan, 0, e);
    free(scan.keys);
    return status;
}
