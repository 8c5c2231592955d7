# The OCR engine of this machine.
noinst_LIBRARIES += libtesseract_part.a
PART_ARCHIVES += libtesseract_part.a
libtesseract_part_a_SOURCES = \
	src/tesseract/parts.c \
	src/tesseract/settings.c src/tesseract/settings.h
libtesseract_part_a_CFLAGS = $(AM_CFLAGS) $(TESSERACT_CFLAGS) $(CURL_CFLAGS)
