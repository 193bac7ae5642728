#pragma once
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>
// The structure that the finished image is read from is libburn's, which nothing here needs otherwise.
#define LIBISOFS_WITHOUT_LIBBURN
#include <libisofs/libisofs.h>
