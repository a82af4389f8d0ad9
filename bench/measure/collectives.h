/* A launch of a collective driver from its command line to its exit status. */
#ifndef BUSBAR_LAUNCH_H
#define BUSBAR_LAUNCH_H

int collective_main(const char *name, const char *summary, int argc, char **argv);

#endif
