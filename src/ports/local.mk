# What a store, a queue and an engine must do, and what they speak of.
noinst_LIBRARIES += libports.a
libports_a_SOURCES = \
	src/ports/analytics.h \
	src/ports/blob_store.c src/ports/blob_store.h \
	src/ports/engine.c src/ports/engine.h \
	src/ports/extraction.c src/ports/extraction.h \
	src/ports/job.c src/ports/job.h \
	src/ports/job_fields.c src/ports/job_fields.h \
	src/ports/job_store.c src/ports/job_store.h \
	src/ports/page.c src/ports/page.h \
	src/ports/ocr_engine.c src/ports/ocr_engine.h \
	src/ports/page_journal.h \
	src/ports/pose.c src/ports/pose.h \
	src/ports/program_limits.h \
	src/ports/structurer.c src/ports/structurer.h \
	src/ports/task_queue.h
libports_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS)
