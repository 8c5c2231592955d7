# The unit and its user. Both folders are searched by systemd under /usr and /usr/local.
EXTRA_DIST += systemd/pdf-ocr-api.service.in systemd/pdf-ocr-api.sysusers
dist_pkgdata_DATA += systemd/env.example

if WITH_SYSTEMD
systemdunitdir = $(systemdsystemunitdir)
systemdunit_DATA = systemd/pdf-ocr-api.service
systemd/pdf-ocr-api.service: systemd/pdf-ocr-api.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && $(SED) -e 's|@pkgdatadir[@]|$(pkgdatadir)|g' \
		-e 's|@sysconfdir[@]|$(sysconfdir)|g' $(srcdir)/systemd/pdf-ocr-api.service.in >$@
CLEANFILES += systemd/pdf-ocr-api.service

install-data-local:
	$(MKDIR_P) $(DESTDIR)$(prefix)/lib/sysusers.d
	$(INSTALL_DATA) $(srcdir)/systemd/pdf-ocr-api.sysusers \
		$(DESTDIR)$(prefix)/lib/sysusers.d/pdf-ocr-api.conf
uninstall-local:
	rm -f $(DESTDIR)$(prefix)/lib/sysusers.d/pdf-ocr-api.conf
endif
