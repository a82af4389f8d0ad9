/* Sorts clouds by basis, then by speed at the largest size that all clouds of the basis have measured. */
#include "analysis/report/report_clouds.h"

#include <stdlib.h>

enum { SMALL_MESSAGE = 1024 }; /* bytes: up to this size latency matters, not bandwidth */

static const struct case_summary *best_line(const struct track *track)
{
    const struct case_summary *best = NULL;
    for (size_t i = 0; track && i < track->count; i++) {
        const struct case_summary *line = &track->cases[i];
        if (figure_present(line->busbw_gbps) && (!best || line->busbw_gbps.point > best->busbw_gbps.point))
            best = line;
    }
    return best;
}

static const struct case_summary *smallest_line(const struct track *track)
{
    for (size_t i = 0; track && i < track->count; i++)
        if (track->cases[i].launches && track->cases[i].row->bytes > 0)
            return track->cases[i].row->bytes <= SMALL_MESSAGE ? &track->cases[i] : NULL;
    return NULL;
}

static double compared_speed(const struct cloud *cloud)
{
    const struct case_summary *line = cloud->compared ? cloud->compared : cloud->best;
    return line ? line->busbw_gbps.point : -1;
}

static int by_basis_and_speed(const void *a, const void *b)
{
    const struct cloud *x = a, *y = b;
    if (x->impossible != y->impossible) return x->impossible ? 1 : -1;
    if (x->alone != y->alone) return x->alone ? 1 : -1;
    int order = basis_order(&x->basis, &y->basis);
    double s = compared_speed(x), t = compared_speed(y);
    if (order) return order;
    if (s != t) return s > t ? -1 : 1;
    return (x->track > y->track) - (x->track < y->track);
}

size_t clouds_equal(const struct clouds *clouds, size_t first)
{
    size_t n = 1;
    if (clouds->list[first].basis.ranks == ABSENT) return n; /* an unknown number of ranks equals no other */
    while (first + n < clouds->possible &&
           basis_order(&clouds->list[first].basis, &clouds->list[first + n].basis) == 0)
        n++;
    return n;
}

/* Gives places to clouds with an equal basis, at the largest size that all of them measured. Without such a
   size none gets a place. */
static void rank_equals(struct cloud *list, size_t n)
{
    struct track *tracks = allocate(n, sizeof *tracks);
    struct figure *times = allocate(n, sizeof *times);
    size_t *place = allocate(n, sizeof *place);
    for (size_t i = 0; i < n; i++) tracks[i] = *list[i].track;
    int64_t bytes = largest_common_bytes(tracks, n);
    for (size_t i = 0; i < n && bytes > 0; i++) {
        list[i].compared = track_at(list[i].track, bytes);
        /* An unknown collective has no bus factor, and so no bus bandwidth. */
        if (!figure_present(list[i].compared->busbw_gbps)) {
            for (size_t j = 0; j <= i; j++) list[j].compared = NULL;
            bytes = 0;
            break;
        }
        times[i] = simultaneous_time(list[i].compared, n);
    }
    if (bytes > 0) places(times, n, true, place);
    for (size_t i = 0; i < n; i++) list[i].place = place[i];
    free(tracks);
    free(times);
    free(place);
}

struct clouds clouds_of(const struct report *report, const char *collective, enum scope scope)
{
    struct clouds clouds = {.bandwidth = study_tracks_in(report->study, collective, FOR_BANDWIDTH, scope),
                            .latency = study_tracks_in(report->study, collective, FOR_LATENCY, scope)};
    clouds.list = allocate(clouds.bandwidth.count, sizeof *clouds.list);
    for (size_t i = 0; i < clouds.bandwidth.count; i++) {
        const struct track *track = &clouds.bandwidth.list[i],
                           *latency = track_in_world(&clouds.latency, track);
        const struct case_summary *best = best_line(track);
        if (track->cases[0].row->ranks == 1) continue; /* a single rank has no bus bandwidth */
        clouds.list[clouds.count] =
            (struct cloud){.track = track,
                           .latency = latency,
                           .best = best,
                           .smallest = smallest_line(latency),
                           .basis = basis_of(scope, best ? best : track->cases),
                           .impossible = impossible_line(report->study, track) != NULL};
        clouds.possible += !clouds.list[clouds.count++].impossible;
    }
    qsort(clouds.list, clouds.count, sizeof *clouds.list, by_basis_and_speed);
    for (size_t first = 0, n; first < clouds.possible; first += n) {
        n = clouds_equal(&clouds, first);
        clouds.list[first].alone = n == 1;
        clouds.ranked += n > 1 ? n : 0;
        if (n > 1) rank_equals(&clouds.list[first], n);
    }
    /* again, now by speed at the compared size */
    qsort(clouds.list, clouds.count, sizeof *clouds.list, by_basis_and_speed);
    return clouds;
}

void clouds_free(struct clouds *clouds)
{
    free(clouds->list);
    free(clouds->bandwidth.list);
    free(clouds->latency.list);
}
