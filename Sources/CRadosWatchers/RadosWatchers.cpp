#include "RadosWatchers.h"

#include <algorithm>
#include <cerrno>
#include <list>
#include <new>
#include <rados/librados.hpp>

extern "C" int rados_watchers_of(
    rados_ioctx_t pool, const char *object, struct obj_watch_t *found, size_t *count)
{
    // No exception may pass through its caller's frames, which are Swift's.
    try {
        librados::IoCtx context;
        librados::IoCtx::from_rados_ioctx_t(pool, context);
        std::list<obj_watch_t> watchers;
        const int result = context.list_watchers(object, &watchers);
        if (result < 0) return result;
        const size_t room = *count;
        *count = watchers.size();
        if (watchers.size() > room) return -ERANGE;
        std::copy(watchers.begin(), watchers.end(), found);
        return 0;
    } catch (const std::bad_alloc &) {
        return -ENOMEM;
    } catch (...) {
        return -EIO;
    }
}
