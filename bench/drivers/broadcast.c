#include "measure/collectives.h"

int main(int argc, char **argv)
{
    return collective_main("broadcast", "every rank gets the root's buffer", argc, argv);
}
