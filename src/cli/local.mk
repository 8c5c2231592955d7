# The command line: the pipeline without a server.
bin_PROGRAMS += pdf-ocr-extract
pdf_ocr_extract_SOURCES = src/cli/pdf-ocr-extract.c
pdf_ocr_extract_CPPFLAGS = $(AM_CPPFLAGS) -include config.h
pdf_ocr_extract_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
pdf_ocr_extract_LDADD = libcore.a libformats.a $(XLSXWRITER_LIBS) libextract.a libsandbox.a libocr.a libports.a libbase.a $(CURL_LIBS) $(JANSSON_LIBS) \
	$(SODIUM_LIBS) -lm
