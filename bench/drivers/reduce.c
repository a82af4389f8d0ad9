#include "measure/collectives.h"

int main(int argc, char **argv)
{
    return collective_main("reduce", "the root gets the reduction of all ranks' buffers", argc, argv);
}
