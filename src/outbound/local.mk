# Calls to hosts that clients name.
noinst_LIBRARIES += liboutbound.a
liboutbound_a_SOURCES = \
	src/outbound/address.c src/outbound/address.h \
	src/outbound/call.c src/outbound/call.h \
	src/outbound/download.c src/outbound/download.h \
	src/outbound/settings.c src/outbound/settings.h \
	src/outbound/webhook.c src/outbound/webhook.h
liboutbound_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(SODIUM_CFLAGS)
