# Pages as images: what is done to them before they are read.
noinst_LIBRARIES += libocr.a
libocr_a_SOURCES = \
	src/ocr/dashed_rules.c src/ocr/dashed_rules.h \
	src/ocr/dividers.c src/ocr/dividers.h \
	src/ocr/erase.c src/ocr/erase.h \
	src/ocr/evidence.c src/ocr/evidence.h \
	src/ocr/ink.c src/ocr/ink.h \
	src/ocr/lines.c src/ocr/lines.h \
	src/ocr/mend.c src/ocr/mend.h \
	src/ocr/page.c src/ocr/page.h \
	src/ocr/pix.c src/ocr/pix.h \
	src/ocr/raster_areas.c src/ocr/raster_areas.h \
	src/ocr/raster_boxes.c src/ocr/raster_boxes.h \
	src/ocr/raster_rules.c src/ocr/raster_rules.h \
	src/ocr/read.c src/ocr/read.h \
	src/ocr/rule_boxes.c src/ocr/rule_boxes.h \
	src/ocr/straighten.c src/ocr/straighten.h \
	src/ocr/strip.c src/ocr/strip.h \
	src/ocr/wire.c src/ocr/wire.h \
	src/ocr/words.c src/ocr/words.h
libocr_a_CFLAGS = $(AM_CFLAGS) $(TESSERACT_CFLAGS)
