/* What the journal and the results file need of the file system. */
#ifndef SIM_FILES_H
#define SIM_FILES_H

#include "sim/error.h"

/* The folder that holds a file; to be freed; NULL when out of memory. */
char *files_folder(const char *path);

/* Bring a file, and the names in a folder, to the disk. ERROR_FAILURE when that fails. */
int files_sync(const char *path, struct error *e);
int files_sync_folder(const char *folder, struct error *e);

#endif
