/* The version of busbar. */
#ifndef BUSBAR_VERSION_H
#define BUSBAR_VERSION_H

#define BUSBAR_VERSION "0.2.0"

/* The git commit that was built, with "-dirty" appended if files differed from it; "" without git. */
extern const char build_commit[];

/* "0.2.0 (1a2b3c4d5e6f)", or the version alone. */
extern const char build_name[];

#endif
