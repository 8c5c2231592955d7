# What a job store holds, from one to another.
noinst_LIBRARIES += libmove.a
libmove_a_SOURCES = \
	src/move/move.c src/move/move.h \
	src/move/postgres_rows.c \
	src/move/row_store.c src/move/row_store.h \
	src/move/sql.c src/move/sql.h \
	src/move/sqlite_rows.c \
	src/move/tables.c src/move/tables.h
libmove_a_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS) $(CURL_CFLAGS) $(SQLITE_CFLAGS) $(PQ_CFLAGS)
