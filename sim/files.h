/* What the files that the program writes need of the file system. */
#ifndef SIM_FILES_H
#define SIM_FILES_H

#include "sim/error.h"

/* The folder that holds a file; to be freed; NULL when out of memory. */
char *files_folder(const char *path);

/* Bring a file, and the names in a folder, to the disk. ERROR_FAILURE when that fails. */
int files_sync(const char *path, struct error *e);
int files_sync_folder(const char *folder, struct error *e);

/* Gives a finished file its name, in place of what has it if `replace`, and makes the name last. ERROR_FAILURE. */
int files_publish(const char *temporary, const char *path, bool replace, struct error *e);

/* Where FILE lies until it is complete: a name that nobody gives to a file of his own, for what a killed program has left there is
 * removed. To be freed; NULL when out of memory. */
char *files_temporary(const char *path);

/* Writes a whole file, by way of files_temporary. ERROR_FAILURE: what was there is there still. */
int files_write(const char *path, bool replace, const char *text, size_t size, struct error *e);

#endif
