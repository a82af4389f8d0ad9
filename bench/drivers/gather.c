#include "measure/collectives.h"

int main(int argc, char **argv)
{
    return collective_main("gather", "the root gets all ranks' buffers", argc, argv);
}
