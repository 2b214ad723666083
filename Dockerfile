# The filter as an image: built in one stage, run in another as a user without rights, on a read-only root.
#
#   docker build -t wehr .
#   docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#     -v ./wehr.toml:/etc/wehr/wehr.toml:ro -v wehr:/var/lib/wehr wehr

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --locked --ignore-rust-version --profile dist --bin wehr \
 && ./target/dist/wehr dashboards -o /dashboards

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates curl \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/wehr --create-home --shell /usr/sbin/nologin wehr
COPY --from=build /src/target/dist/wehr /usr/bin/wehr
COPY --from=build /dashboards /usr/share/wehr/dashboards
COPY packaging/compose/wehr.toml /etc/wehr/wehr.toml
USER 10001:10001
WORKDIR /var/lib/wehr
VOLUME /var/lib/wehr
# milter, LMTP, metrics
EXPOSE 8894 8024 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8080/readyz"]
ENTRYPOINT ["/usr/bin/wehr"]
CMD ["serve", "--config", "/etc/wehr/wehr.toml", "--log", "json"]
