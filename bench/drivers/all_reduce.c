#include "measure/collectives.h"

int main(int argc, char **argv)
{
    return collective_main("all_reduce", "every rank gets the reduction of all ranks' buffers", argc, argv);
}
