/* The engines that read pages or propose tables, one a row: ENGINE(SYMBOL, name, label, remote).
 * Each is chosen as the part NAME_part (core/part.h). remote: images leave this machine. */
#ifndef PDF_OCR_PORTS_ENGINE_H
#define PDF_OCR_PORTS_ENGINE_H

#include <stdbool.h>

#define OCR_ENGINE_TABLE(ENGINE)                                                                   \
    ENGINE(TESSERACT, tesseract, "Tesseract", false)                                               \
    ENGINE(DOCUMENTAI, documentai, "Document AI", true)

#define STRUCTURER_TABLE(ENGINE) ENGINE(GEMINI, gemini, "Gemini", true)

#define ENGINE_TABLE(ENGINE) OCR_ENGINE_TABLE(ENGINE) STRUCTURER_TABLE(ENGINE)

/* Who read a word. Names as in ENGINE and in results. */
#define ENGINE_SYMBOL(symbol, name, label, remote) ENGINE_##symbol,
enum engine { ENGINE_TEXT, ENGINE_TABLE(ENGINE_SYMBOL) ENGINE__MAX };
#undef ENGINE_SYMBOL
extern const char *const engine_names[ENGINE__MAX + 1];  /* text, tesseract, ... */
extern const char *const engine_labels[ENGINE__MAX + 1]; /* for messages: Tesseract */

/* What a request may choose. AUTO: text layer where there is one, else the configured OCR engine.
 */
#define ENGINE_SYMBOL(symbol, name, label, remote) CHOICE_##symbol,
enum engine_choice { CHOICE_AUTO, CHOICE_TEXT, ENGINE_TABLE(ENGINE_SYMBOL) CHOICE__MAX };
#undef ENGINE_SYMBOL
extern const char *const engine_choice_names[CHOICE__MAX + 1]; /* auto, text, tesseract, ... */

/* Who found the rows and columns. */
#define ENGINE_SYMBOL(symbol, name, label, remote) STRUCTURE_##symbol,
enum structure { STRUCTURE_GEOMETRY, ENGINE_TABLE(ENGINE_SYMBOL) STRUCTURE__MAX };
#undef ENGINE_SYMBOL
extern const char *const structure_names[STRUCTURE__MAX + 1]; /* geometry, tesseract, ... */

/* Whether the choice names an OCR engine, one that is reached over the network, a structurer. */
bool choice_is_ocr(enum engine_choice c);
bool choice_is_remote_ocr(enum engine_choice c);
bool choice_is_structurer(enum engine_choice c);

/* The structure that an engine finds. */
enum structure structure_by(enum engine e);

/* Whether a structurer proposed it, so that its cells were looked up among the words. */
bool structure_is_proposed(enum structure s);

#endif
