#include "measure/load_request.h"
#include "backend/backend.h"
#include "base/text.h"
#include "base/units.h"
#include "record/word_sets.h"

#include <stdio.h>
#include <string.h>

/* "256M", in the largest unit that divides the size. */
static void exact_size(size_t bytes, char text[32])
{
    static const char units[] = "KMGT";
    int unit = 0;
    while (unit < 4 && bytes && bytes % 1024 == 0) bytes /= 1024, unit++;
    snprintf(text, 32, unit ? "%zu%c" : "%zu", bytes, unit ? units[unit - 1] : 0);
}

enum status load_request_read(const char *text, struct load_request *request)
{
    char name[48], size[32];
    const char *colon = strchr(text, ':');
    int index;
    if (!colon || (size_t)(colon - text) >= sizeof name || parse_size(colon + 1, &request->bytes) ||
        !request->bytes || request->bytes > SIZE_MOST)
        return fail(STATUS_USAGE,
                    "--beside: '%.60s' is not a collective and a size in bytes, such as alltoall:256M", text);
    snprintf(name, sizeof name, "%.*s", (int)(colon - text), text);
    enum status status = word_read("beside", name, &collective_words, &index);
    if (status) return status;
    request->collective = &collectives[index];
    exact_size(request->bytes, size);
    snprintf(request->label, sizeof request->label, "%s:%s", request->collective->name, size);
    return STATUS_OK;
}

bool load_divide(const struct world *w, bool *loads, char *reason, size_t room)
{
    int loading = 0;
    for (int r = 0; r < w->ranks; r++) loading += loads[r] = w->local_rank_of_rank[r] % 2 == 1;
    for (int node = 0; node < w->nodes; node++) {
        if (w->ranks_on_node[node] > 1) continue;
        if (w->nodes == 1) break;
        snprintf(reason, room,
                 "%s has one rank; each host needs two, one that measures and one that loads: mpirun "
                 "--map-by ppr:2:node, or srun --ntasks-per-node=2",
                 w->hosts[node]);
        return false;
    }
    if (loading >= 2 && w->ranks - loading >= 2) return true;
    snprintf(
        reason, room,
        "%d rank%s on one host; two must measure and two load, so it needs four: mpirun -np 4, or srun -n "
        "4, or -g 4",
        w->ranks, w->ranks == 1 ? "" : "s");
    return false;
}
