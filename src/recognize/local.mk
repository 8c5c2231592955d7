# OCR: the only program that links Tesseract.
pkglibexec_PROGRAMS += pdf-ocr-recognize
pdf_ocr_recognize_SOURCES = src/recognize/main.c
pdf_ocr_recognize_CFLAGS = $(AM_CFLAGS) $(TESSERACT_CFLAGS)
pdf_ocr_recognize_LDADD = libocr.a libsandbox.a libports.a libbase.a $(TESSERACT_LIBS) \
	$(SECCOMP_LIBS) $(JANSSON_LIBS) $(SODIUM_LIBS) -lgomp -lm
