#include "gpu/hold.h"
#include "gpu/device.h"

static const uint64_t FIRST_NS = 200 * 1000 * 1000, LEAST_NS = 5 * 1000 * 1000, MOST_NS = 2000 * 1000 * 1000;

enum status hold_make(struct hold *h, int operations)
{
    *h = (struct hold){.operations = operations, .longest_ns = FIRST_NS};
    enum status status =
        cuda_status(cudaHostAlloc((void **)&h->gate, sizeof *h->gate, cudaHostAllocMapped), "cudaHostAlloc");
    if (!status)
        status = cuda_status(cudaHostGetDevicePointer((void **)&h->on_device, h->gate, 0),
                             "cudaHostGetDevicePointer");
    if (!status) *h->gate = (struct device_gate){0, 0};
    return status;
}

void hold_free(struct hold *h)
{
    if (h->gate) cudaFreeHost(h->gate);
    h->gate = NULL;
}

void hold_size(struct hold *h, double enqueue_s)
{
    const double enough_ns = 4e9 * enqueue_s; /* the host may be slower next time */
    if (h->impossible) return;
    h->longest_ns = enough_ns < (double)FIRST_NS  ? FIRST_NS
                    : enough_ns > (double)MOST_NS ? MOST_NS
                                                  : (uint64_t)enough_ns;
}

enum status hold_close(struct hold *h, cudaStream_t stream)
{
    h->ticket++;
    return cuda_status(device_delay(h->on_device, h->ticket, h->longest_ns, stream), "the delay kernel");
}

void hold_queued(struct hold *h, int queued)
{
    if (queued >= h->operations) hold_open(h);
}

void hold_open(struct hold *h)
{
    *(volatile uint32_t *)&h->gate->opened = h->ticket;
}

bool hold_expired(struct hold *h)
{
    bool expired = *(volatile const uint32_t *)&h->gate->expired == h->ticket;
    h->in_a_row = expired ? h->in_a_row + 1 : 0;
    return expired;
}

bool hold_less(struct hold *h, int queued)
{
    if (h->in_a_row > 1 && queued < h->operations) h->operations = queued > 1 ? queued : 1;
    if (h->operations > 1) {
        h->operations /= 2;
        return false;
    }
    if (h->longest_ns / 2 >= LEAST_NS) h->longest_ns /= 2; /* waiting longer gains nothing */
    bool news = !h->impossible;
    h->impossible = true;
    return news;
}
