/* Where the program is, and what may be the name of a file. */
#ifndef BUSBAR_PATHS_H
#define BUSBAR_PATHS_H

#include <stdbool.h>
#include <stddef.h>

enum { PATH_BYTES = 4096 };

/* The running program's own file, and its folder; false: not known (no /proc), and the text is "". */
bool program_path(char path[PATH_BYTES]);
bool program_folder(char path[PATH_BYTES]);

/* Does the folder hold an installed program (make install), not one in its build folder? Its name is "bin". */
bool is_install_folder(const char *path);

/* Only this user, root or the program's owner can have put the file there: it belongs to one of them. */
bool is_trusted_file(const char *path);

/* Can it be one component of a path, an argument and a word of JSON? Letters, digits and ._+- alone, not
   beginning with a dot or a minus, fewer than 200 bytes. */
bool is_plain_name(const char *name);

#endif
