# The reader of forms: the only program that links GMime and GLib without poppler.
pkglibexec_PROGRAMS += pdf-ocr-form
pdf_ocr_form_SOURCES = \
	src/multipart/main.c \
	src/multipart/multipart.c src/multipart/multipart.h
pdf_ocr_form_CFLAGS = $(AM_CFLAGS) $(GMIME_CFLAGS)
pdf_ocr_form_LDADD = libsandbox.a libbase.a $(GMIME_LIBS) $(SECCOMP_LIBS) $(JANSSON_LIBS) \
	$(SODIUM_LIBS)
