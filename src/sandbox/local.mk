# What the programs that parse other people's bytes put up around themselves.
noinst_LIBRARIES += libsandbox.a
libsandbox_a_SOURCES = \
	src/sandbox/child.c src/sandbox/child.h \
	src/sandbox/sandbox.c src/sandbox/sandbox.h \
	src/sandbox/sandbox_fonts.c \
	src/sandbox/sandbox_landlock.c \
	src/sandbox/sandbox_seccomp.c
libsandbox_a_CPPFLAGS = $(AM_CPPFLAGS) -include config.h
libsandbox_a_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
