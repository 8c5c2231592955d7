# A Debian machine with systemd on which the service was installed by hand, for test_systemd.py.
FROM pdf-ocr-api:build
RUN ../scripts/install-packages run && \
    apt-get install -y -qq --no-install-recommends systemd systemd-sysv dbus curl >/dev/null && \
    make -s install && systemd-sysusers && systemctl disable nginx && systemctl enable pdf-ocr-api
COPY env /etc/pdf-ocr-api/env
CMD ["bash", "-c", "mount -o remount,rw /sys/fs/cgroup && exec /sbin/init"]
