#pragma once
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlwriter.h>

// xmlFree is a global function pointer, which Swift 6 takes for shared mutable state.
static inline void clibxml2_free(void *memory) {
    xmlFree(memory);
}
