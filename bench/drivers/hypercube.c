#include "measure/collectives.h"

int main(int argc, char **argv)
{
    return collective_main("hypercube", "an all-gather in log2(ranks) exchanges with a partner", argc, argv);
}
