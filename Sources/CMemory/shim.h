#pragma once
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
/* link.h declares dl_iterate_phdr for GNU programs alone. Asking for that with _GNU_SOURCE would change
   what the headers below it mean, and they would not be those of Swift's Glibc any more. */
#ifndef __USE_GNU
#define __USE_GNU 1
#define CMEMORY_UNDEF_GNU
#endif
#include <link.h>
#ifdef CMEMORY_UNDEF_GNU
#undef __USE_GNU
#undef CMEMORY_UNDEF_GNU
#endif
/* The same holds for this one. */
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes);
