/* Samples are most of a record's bytes, and stand at the end of its line, where the writer puts them: they
   are read from there without a JSON value for each (a tenth of the time and of the memory). Any other line
   is left to the JSON library. */
#ifndef BUSBAR_SAMPLES_H
#define BUSBAR_SAMPLES_H

#include "record/record.h"

struct tail_samples {
    struct samples samples_us, global_us;
    bool has_samples, has_global;
};

/* Takes `,"samples_us":[…]` and `,"global_us":[…]` off the end of a line `{…}` of *length bytes, when they
   are plain lists of numbers that are finite and not negative; the line stays valid JSON if it was. In valid
   JSON these bytes before a line's last brace can be nothing but the outermost object's last member. */
void take_samples(struct arena *, char *line, size_t *length, struct tail_samples *);

#endif
