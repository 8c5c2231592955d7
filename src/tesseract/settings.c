#include "tesseract/settings.h"

#define AT(field) offsetof(struct tesseract_settings, field)

static const struct setting tesseract_rows[] = {
    TEXT_SETTING(PATH, "OCR_READER", AT(program), LIBEXECDIR "/pdf-ocr-recognize",
                 "the program that reads images by OCR"),
    TEXT_SETTING(PATH, "TESSDATA_PREFIX", AT(tessdata_dir), NULL, "Tesseract's data folder"),
    TEXT_SETTING(NAME, "OCR_LANGUAGE", AT(language), "eng",
                 "Tesseract's language or languages (eng+deu)"),
};

const struct setting_table tesseract_settings =
    SETTING_TABLE(tesseract_rows, sizeof(struct tesseract_settings));

struct recognizer_limits tesseract_limits(const struct config *cfg)
{
    const struct tesseract_settings *s = config_values(cfg, &tesseract_settings);
    return (struct recognizer_limits){.program = s->program,
                                      .tessdata_dir = s->tessdata_dir,
                                      .language = s->language,
                                      .cpu_s = cfg->ocr_cpu_s,
                                      .memory_bytes = cfg->ocr_memory_bytes,
                                      .max_raster_pixels = cfg->max_raster_pixels};
}
