# Drip in an image without a shell, as nobody: for drip scan, drip report and drip diff. A service that drip run is to
# start needs its own runtime; copy the binary into that image instead:
#
#   COPY --from=drip /usr/local/bin/drip /usr/local/bin/drip
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked && cp target/release/drip /drip

# The glibc of Debian 12, as that of the build.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /drip /usr/local/bin/drip
WORKDIR /data
ENTRYPOINT ["/usr/local/bin/drip"]
CMD ["--help"]
