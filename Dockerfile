# pdf-ocr-api with its nginx in one container. DEPLOYMENT.md tells how to run it.
# A digest in BASE (debian:bookworm-slim@sha256:...) holds the base still.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY scripts/packages scripts/install-packages scripts/
RUN scripts/install-packages build
COPY . .
RUN autoreconf -i && mkdir build && cd build && ../configure -q --enable-werror --prefix=/usr && \
    make -s -j"$(nproc)" && make -s install-strip DESTDIR=/out && \
    rm -rf /out/usr/share/man

# docker build --target test .
FROM build AS test
RUN scripts/install-packages run test && make -s -C build check

FROM ${BASE}
ARG VERSION=0.1.0 REVISION=unknown
LABEL org.opencontainers.image.title="pdf-ocr-api" \
      org.opencontainers.image.description="Tables, forms and text of PDFs over HTTP" \
      org.opencontainers.image.licenses="MIT AND GPL-2.0-or-later" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY scripts/packages scripts/install-packages /usr/share/pdf-ocr-api/build/
# The names of the users and of the folders that compose puts volumes on.
RUN /usr/share/pdf-ocr-api/build/install-packages run libraries && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/debconf/*-old /var/log/* \
           /usr/share/doc /usr/share/man /usr/share/pdf-ocr-api/build && \
    useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin pdf-ocr && \
    install -d -o pdf-ocr -g pdf-ocr -m 0750 /data /tls
COPY --from=build /out/ /
# Sockets and what nginx buffers do not belong on the volume: several containers may share it.
ENV PORT=8080 DATA_DIR=/data RUN_DIR=/tmp/run LOG_FORMAT=json SHUTDOWN_GRACE_S=8
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s --retries=3 \
    CMD ["pdf-ocr-api", "--health"]
ENTRYPOINT ["/usr/share/pdf-ocr-api/scripts/serve"]
