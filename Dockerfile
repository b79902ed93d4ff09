# The image of sms-sandbox: built in one stage, served from another by a user without rights.
FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS build
WORKDIR /src
# What is installed is locked, with hashes: .ci/lock writes these files.
COPY .ci/requirements-build.txt requirements-build.txt
COPY .ci/requirements-image.txt requirements-image.txt
RUN python -m venv /opt/build && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements-build.txt
RUN python -m venv /opt/sms-sandbox && /opt/sms-sandbox/bin/pip install --no-cache-dir --require-hashes -r requirements-image.txt
COPY pyproject.toml README.md LICENSE ./
COPY sandbox sandbox
COPY specs specs
COPY scenarios scenarios
RUN /opt/build/bin/hatchling build -t wheel -d dist && /opt/sms-sandbox/bin/pip install --no-cache-dir --no-index --no-deps dist/*.whl
# Whoever reads the shipped files first keeps what is read beside them; the user of the image cannot write there.
RUN /opt/sms-sandbox/bin/sms-sandbox check

FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
LABEL org.opencontainers.image.title="sms-sandbox" \
      org.opencontainers.image.description="A local stand-in for SMS and WhatsApp providers." \
      org.opencontainers.image.licenses="Apache-2.0"
# Scenarios of one's own are mounted at /scenarios, documents of providers at /specs; the authority of --tls is kept in
# /tls, a store of SQLite in /data.
RUN useradd --system --uid 10001 --no-create-home sandbox && mkdir -p /scenarios /specs /tls /data && chown sandbox /tls /data
COPY --from=build /opt/sms-sandbox /opt/sms-sandbox
ENV PATH="/opt/sms-sandbox/bin:$PATH" \
    PYTHONUNBUFFERED="1" \
    SANDBOX_HOST="0.0.0.0" \
    SANDBOX_SCENARIOS="/scenarios" \
    SANDBOX_SPECS="/specs" \
    SANDBOX_TLS_DIR="/tls"
USER sandbox
EXPOSE 8080 8443
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["sms-sandbox", "ready"]
ENTRYPOINT ["sms-sandbox"]
CMD ["serve"]
