# Who may call: keys, tokens, limits.
noinst_LIBRARIES += libauth.a
libauth_a_SOURCES = \
	src/auth/auth.c src/auth/auth.h \
	src/auth/jwks.c src/auth/jwks.h \
	src/auth/jwt.c src/auth/jwt.h \
	src/auth/keys.c src/auth/keys.h \
	src/auth/keys_command.c src/auth/keys_command.h \
	src/auth/limits.c src/auth/limits.h
libauth_a_CFLAGS = $(AM_CFLAGS) $(FCGI_CFLAGS) $(JANSSON_CFLAGS) $(SODIUM_CFLAGS) $(CURL_CFLAGS) \
	$(CJOSE_CFLAGS)
