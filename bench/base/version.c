#include "base/version.h"

/* The Makefile defines BUSBAR_GIT in a git checkout, for this file alone: others need no new build at a commit. */
#ifdef BUSBAR_GIT
const char build_commit[] = BUSBAR_GIT;
const char build_name[] = BUSBAR_VERSION " (" BUSBAR_GIT ")";
#else
const char build_commit[] = "";
const char build_name[] = BUSBAR_VERSION;
#endif
