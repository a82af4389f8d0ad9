#include "measure/collectives.h"

int main(int argc, char **argv)
{
    return collective_main("reduce_scatter",
                           "every rank gets its part of the reduction of all ranks' buffers", argc, argv);
}
