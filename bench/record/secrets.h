/* Passwords, tokens and signatures that stand in an environment, in arguments and in labels must not reach a
   record: records are sent around. */
#ifndef BUSBAR_SECRETS_H
#define BUSBAR_SECRETS_H

#include "base/text.h"

#include <stdbool.h>

extern const char secret_masked[]; /* "(masked)" */

/* By its name: does a variable or flag hold a credential? "HF_TOKEN" yes, "NCCL_IB_PKEY" (a partition) no. */
bool is_credential_name(const char *name);

/* Adds `value` with what looks like a secret replaced by "(masked)": `//user:password@host` and
   `user:password@host`, `token=...` and the parameters of signed URLs, `Bearer ...`, `--password ...`,
   `sshpass -p ...`. Finds what follows these forms, nothing else. */
void mask_secrets(struct text *out, const char *value);

#endif
