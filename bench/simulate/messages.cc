// SimGrid asks for a latency factor once for each message. Nothing else in its interface shows all messages.
// This part of the interface is C++.
#include "simulate/messages.h"

#include <simgrid/kernel/resource/NetworkModelIntf.hpp>
#include <simgrid/s4u/Engine.hpp>
#include <simgrid/s4u/Host.hpp>
#include <simgrid/s4u/NetZone.hpp>

using namespace simgrid;

void messages_tell(void (*tell)(double payload, const char *from, const char *to))
{
    s4u::Engine::get_instance()->netzone_by_name_or_null("machine")->get_network_model()->set_lat_factor_cb(
        [tell](double bytes, const s4u::Host *from, const s4u::Host *to, const std::vector<s4u::Link *> &,
               const std::unordered_set<s4u::NetZone *> &) {
            static const double HEADER = 16; // which SimGrid adds to each message
            tell(bytes - HEADER, from->get_cname(), to->get_cname());
            return 1.0;
        });
}
