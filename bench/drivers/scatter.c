#include "measure/launch.h"

int main(int argc, char **argv)
{
    return collective_main("scatter", "every rank gets its part of the root's buffer", argc, argv);
}
