#ifndef BUSBAR_VERSION_H
#define BUSBAR_VERSION_H

#define BUSBAR_VERSION "0.1.0"

#endif
