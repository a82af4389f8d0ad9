/* Energy, from the mean power that NVML reports while a case runs: the power of one GPU board, for a
   collective that of the board that drew most. Without CPUs, network and cooling. */
#include "analysis/report/report.h"

#include <math.h>
#include <stdlib.h>

static double power_w(const struct case_row *row)
{
    double power = json_number_value(json_object_get(row->telemetry, "power_w"));
    return power > 0 ? power : NAN;
}

/* Absent unless every launch tells its power and time. */
static struct figure report_joule(const struct case_summary *line)
{
    double *joule = allocate(line->launches, sizeof *joule);
    for (size_t i = 0; i < line->launches; i++)
        joule[i] = power_w(line->points[i].row) * line->points[i].time_us * 1e-6;
    struct figure figure = case_figure(line, joule);
    free(joule);
    return figure;
}

struct figure report_joule_per_gb(const struct case_summary *line)
{
    double gb = line->busbw_gbps.point * line->time_us.point * 1e-6; /* on each GPU's links */
    return figure_scaled(report_joule(line), 1 / gb);
}

struct figure report_joule_per_tflop(const struct case_summary *line)
{
    return figure_scaled(report_joule(line), 1e12 / case_flop(line->row));
}

double report_step_joule(const struct step *step, const struct workload *workload)
{
    if (step->missing || !step->gemm) return NAN;
    double sum = report_joule(step->gemm).point * workload->flops / case_flop(step->gemm->row);
    for (size_t p = 0; p < workload->part_count; p++)
        sum += report_joule(step->parts[p]).point * workload->parts[p].count;
    return sum;
}
