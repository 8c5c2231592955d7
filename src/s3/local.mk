# The adapter of S3.
noinst_LIBRARIES += libs3.a
PART_ARCHIVES += libs3.a
PART_LIBS += $(XML_LIBS)
libs3_a_SOURCES = \
	src/s3/blob_store.c \
	src/s3/client.c src/s3/client.h \
	src/s3/counters.c src/s3/counters.h \
	src/s3/download.c \
	src/s3/exchange.c src/s3/exchange.h \
	src/s3/keys.c src/s3/keys.h \
	src/s3/parts.c \
	src/s3/presign.c src/s3/presign.h \
	src/s3/reply.c src/s3/reply.h \
	src/s3/s3.h \
	src/s3/settings.c src/s3/settings.h \
	src/s3/transfer.h \
	src/s3/upload.c
libs3_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS) $(XML_CFLAGS)
