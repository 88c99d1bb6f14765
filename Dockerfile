# The production image: the binary, which contains the pages, static files and migrations, and below
# it only a C library, CA certificates and a user without rights. There is no shell.
#
#   docker build --tag vestibule .
#   docker run --rm vestibule key generate
#
# docs/deploy.md has the rest. For builds that can be repeated, name both images by digest.

# The version of rust-toolchain.toml, on the Debian release of the image below.
FROM rust:1.95-slim-trixie AS build
WORKDIR /build
COPY . .
# BuildKit keeps both folders between builds, so only what has changed is compiled again.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin vestibule && \
    cp target/release/vestibule /vestibule

FROM gcr.io/distroless/cc-debian13:nonroot
COPY --from=build /vestibule /usr/local/bin/vestibule
# All addresses of the container. Who can connect is decided outside: see compose.production.yaml.
ENV LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=40s --retries=3 \
    CMD ["/usr/local/bin/vestibule", "health"]
# User 65532, from the image below. The number lets Kubernetes check that it is not root.
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/vestibule"]
