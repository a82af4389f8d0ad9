#include "base/version.h"

/* In a git checkout, the Makefile defines BUSBAR_GIT for this file only, so that a commit does not rebuild
   other files. */
#ifdef BUSBAR_GIT
const char build_commit[] = BUSBAR_GIT;
const char build_name[] = BUSBAR_VERSION " (" BUSBAR_GIT ")";
#else
const char build_commit[] = "";
const char build_name[] = BUSBAR_VERSION;
#endif
