# mvsnap with its worker's ffmpeg. docs/docker.md says how to use it.
FROM python:3.13-slim-trixie AS build
WORKDIR /src
COPY pyproject.toml requirements.txt requirements.lock README.md LICENSE ./
COPY mvsnap mvsnap
COPY templates templates
RUN python -m venv /opt/mvsnap \
    && /opt/mvsnap/bin/pip install --no-cache-dir --constraint requirements.lock \
        '.[apprise,home-assistant,oidc,postgresql,s3,webex-websocket]'

FROM python:3.13-slim-trixie
# The newest of Debian's fixes, hence no versions: hadolint's DL3008.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ffmpeg \
    && rm -rf /var/lib/apt/lists/*
# That of the person whose folders are mounted, so that both can write there.
ARG UID=1000
RUN useradd --uid "$UID" --home-dir /srv/mvsnap --shell /usr/sbin/nologin mvsnap \
    && install --directory --owner mvsnap --mode 750 \
        /srv/mvsnap /srv/mvsnap/config /srv/mvsnap/data
COPY --from=build /opt/mvsnap /opt/mvsnap
ENV PATH=/opt/mvsnap/bin:$PATH PYTHONUNBUFFERED=1 MALLOC_ARENA_MAX=2
USER $UID
WORKDIR /srv/mvsnap
EXPOSE 5004
HEALTHCHECK --start-period=30s --interval=30s --timeout=5s \
    CMD ["python", "-c", \
        "import ssl, urllib.request as r\ntry: r.urlopen('http://127.0.0.1:5004/healthz', timeout=2)\nexcept Exception: r.urlopen('https://127.0.0.1:5004/healthz', timeout=2, context=ssl._create_unverified_context())"]
ENTRYPOINT ["mvsnap"]
CMD ["serve"]
