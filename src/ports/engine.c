#include "ports/engine.h"

#include <stddef.h>

#define NAME(symbol, name, label, remote) #name,
const char *const engine_names[] = {"text", ENGINE_TABLE(NAME) NULL};
#define LABEL(symbol, name, label, remote) label,
const char *const engine_labels[] = {"the text layer", ENGINE_TABLE(LABEL) NULL};
const char *const engine_choice_names[] = {"auto", "text", ENGINE_TABLE(NAME) NULL};
const char *const structure_names[] = {"geometry", ENGINE_TABLE(NAME) NULL};

bool choice_is_ocr(enum engine_choice c)
{
#define OCR(symbol, name, label, remote) [CHOICE_##symbol] = true,
    static const bool is_ocr[CHOICE__MAX] = {OCR_ENGINE_TABLE(OCR)};
    return is_ocr[c];
}

bool choice_is_remote_ocr(enum engine_choice c)
{
#define REMOTE(symbol, name, label, remote) [CHOICE_##symbol] = (remote),
    static const bool is_remote[CHOICE__MAX] = {OCR_ENGINE_TABLE(REMOTE)};
    return is_remote[c];
}

bool choice_is_structurer(enum engine_choice c)
{
#define STRUCTURER(symbol, name, label, remote) [CHOICE_##symbol] = true,
    static const bool is_structurer[CHOICE__MAX] = {STRUCTURER_TABLE(STRUCTURER)};
    return is_structurer[c];
}

enum structure structure_by(enum engine e)
{
#define BY(symbol, name, label, remote) [ENGINE_##symbol] = STRUCTURE_##symbol,
    static const enum structure by[ENGINE__MAX] = {[ENGINE_TEXT] = STRUCTURE_GEOMETRY,
                                                   ENGINE_TABLE(BY)};
    return by[e];
}

bool structure_is_proposed(enum structure s)
{
#define PROPOSED(symbol, name, label, remote) [STRUCTURE_##symbol] = true,
    static const bool is_proposed[STRUCTURE__MAX] = {STRUCTURER_TABLE(PROPOSED)};
    return is_proposed[s];
}
