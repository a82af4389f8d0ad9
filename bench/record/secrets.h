/* Keeps passwords, tokens and signatures out of records, because users share these. Such secrets occur in
   environments, arguments and labels. */
#ifndef BUSBAR_SECRETS_H
#define BUSBAR_SECRETS_H

#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>

extern const char secret_masked[]; /* "(masked)" */

/* Does a variable or flag of this name contain a credential? "HF_TOKEN" does, "NCCL_IB_PKEY" (a partition)
   does not. */
bool is_credential_name(const char *name);

/* Adds `value`, with these secrets replaced by "(masked)": `//user:password@host` and `user:password@host`,
   `token=...` and the parameters of signed URLs, `password: ...` and other headers, `"token": "..."` as in
   JSON, `Bearer ...`, `--password ...`, `sshpass -p ...`, `curl -u user:...`, `mysql -p...`. Recognises no
   other forms. */
void mask_secrets(struct text *out, const char *value);

/* Masks every string in a JSON value, in place; in a list also one behind its flag. Takes the reference and
   returns one. Masking twice changes nothing. */
json_t *masked_json(json_t *value);

#endif
