# Pages as images: what is done to them before they are read.
noinst_LIBRARIES += libocr.a
libocr_a_SOURCES = \
	src/ocr/lines.c src/ocr/lines.h \
	src/ocr/mend.c src/ocr/mend.h \
	src/ocr/pix.c src/ocr/pix.h \
	src/ocr/straighten.c src/ocr/straighten.h \
	src/ocr/strip.c src/ocr/strip.h \
	src/ocr/words.c src/ocr/words.h
libocr_a_CFLAGS = $(AM_CFLAGS) $(LEPT_CFLAGS)
