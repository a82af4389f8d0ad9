#include "measure/collectives.h"

int main(int argc, char **argv)
{
    return collective_main("all_gather", "every rank gets all ranks' buffers", argc, argv);
}
