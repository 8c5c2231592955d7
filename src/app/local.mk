# The server's program: the route table, and the parts it is made of. Nothing includes this.
bin_PROGRAMS += pdf-ocr-api
pdf_ocr_api_SOURCES = \
	src/app/backend.c src/app/backend.h \
	src/app/parts.c src/app/parts.h \
	src/app/process_limits.c src/app/process_limits.h \
	src/app/main.c \
	src/app/maintenance.c src/app/maintenance.h \
	src/app/probe.c src/app/probe.h \
	src/app/routes.c \
	src/app/settings.c src/app/settings.h
pdf_ocr_api_CPPFLAGS = $(AM_CPPFLAGS) -include config.h
pdf_ocr_api_CFLAGS = $(AM_CFLAGS) $(FCGI_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS) $(CURL_CFLAGS)
pdf_ocr_api_LDADD = libapi.a liboutbound.a libprocess.a libauth.a libhttp.a $(PART_ARCHIVES) libdispatch.a libtelemetry.a libcore.a libformats.a $(XLSXWRITER_LIBS) $(ARCHIVE_LIBS) \
	libextract.a libsandbox.a libocr.a libports.a libbase.a \
	$(FCGI_LIBS) $(CURL_LIBS) $(JANSSON_LIBS) $(SODIUM_LIBS) $(CRYPTO_LIBS) $(PART_LIBS) \
	$(CJOSE_LIBS) -lm
