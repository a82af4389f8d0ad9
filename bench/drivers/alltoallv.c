#include "measure/collectives.h"

int main(int argc, char **argv)
{
    return collective_main("alltoallv", "every rank sends parts of unequal sizes to the ranks", argc, argv);
}
