# The server: master, pools, FastCGI, who may call.
noinst_LIBRARIES += libserver.a
libserver_a_SOURCES = \
	src/server/auth.c src/server/auth.h \
	src/server/backend.c src/server/backend.h \
	src/server/http.h \
	src/server/jwks.c src/server/jwks.h \
	src/server/jwt.c src/server/jwt.h \
	src/server/keys.c src/server/keys.h \
	src/server/keys_command.c src/server/keys_command.h \
	src/server/limits.c src/server/limits.h \
	src/server/loops.c src/server/loops.h \
	src/server/master.c src/server/master.h \
	src/server/metrics.c src/server/metrics.h \
	src/server/probe.c src/server/probe.h \
	src/server/request.c src/server/request.h \
	src/server/router.c \
	src/server/serve.c src/server/serve.h \
	src/server/worker.c src/server/worker.h
libserver_a_CPPFLAGS = $(AM_CPPFLAGS) -include config.h
libserver_a_CFLAGS = $(AM_CFLAGS) $(FCGI_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS) $(CURL_CFLAGS) \
	$(CJOSE_CFLAGS)

bin_PROGRAMS += pdf-ocr-api
pdf_ocr_api_SOURCES = src/server/main.c
pdf_ocr_api_CPPFLAGS = $(AM_CPPFLAGS) -include config.h
pdf_ocr_api_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS) $(CURL_CFLAGS)
pdf_ocr_api_LDADD = libserver.a libapi.a libserver.a liblocal.a libgoogle.a libcore.a libextract.a libbase.a \
	$(FCGI_LIBS) $(CURL_LIBS) $(JANSSON_LIBS) $(SODIUM_LIBS) $(CRYPTO_LIBS) $(SQLITE_LIBS) \
	$(CJOSE_LIBS) $(LEPT_LIBS) $(GMIME_LIBS) $(TESSERACT_LIBS) -lgomp -lm
