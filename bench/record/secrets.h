/* Keeps passwords, tokens and signatures out of records, since people share records. They occur in
   environments, arguments and labels. */
#ifndef BUSBAR_SECRETS_H
#define BUSBAR_SECRETS_H

#include "base/text.h"

#include <stdbool.h>

extern const char secret_masked[]; /* "(masked)" */

/* Whether a variable or flag of this name holds a credential: "HF_TOKEN" does, "NCCL_IB_PKEY" (a partition)
   does not. */
bool is_credential_name(const char *name);

/* Adds `value` with what looks like a secret replaced by "(masked)": `//user:password@host` and
   `user:password@host`, `token=...` and the parameters of signed URLs, `Bearer ...`, `--password ...`,
   `sshpass -p ...`. Finds nothing else. */
void mask_secrets(struct text *out, const char *value);

#endif
