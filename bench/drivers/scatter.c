#include "measure/collectives.h"

int main(int argc, char **argv)
{
    return collective_main("scatter", "every rank gets its part of the root's buffer", argc, argv);
}
