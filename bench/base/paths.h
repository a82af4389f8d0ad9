/* The path of the running program, and checks of paths and names. */
#ifndef BUSBAR_PATHS_H
#define BUSBAR_PATHS_H

#include <stdbool.h>
#include <stddef.h>

enum { PATH_BYTES = 4096 };

/* The path of the running program, and of its folder. false without /proc; `path` is then "". */
bool program_path(char path[PATH_BYTES]);
bool program_folder(char path[PATH_BYTES]);

/* Whether this folder is one that `make install` fills: its name is "bin". */
bool is_install_folder(const char *path);

/* Whether the file belongs to this user, to root, or to the owner of the program: nobody else can have put it
   there. */
bool is_trusted_file(const char *path);

/* Whether the name is safe as a file name, as an argument and in JSON: only letters, digits and ._+-, no dot
   or minus at the start, and fewer than 200 bytes. */
bool is_plain_name(const char *name);

#endif
