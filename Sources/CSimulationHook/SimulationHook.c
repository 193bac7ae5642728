#include "SimulationHook.h"

#include <stddef.h>

#define SWIFT_CC __attribute__((swiftcall))

typedef SWIFT_CC void (*enqueue_function)(void *job);

// The runtime's own hook, as libswift_Concurrency exports it.
extern SWIFT_CC void (*swift_task_enqueueGlobal_hook)(void *job, enqueue_function original);

static bool (*taker)(void *job);

static SWIFT_CC void offer(void *job, enqueue_function original) {
    if (taker == NULL || !taker(job)) original(job);
}

void simulation_offer_global_jobs(bool (*take)(void *job)) {
    taker = take;
    swift_task_enqueueGlobal_hook = offer;
}
