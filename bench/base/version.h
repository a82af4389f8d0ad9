/* Which busbar this is. */
#ifndef BUSBAR_VERSION_H
#define BUSBAR_VERSION_H

#define BUSBAR_VERSION "0.2.0"

/* The commit that was built, "-dirty" appended where files differed from it; "" outside of a git checkout. */
extern const char build_commit[];

/* "0.2.0 (1a2b3c4d5e6f)", or the version alone. */
extern const char build_name[];

#endif
