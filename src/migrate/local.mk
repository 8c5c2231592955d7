# The migration, and the tables it fills.
noinst_LIBRARIES += libmigrate.a
libmigrate_a_SOURCES = \
	src/migrate/migration.c src/migrate/migration.h \
	src/migrate/retry.c src/migrate/retry.h \
	src/migrate/reader.c src/migrate/reader.h \
	src/migrate/refused.c src/migrate/refused.h \
	src/migrate/rejects.c src/migrate/rejects.h \
	src/migrate/report.c src/migrate/report.h \
	src/migrate/row.c src/migrate/row.h \
	src/migrate/run.h src/migrate/run_read.c \
	src/migrate/sql.c src/migrate/sql.h \
	src/migrate/state.c src/migrate/state.h \
	src/migrate/times.c src/migrate/times.h \
	src/migrate/warehouse.c src/migrate/warehouse.h
libmigrate_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS) $(CURL_CFLAGS) \
	$(SQLITE_CFLAGS)

bin_PROGRAMS += pdf-ocr-migrate
pdf_ocr_migrate_SOURCES = src/migrate/main.c
pdf_ocr_migrate_CPPFLAGS = $(AM_CPPFLAGS) -include config.h
pdf_ocr_migrate_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS) $(CURL_CFLAGS)
pdf_ocr_migrate_LDADD = libmigrate.a libmove.a liblocal.a libpostgres.a libdispatch.a libgoogle.a libcore.a libformats.a $(XLSXWRITER_LIBS) $(ARCHIVE_LIBS) libextract.a libocr.a libports.a libbase.a $(SQLITE_LIBS) $(PQ_LIBS) \
	$(CURL_LIBS) $(PROTOBUF_C_LIBS) $(CJOSE_LIBS) $(CRYPTO_LIBS) $(JANSSON_LIBS) $(SODIUM_LIBS) $(PNG_LIBS) -lm
