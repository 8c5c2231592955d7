# pdf-ocr-api with its nginx in one container. DEPLOYMENT.md tells how to run it.
# A digest in BASE (debian:bookworm-slim@sha256:...) holds the base still.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY scripts/packages scripts/install-packages scripts/
RUN scripts/install-packages build
COPY . .
RUN autoreconf -i
WORKDIR /src/build
RUN ../configure -q --enable-werror --prefix=/usr --sysconfdir=/etc && make -s -j"$(nproc)" && \
    make -s install-strip DESTDIR=/out && \
    rm -rf /out/usr/share/man /out/usr/lib/systemd /out/usr/lib/sysusers.d

# docker build --target test .
FROM build AS test
WORKDIR /src/check
RUN ../scripts/install-packages run unit && ../configure -q --enable-werror && \
    make -s -j"$(nproc)" check && grep -c '\.\.\.passed' ./*_test.log

FROM ${BASE} AS runtime
ARG VERSION=0.1.0
COPY scripts/packages scripts/install-packages scripts/sbom /tmp/scripts/
# Neither a package manager nor Perl stays; dpkg's list of what does is for scanners.
RUN /tmp/scripts/install-packages run libraries && \
    useradd --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin pdf-ocr && \
    install -d -o pdf-ocr -g pdf-ocr -m 0750 /data /tls && \
    . /tmp/scripts/packages && \
    dpkg --purge --force-depends --force-remove-essential --force-remove-protected \
        $unneeded_packages && \
    mkdir -p /usr/share/pdf-ocr-api && \
    /tmp/scripts/sbom "$VERSION" >/usr/share/pdf-ocr-api/sbom.cdx.json && \
    rm -rf /tmp/scripts /var/cache/apt /var/cache/debconf /var/cache/ldconfig /var/log/* \
        /var/lib/apt /var/lib/dpkg/info /var/lib/dpkg/*-old /usr/bin/dpkg* /usr/share/doc \
        /usr/share/man /usr/share/locale /usr/share/lintian /usr/share/bash-completion \
        /usr/share/gcc
COPY --from=build /out/ /
# scripts/serve locks its folder.
COPY --from=build /usr/bin/flock /usr/bin/

# One layer without what was removed above.
FROM scratch
ARG BASE
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pdf-ocr-api" \
      org.opencontainers.image.description="Tables, forms and text of PDFs over HTTP" \
      org.opencontainers.image.licenses="MIT AND GPL-2.0-or-later" \
      org.opencontainers.image.base.name="${BASE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# hadolint ignore=DL3067
COPY --from=runtime / /
# Sockets and what nginx buffers do not belong on the volume: several containers may share it.
ENV PATH=/usr/sbin:/usr/bin PORT=8080 DATA_DIR=/data RUN_DIR=/tmp/run LOG_FORMAT=json \
    SHUTDOWN_GRACE_S=7
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s --retries=3 \
    CMD ["pdf-ocr-api", "--health"]
ENTRYPOINT ["/usr/share/pdf-ocr-api/scripts/serve"]
