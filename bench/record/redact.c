#include "record/redact.h"
#include "base/hash.h"
#include "record/fields.h"
#include "record/secrets.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct alias {
    const char *name, *alias;
    size_t length;
};

struct aliases {
    struct alias *list;
    size_t count, capacity, hosts, uuids, serials;
    size_t *slots; /* hash table of list indices + 1 */
    size_t slot_count;
    struct arena *arena;
};

static struct alias *find(const struct aliases *aliases, const char *name, size_t length)
{
    if (!aliases->slot_count) return NULL;
    for (size_t at = (size_t)hash_bytes(name, length) & (aliases->slot_count - 1); aliases->slots[at];
         at = (at + 1) & (aliases->slot_count - 1)) {
        struct alias *alias = &aliases->list[aliases->slots[at] - 1];
        if (alias->length == length && memcmp(alias->name, name, length) == 0) return alias;
    }
    return NULL;
}

static void insert(struct aliases *aliases, size_t index)
{
    size_t at = (size_t)hash_bytes(aliases->list[index].name, aliases->list[index].length) &
                (aliases->slot_count - 1);
    while (aliases->slots[at]) at = (at + 1) & (aliases->slot_count - 1);
    aliases->slots[at] = index + 1;
}

static const char *add(struct aliases *aliases, const char *name, size_t length, const char *alias)
{
    struct alias *known = find(aliases, name, length);
    if (known) return known->alias;
    if (aliases->count == aliases->capacity) {
        aliases->capacity = aliases->capacity ? 2 * aliases->capacity : 64;
        aliases->list = reallocate(aliases->list, aliases->capacity, sizeof *aliases->list);
        free(aliases->slots);
        aliases->slot_count = 4 * aliases->capacity;
        aliases->slots = allocate(aliases->slot_count, sizeof *aliases->slots);
        for (size_t i = 0; i < aliases->count; i++) insert(aliases, i);
    }
    struct text copy = {0};
    text_add_bytes(&copy, name, length);
    aliases->list[aliases->count] =
        (struct alias){arena_string(aliases->arena, copy.data), arena_string(aliases->arena, alias), length};
    text_free(&copy);
    insert(aliases, aliases->count);
    return aliases->list[aliases->count++].alias;
}

/* Adds a host's full name and, if it has dots, its first part, because programs print either. */
static void add_host(struct aliases *aliases, const char *name)
{
    char alias[32];
    if (!name || !*name || find(aliases, name, strlen(name))) return;
    snprintf(alias, sizeof alias, "host-%zu", ++aliases->hosts);
    const char *given = add(aliases, name, strlen(name), alias);
    size_t first = strcspn(name, ".");
    if (first && name[first]) add(aliases, name, first, given);
}

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.' || (unsigned char)c >= 0x80;
}

/* The length of a UUID (8-4-4-4-12 hexadecimal digits) at `text`; 0: none. */
static size_t uuid_length(const char *text)
{
    static const int groups[] = {8, 4, 4, 4, 12};
    size_t n = 0;
    for (int g = 0; g < 5; g++) {
        if (g && text[n++] != '-') return 0;
        for (int i = 0; i < groups[g]; i++, n++)
            if (!isxdigit((unsigned char)text[n])) return 0;
    }
    return isxdigit((unsigned char)text[n]) ? 0 : n;
}

/* The alias of the longest known name that begins at `text` and ends at the end of a word or at a dot or dash
   in it, such as the dot of "node1."; NULL: none. The caller makes sure that a word begins at `text`. */
static const struct alias *name_at(const struct aliases *aliases, const char *text)
{
    size_t length = 0;
    while (in_name(text[length])) length++;
    for (; length; length--) {
        const struct alias *alias =
            in_name(text[length]) && text[length] != '.' && text[length] != '-' && text[length] != '_'
                ? NULL
                : find(aliases, text, length);
        if (alias) return alias;
    }
    return NULL;
}

static const char *redacted(struct aliases *aliases, const char *text)
{
    struct text out = {0};
    bool changed = false;
    char alias[32];
    if (!text) return NULL;
    const struct alias *whole = find(aliases, text, strlen(text)); /* finds names with spaces or markup too */
    if (whole) return whole->alias;
    struct text plain = {0};
    mask_secrets(&plain, text); /* older records may contain secrets */
    if (strcmp(text_get(&plain), text) != 0) text = arena_string(aliases->arena, text_get(&plain));
    text_free(&plain);
    for (const char *c = text; *c;) {
        size_t uuid = c == text || !isxdigit((unsigned char)c[-1]) ? uuid_length(c) : 0;
        const struct alias *name =
            !uuid && (c == text || !in_name(c[-1]) || c[-1] == '-' || c[-1] == '_') && in_name(*c)
                ? name_at(aliases, c)
                : NULL;
        if (uuid) {
            const struct alias *known = find(aliases, c, uuid);
            if (!known) snprintf(alias, sizeof alias, "uuid-%zu", ++aliases->uuids);
            text_add(&out, "%s", known ? known->alias : add(aliases, c, uuid, alias));
        } else if (name) {
            text_add(&out, "%s", name->alias);
        } else {
            text_add_bytes(&out, c, 1);
        }
        changed |= uuid || name;
        c += uuid ? uuid : name ? name->length : 1;
    }
    const char *result = changed ? arena_string(aliases->arena, text_get(&out)) : text;
    text_free(&out);
    return result;
}

static bool is_serial(const char *key)
{
    for (; key && *key; key++)
        if (strncasecmp(key, "serial", 6) == 0) return true;
    return false;
}

/* Returns a redacted copy, a new reference. */
static json_t *redacted_json(struct aliases *aliases, json_t *value, bool serial, int depth)
{
    const char *key;
    json_t *member, *copy;
    size_t i;
    char alias[32];
    if (json_is_string(value) && serial) {
        const char *text = json_string_value(value);
        const struct alias *known = find(aliases, text, strlen(text));
        if (!known) snprintf(alias, sizeof alias, "serial-%zu", ++aliases->serials);
        return json_string(known ? known->alias : add(aliases, text, strlen(text), alias));
    }
    if (json_is_string(value)) return json_string(redacted(aliases, json_string_value(value)));
    if (depth > 32) return json_null();
    if (json_is_object(value)) {
        copy = json_object();
        json_object_foreach(value, key, member) json_object_set_new(
            copy, redacted(aliases, key), redacted_json(aliases, member, is_serial(key), depth + 1));
        return copy;
    }
    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach(value, i, member)
            json_array_append_new(copy, redacted_json(aliases, member, serial, depth + 1));
        return copy;
    }
    if (serial && json_is_integer(value)) return json_string("serial");
    return json_incref(value);
}

static void redact_record(struct aliases *aliases, const struct field *fields, void *record)
{
    for (const struct field *field = fields; field->kind; field++) {
        void *place = (char *)record + field->offset;
        if (field->kind == FIELD_STRING) {
            const char **text = place;
            *text = redacted(aliases, *text);
        } else if (field->kind == FIELD_WORD) { /* an unknown word may be a host name */
            int *word = place;
            *word = value_of_word(field->names, redacted(aliases, name_of(field->names, *word)));
        } else if (field->kind == FIELD_SPREAD) {
            struct spread *spread = place;
            spread->host = redacted(aliases, spread->host);
        } else if (field->kind == FIELD_JSON) {
            json_t **json = place, *old = *json;
            if (!old) continue;
            old = masked_json(json_deep_copy(old)); /* a list of arguments has secrets behind their flags */
            json_decref(*json);
            *json = redacted_json(aliases, old, false, 0);
            json_decref(old);
        }
    }
}

/* Adds the strings under "host", "hosts" and "hostname", since the header may not list all these hosts. */
static void add_hosts_of(struct aliases *aliases, json_t *value, bool is_host, int depth)
{
    const char *key;
    json_t *member;
    size_t i;
    if (json_is_string(value) && is_host) add_host(aliases, json_string_value(value));
    if (depth > 32) return;
    if (json_is_object(value)) {
        json_object_foreach(value, key, member) add_hosts_of(
            aliases, member, same(key, "host") || same(key, "hosts") || same(key, "hostname"), depth + 1);
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, member) add_hosts_of(aliases, member, is_host, depth + 1);
    }
}

static void find_hosts(struct aliases *aliases, const struct archive *archive)
{
    for (size_t i = 0; i < archive->count; i++) {
        const struct launch_header *header = &archive->launches[i].header;
        for (size_t h = 0; h < header->host_count; h++) add_host(aliases, header->hosts[h].name);
    }
    for (size_t i = 0; i < archive->count; i++) {
        const struct launch *launch = &archive->launches[i];
        add_hosts_of(aliases, launch->header.facts, false, 0);
        for (size_t c = 0; c < launch->case_count; c++) {
            const struct case_row *row = &launch->cases[c];
            add_host(aliases, row->rank_wait_us.host);
            add_host(aliases, row->arrival_us.host);
            add_host(aliases, row->rank_time_us.host);
            add_hosts_of(aliases, row->telemetry, false, 0);
            add_hosts_of(aliases, row->groups, false, 0);
        }
    }
}

void redact_archive(struct archive *archive)
{
    struct aliases aliases = {.arena = &archive->arena};
    find_hosts(&aliases, archive);
    for (size_t i = 0; i < archive->count; i++) {
        struct launch *launch = &archive->launches[i];
        for (size_t h = 0; h < launch->header.host_count; h++) {
            launch->header.hosts[h].name = redacted(&aliases, launch->header.hosts[h].name);
            launch->header.hosts[h].domain = redacted(&aliases, launch->header.hosts[h].domain);
        }
        launch->path = redacted(&aliases, launch->path);
        redact_record(&aliases, launch_fields, &launch->header);
        for (size_t c = 0; c < launch->case_count; c++)
            redact_record(&aliases, case_fields, &launch->cases[c]);
    }
    free(aliases.list);
    free(aliases.slots);
}
