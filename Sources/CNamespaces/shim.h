#pragma once
#include <linux/sched.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc declares setns for GNU programs alone. Asking for that with _GNU_SOURCE would change what the
   headers below it mean, and they would not be those of Swift's Glibc any more. */

/* Moves the calling thread, and no other, into a network namespace (setns(2)). */
static inline int metastack_enter_network(int descriptor) {
    return (int)syscall(SYS_setns, descriptor, CLONE_NEWNET);
}
