# Requests and replies over FastCGI, and the router.
noinst_LIBRARIES += libhttp.a
libhttp_a_SOURCES = \
	src/http/http.h \
	src/http/negotiation.c src/http/negotiation.h \
	src/http/problem.c src/http/problem.h \
	src/http/request.c src/http/request.h \
	src/http/router.c
libhttp_a_CFLAGS = $(AM_CFLAGS) $(FCGI_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS)
