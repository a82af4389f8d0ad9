/* Runs a collective driver, from its command line to the exit status, which it returns. name: the collective
   that it measures by default. */
#ifndef BUSBAR_LAUNCH_H
#define BUSBAR_LAUNCH_H

int collective_main(const char *name, const char *summary, int argc, char **argv);

#endif
