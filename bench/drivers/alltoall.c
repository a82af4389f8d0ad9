#include "measure/collectives.h"

int main(int argc, char **argv)
{
    return collective_main("alltoall", "every rank sends a part of its buffer to every rank", argc, argv);
}
