#include "base/plugin.h"
#include "base/paths.h"
#include "base/version.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char REMEDY[] = "rebuild it, or set BUSBAR_PLUGINS to the folder of this program's plug-ins";

/* The path of the plug-in's file, which may not exist. */
static void plugin_path(const char *name, struct text *path)
{
    char folder[PATH_BYTES];
    const char *given = getenv("BUSBAR_PLUGINS");
    program_folder(folder);
    text_clear(path);
    if (given && *given)
        text_add(path, "%s", given);
    else
        text_add(path, "%s%s", folder, is_install_folder(folder) ? "/../lib/busbar" : "");
    text_add(path, "/busbar_%s.so", name);
}

/* Whether the file exists and may be loaded. A folder named by BUSBAR_PLUGINS is trusted; anywhere else, a
   file of another user could make the program run that user's code. */
static bool may_load(const char *path, struct text *words)
{
    const char *given = getenv("BUSBAR_PLUGINS");
    if (access(path, F_OK))
        text_add(words, "there is no %s", path);
    else if (!(given && *given) && !is_trusted_file(path))
        text_add(words, "%s belongs to another user: it is not loaded unless BUSBAR_PLUGINS names its folder",
                 path);
    return !words->length;
}

static bool same_sizes(const struct plugin_size *theirs, const struct plugin_size *ours, const char *path,
                       struct text *words)
{
    for (; ours->what || theirs->what; ours++, theirs++) {
        if (!ours->what || !theirs->what || strcmp(ours->what, theirs->what) != 0)
            text_add(words, "%s exchanges other structures than this program: %s", path, REMEDY);
        else if (ours->size != theirs->size)
            text_add(words, "%s was built with another %s (size %zu, in this program %zu): %s", path,
                     ours->what, theirs->size, ours->size, REMEDY);
        if (words->length) return false;
    }
    return true;
}

static bool has_members(const void *descriptor, const struct plugin_member *members, const char *path,
                        struct text *words)
{
    for (; members->name; members++) {
        const void *member;
        memcpy(&member, (const char *)descriptor + members->offset, sizeof member);
        if (!member) text_add(words, "%s lacks the member '%s': %s", path, members->name, REMEDY);
        if (!member) return false;
    }
    return true;
}

static bool fits(const struct plugin *p, const struct plugin_kind *kind, const char *path, struct text *words)
{
    if (!p)
        text_add(words, "%s does not export busbar_plugin: it is no plug-in of this version; %s", path,
                 REMEDY);
    else if (p->abi != PLUGIN_ABI)
        text_add(words, "%s has plug-in ABI %u, this program needs %u: %s", path, p->abi,
                 (unsigned)PLUGIN_ABI, REMEDY);
    else if (!p->kind || !p->kind->name || !p->kind->sizes || !p->build || !p->descriptor)
        text_add(words, "%s has an incomplete busbar_plugin: %s", path, REMEDY);
    else if (strcmp(p->kind->name, kind->name) != 0)
        text_add(words, "%s is a %s, not a %s", path, p->kind->name, kind->name);
    return !words->length && same_sizes(p->kind->sizes, kind->sizes, path, words) &&
           has_members(p->descriptor, kind->members, path, words);
}

static const struct plugin *open_plugin(const char *path, const struct plugin_kind *kind, bool needs_device,
                                        struct text *words)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *error = dlerror();
        text_add(words, "%s", error ? error : "the loader gave no reason");
        return NULL;
    }
    const struct plugin *plugin = dlsym(handle, "busbar_plugin");
    if (fits(plugin, kind, path, words) && needs_device && plugin->devices && plugin->devices(-1) < 1)
        text_add(words, "no device was found");
    if (!words->length) return plugin;
    dlclose(handle);
    return NULL;
}

static const struct plugin *find_plugin(const char *name, const struct plugin_kind *kind, bool needs_device,
                                        struct text *path, struct text *words)
{
    text_clear(words);
    plugin_path(name, path);
    return may_load(path->data, words) ? open_plugin(path->data, kind, needs_device, words) : NULL;
}

int plugin_devices(const char *name, const struct plugin_kind *kind, int local_rank)
{
    struct text path = {0}, words = {0};
    const struct plugin *plugin = find_plugin(name, kind, false, &path, &words);
    text_free(&path);
    text_free(&words);
    return plugin && plugin->devices ? plugin->devices(local_rank) : 0;
}

const void *plugin_load(const char *name, const struct plugin_kind *kind, bool needs_device,
                        struct text *words)
{
    struct text path = {0};
    const struct plugin *plugin = find_plugin(name, kind, needs_device, &path, words);
    if (plugin && strcmp(plugin->build, build_name) != 0)
        warn("%s comes from another build (%s; this program is %s)", path.data, plugin->build, build_name);
    text_free(&path);
    return plugin ? plugin->descriptor : NULL;
}

enum status plugin_check_name(const char *name, const char *const *known)
{
    struct text text = {0};
    plugin_path(name, &text);
    bool there = access(text.data, F_OK) == 0;
    for (size_t i = 0; known[i]; i++) there = there || strcmp(known[i], name) == 0;
    const char *near = nearest(name, known);
    text_clear(&text);
    if (near)
        text_add(&text, "; did you mean '%s'?", near);
    else
        for (size_t i = 0; known[i]; i++) text_add(&text, "%s%s", i ? ", " : "; expected ", known[i]);
    if (!there) fail(STATUS_USAGE, "--backend: unknown '%s'%s", name, text_get(&text));
    text_free(&text);
    return there ? STATUS_OK : STATUS_USAGE;
}
