# The command line: the pipeline without a server.
bin_PROGRAMS += pdf-ocr-extract
pdf_ocr_extract_SOURCES = \
	src/cli/command.h \
	src/cli/documents.c src/cli/documents.h \
	src/cli/run.c src/cli/run.h \
	src/cli/pdf-ocr-extract.c
# Shells look a command's file up by its name.
completionsdir = $(datadir)/bash-completion/completions
dist_completions_DATA = completions/pdf-ocr-extract
zshdir = $(datadir)/zsh/site-functions
dist_zsh_DATA = completions/_pdf-ocr-extract
fishdir = $(datadir)/fish/vendor_completions.d
dist_fish_DATA = completions/pdf-ocr-extract.fish
pdf_ocr_extract_CPPFLAGS = $(AM_CPPFLAGS) -include config.h
pdf_ocr_extract_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
pdf_ocr_extract_LDADD = libtesseract_part.a libcore.a libformats.a $(XLSXWRITER_LIBS) $(ARCHIVE_LIBS) libextract.a libsandbox.a libocr.a libports.a libbase.a $(CURL_LIBS) $(JANSSON_LIBS) \
	$(SODIUM_LIBS) -lm
