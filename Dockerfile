# Andon in one container: no root, no compiler, no state but the volume.
#
#   make up

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/andon
WORKDIR /src
# The pins change seldom, the code often: two layers.
COPY requirements/image.txt requirements/
RUN /opt/andon/bin/pip install --no-deps --require-hashes -r requirements/image.txt
COPY pyproject.toml README.md LICENSE CHANGELOG.md ./
COPY schemas schemas
COPY detectors detectors
COPY actions actions
COPY streams streams
COPY andon andon
RUN /opt/andon/bin/pip install --no-deps --no-build-isolation .

FROM python:3.13-slim
# Safe path: the working folder holds other people's data and must never be imported from.
ENV PATH=/opt/andon/bin:$PATH \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin andon \
    && install --directory --owner=andon --mode=0750 /var/lib/andon /var/lib/andon/snapshots
COPY --from=build /opt/andon /opt/andon
USER 10001
WORKDIR /var/lib/andon
VOLUME /var/lib/andon
EXPOSE 8080
# Ready means: the journal is open and what is in it has been read again.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8080/readyz', timeout=2)"]
ENTRYPOINT ["andon"]
CMD ["run", "--http", "0.0.0.0:8080", "--data", "/var/lib/andon"]
