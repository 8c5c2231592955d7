# Delivers the tasks of a table: for the queues that nobody else delivers.
noinst_LIBRARIES += libdispatch.a
libdispatch_a_SOURCES = \
	src/dispatch/dispatcher.c src/dispatch/dispatcher.h \
	src/dispatch/settings.c src/dispatch/settings.h \
	src/dispatch/task_table.c src/dispatch/task_table.h
libdispatch_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
