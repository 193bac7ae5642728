// Who watches an object, which librados tells in C++ alone.
#pragma once
#include <stddef.h>
#include <rados/librados.h>
#include <rados/rados_types.h>

#ifdef __cplusplus
extern "C" {
#endif

// Lists an object's watchers (librados::IoCtx::list_watchers).
//
// count: how many fit into found; afterwards how many there are. Returns 0 or a negative errno: ERANGE
// where there are more than fit, ENOENT where there is no such object.
int rados_watchers_of(
    rados_ioctx_t pool, const char *object, struct obj_watch_t *found, size_t *count);

#ifdef __cplusplus
}
#endif
