#include "core/attempts.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include "base/clock.h"

#define IN_A_ROW  3
#define MEMORY_US (60 * US_PER_S) /* without jobs nobody could tell that it is over */

static struct shared {
    atomic_int exhausted; /* attempts in a row */
    atomic_llong last_us; /* monotonic: the same clock for all processes */
} * shared;

enum err attempts_setup(struct error *e)
{
    void *memory =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return error_no_memory(e);
    shared = memory;
    return ERR_OK;
}

void attempts_note(enum err kind)
{
    if (shared == NULL)
        return;
    if (kind != ERR_EXHAUSTED) {
        atomic_store(&shared->exhausted, 0);
        return;
    }
    atomic_store(&shared->last_us, monotonic_us());
    atomic_fetch_add(&shared->exhausted, 1);
}

bool attempts_exhausted(void)
{
    return shared != NULL && atomic_load(&shared->exhausted) >= IN_A_ROW &&
           monotonic_us() - atomic_load(&shared->last_us) < MEMORY_US;
}
