#ifndef METASTACK_SIMULATION_HOOK_H
#define METASTACK_SIMULATION_HOOK_H

#include <stdbool.h>

/// Offers each job that the Swift runtime is about to give to its global executor to `take` first;
/// a job that `take` returns true for is its to run. For unstructured tasks, which inherit no
/// executor preference (SE-0417).
void simulation_offer_global_jobs(bool (*take)(void *job));

#endif
