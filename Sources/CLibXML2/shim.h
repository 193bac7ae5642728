#pragma once
// libxml2 was built with ICU and would pull in the system's ICU headers, whose types clash with those
// of the ICU that Foundation carries. Nothing here uses the one structure that has them.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlwriter.h>

// xmlFree is a global function pointer, which Swift 6 takes for shared mutable state.
static inline void clibxml2_free(void *memory) {
    xmlFree(memory);
}
