# The migration, and the tables it fills.
bin_PROGRAMS += pdf-ocr-migrate
pdf_ocr_migrate_SOURCES = src/migrate/main.c
pdf_ocr_migrate_CPPFLAGS = $(AM_CPPFLAGS) -include config.h
pdf_ocr_migrate_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS) $(CURL_CFLAGS)
pdf_ocr_migrate_LDADD = libgoogle.a libcore.a libbase.a $(CURL_LIBS) $(CJOSE_LIBS) \
	$(CRYPTO_LIBS) $(JANSSON_LIBS) $(SODIUM_LIBS) $(LEPT_LIBS) -lm
