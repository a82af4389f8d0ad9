/* A plug-in for tests/e2e/plugins.sh that cannot be opened: its error message shows that the program loaded
   it. TOY selects how it differs from the program: abi, size, list, kind, member, descriptor, build. */
#include "backend/backend_plugin.h"
#include "base/version.h"

#include <stdlib.h>
#include <string.h>

static enum status toy_open(const struct world *world, const struct backend_options *options,
                            struct comm **comm)
{
    (void)world, (void)options, (void)comm;
    return fail(STATUS_ENVIRONMENT, "the toy was opened");
}

/* Stands for all other members of the backend: never called, but they must not be NULL. */
static void nothing(void) {}

static struct backend toy = {.name = "toy", .open = toy_open};
static struct plugin_kind kind;
static struct plugin_size sizes[32];
extern struct plugin busbar_plugin;
struct plugin busbar_plugin = {PLUGIN_ABI, &kind, build_name, &toy, NULL};

static int differs(const char *how)
{
    const char *toy_is = getenv("TOY");
    return toy_is && strcmp(toy_is, how) == 0;
}

__attribute__((constructor)) static void make(void)
{
    size_t n = 0;
    kind = backend_plugin;
    do sizes[n] = backend_plugin.sizes[n];
    while (backend_plugin.sizes[n++].what);
    kind.sizes = sizes;
    for (const struct plugin_member *m = backend_plugin.members; m->name; m++) {
        void *member = (char *)&toy + m->offset, (*function)(void) = nothing;
        if (strcmp(m->name, "name") != 0 && strcmp(m->name, "open") != 0)
            memcpy(member, &function, sizeof function);
    }
    if (differs("abi")) busbar_plugin.abi = PLUGIN_ABI + 6;
    if (differs("size")) sizes[4].size -= 8;
    if (differs("list")) sizes[n - 2].what = NULL;
    if (differs("kind")) kind.name = "toy chest";
    if (differs("member")) toy.check = NULL;
    if (differs("descriptor")) busbar_plugin.descriptor = NULL;
    if (differs("build")) busbar_plugin.build = "0.1.9 (0123456789ab)";
}
