# The master, its workers, and how a worker takes requests.
noinst_LIBRARIES += libprocess.a
libprocess_a_SOURCES = \
	src/process/connection.c src/process/connection.h \
	src/process/deferred.c src/process/deferred.h \
	src/process/loops.c src/process/loops.h \
	src/process/master.c src/process/master.h \
	src/process/metrics.c src/process/metrics.h \
	src/process/program.h \
	src/process/serve.c src/process/serve.h \
	src/process/turns.c src/process/turns.h \
	src/process/waiter.c src/process/waiter.h \
	src/process/worker.c src/process/worker.h
libprocess_a_CFLAGS = $(AM_CFLAGS) $(FCGI_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS) $(CURL_CFLAGS)
