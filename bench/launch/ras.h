/* Asks NCCL's RAS subsystem (2.24 and later) for its view of the job: which ranks do not answer, which
   communicators have ranks that are behind. A thread of each NCCL process answers at NCCL_RAS_ADDR
   (localhost:28028), even if the process hangs in a call.

   The protocol is that of NCCL's own client (src/ras/client.cc and client_support.cc): lines of text over
   TCP; "STATUS" is answered with text until the connection ends. */
#ifndef BUSBAR_RAS_H
#define BUSBAR_RAS_H

#include "base/text.h"

/* Adds the answer, made safe for terminals, each line after `prefix`. Waits at most `most_s` in all, and
   takes at most RAS_BYTES; adds a remark if there was more. Returns false, and adds nothing, if nothing that
   speaks the protocol answers there. */
enum { RAS_BYTES = 16384 };
bool ras_ask(double most_s, const char *prefix, struct text *answer);

#endif
