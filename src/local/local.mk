# The local adapters: SQLite and files.
noinst_LIBRARIES += liblocal.a
PART_ARCHIVES += liblocal.a
PART_LIBS += $(SQLITE_LIBS)
liblocal_a_SOURCES = \
	src/local/file_blob_store.c \
	src/local/file_sweep.c \
	src/local/local.h \
	src/local/parts.c \
	src/local/sqlite_db.c src/local/sqlite_db.h \
	src/local/sqlite_schema.c src/local/sqlite_schema.h \
	src/local/sqlite_job_store.c \
	src/local/sqlite_deliver.c \
	src/local/sqlite_task_queue.c \
	src/local/sqlite_tasks.c src/local/sqlite_tasks.h \
	src/local/store_mark.c src/local/store_mark.h
liblocal_a_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS) $(CURL_CFLAGS) $(SQLITE_CFLAGS)
