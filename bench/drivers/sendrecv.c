#include "measure/collectives.h"

int main(int argc, char **argv)
{
    return collective_main("sendrecv", "every rank sends to the next and receives from the one before", argc,
                           argv);
}
