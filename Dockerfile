# The exchange as an image: set up by the same make as everywhere, run by a user who owns nothing but its data.

FROM debian:trixie-slim AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates g++ git make python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/exchange
COPY . .
RUN make build && rm -rf api/ui/web/node_modules

FROM debian:trixie-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates fonts-wqy-microhei libstdc++6 python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /var/lib/exchange --create-home exchange
COPY --from=build /srv/exchange /srv/exchange
WORKDIR /srv/exchange
USER exchange
ENV PYTHONUNBUFFERED=1 \
    EXCHANGE_DATA_DIR=/var/lib/exchange \
    EXCHANGE_HOST=0.0.0.0 \
    EXCHANGE_PORT=8000
VOLUME /var/lib/exchange
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
    CMD [".venv/bin/python", "scripts/healthy.py"]
ENTRYPOINT [".venv/bin/exchange"]
CMD ["serve"]
