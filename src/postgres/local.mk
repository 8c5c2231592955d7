# The adapters of PostgreSQL.
noinst_LIBRARIES += libpostgres.a
PART_ARCHIVES += libpostgres.a
PART_LIBS += $(PQ_LIBS)
libpostgres_a_SOURCES = \
	src/postgres/db.c src/postgres/db.h \
	src/postgres/job_store.c \
	src/postgres/parts.c \
	src/postgres/postgres.h \
	src/postgres/schema.c \
	src/postgres/settings.c src/postgres/settings.h \
	src/postgres/tasks.c
libpostgres_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(PQ_CFLAGS)
