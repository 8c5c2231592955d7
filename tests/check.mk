# What scripts/check runs, and what waits for what. Each check is a function of tests/checks.
# Those that wait for the network, and the longest, come first.
needs = build build-asan google-contracts browser-driver bigquery-engine zetasql openapi-tools s3-server
e2e = end-to-end end-to-end-plain google-stand-ins
sources = clang-format include-graph clang-tidy cppcheck shellcheck manual-pages
programs = unit-tests unit-tests-asan build-promises command-line quickstart nginx-config settings fuzz
shipped = distcheck tarball debian-package deployment-scripts deployment-files
quick = unit-tests end-to-end-quick build-promises command-line quickstart nginx-config settings \
	clang-format include-graph cppcheck shellcheck manual-pages
checks = $(needs) $(e2e) end-to-end-quick $(sources) $(programs) $(shipped) container-tests

.PHONY: all quick e2e sources programs shipped containers $(checks)
all: $(needs) e2e container-tests sources programs shipped
quick: $(quick)
e2e: $(e2e)
sources: $(sources)
programs: $(programs)
shipped: $(shipped)
containers: container-tests
$(checks):
	@$(nice) tests/checks $@
# What has deadlines goes first; what only computes lets it.
$(sources) distcheck tarball debian-package fuzz: nice = nice

clang-tidy $(programs) $(shipped) container-tests end-to-end-plain end-to-end-quick: build
unit-tests-asan end-to-end: build-asan
google-stand-ins: google-contracts bigquery-engine
container-tests: s3-server
end-to-end end-to-end-plain: google-contracts browser-driver bigquery-engine zetasql openapi-tools s3-server
# They make in the same tree.
distcheck: unit-tests
tarball debian-package deployment-files: distcheck
