# The page reader: the only program that links poppler (GPL), so its binary is under the GPL.
pkglibexec_PROGRAMS += pdf-ocr-page
pdf_ocr_page_SOURCES = \
	src/reader/document.c src/reader/document.h \
	src/reader/fields.c src/reader/fields.h \
	src/reader/glyphless.c src/reader/glyphless.h \
	src/reader/image.c src/reader/image.h \
	src/reader/orientation.c src/reader/orientation.h \
	src/reader/page_image.c src/reader/page_image.h \
	src/reader/scan.c src/reader/scan.h \
	src/reader/searchable.c src/reader/searchable.h \
	src/reader/words.c src/reader/words.h \
	src/reader/main.c
pdf_ocr_page_CFLAGS = $(AM_CFLAGS) $(POPPLER_CFLAGS) $(EXIF_CFLAGS) $(CAIRO_CFLAGS) $(QPDF_CFLAGS)
pdf_ocr_page_LDADD = libsandbox.a libocr.a libports.a libbase.a $(POPPLER_LIBS) $(SECCOMP_LIBS) $(LEPT_LIBS) $(EXIF_LIBS) $(CAIRO_LIBS) $(QPDF_LIBS) \
	$(SODIUM_LIBS) -lm
