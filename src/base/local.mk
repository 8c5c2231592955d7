# Errors, buffers, JSON, log, time: used by everything, uses nothing of ours.
noinst_LIBRARIES += libbase.a
libbase_a_SOURCES = \
	src/base/buffer.c src/base/buffer.h \
	src/base/call_counters.c src/base/call_counters.h \
	src/base/circuit.c src/base/circuit.h \
	src/base/context.c src/base/context.h \
	src/base/cpu_yield.c src/base/cpu_yield.h \
	src/base/error.c src/base/error.h \
	src/base/file.c src/base/file.h \
	src/base/folder.c src/base/folder.h \
	src/base/json.c src/base/json.h \
	src/base/json_writer.c src/base/json_writer.h \
	src/base/log.c src/base/log.h \
	src/base/media_type.c src/base/media_type.h \
	src/base/rfc3339.c src/base/rfc3339.h \
	src/base/sort.c src/base/sort.h \
	src/base/clock.c src/base/clock.h src/base/random.c src/base/random.h \
	src/base/span.c src/base/span.h \
	src/base/spawn.c src/base/spawn.h \
	src/base/steady.c src/base/steady.h \
	src/base/text.c src/base/text.h \
	src/base/uri.c src/base/uri.h
libbase_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS)
