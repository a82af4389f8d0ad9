#ifndef BUSBAR_CHOICE_H
#define BUSBAR_CHOICE_H

/* How the library does a call: "RING", "SIMPLE", 32. "" and 0: it did not say. */
struct choice {
    char algorithm[64], protocol[16];
    int channels; /* thread blocks */
};

#endif
