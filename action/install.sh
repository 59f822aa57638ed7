#!/usr/bin/env bash
# Puts drip on the path of the steps that follow: the release that was asked for, checked against its checksums. Where
# none was asked for and one is there, that one.
set -euo pipefail

asked=${DRIP_ACTION_VERSION#v}

if [[ -z $asked ]] && found=$(command -v drip); then
    echo "drip is $found"
    exit 0
fi

if [[ -z $asked ]]; then
    asked=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$GITHUB_ACTION_PATH/Cargo.toml" | head -n 1)
fi
if [[ ! $asked =~ ^[0-9A-Za-z.+-]+$ ]]; then
    echo 'the version of drip has letters that no version has' >&2
    exit 2
fi

case "$RUNNER_OS-$RUNNER_ARCH" in
Linux-X64) platform=x86_64-unknown-linux-gnu ;;
Linux-ARM64) platform=aarch64-unknown-linux-gnu ;;
*)
    echo "there is no drip for $RUNNER_OS on $RUNNER_ARCH yet" >&2
    exit 2
    ;;
esac

archive=drip-$asked-$platform.tar.gz
release=$GITHUB_SERVER_URL/$DRIP_ACTION_REPOSITORY/releases/download/v$asked
folder=$RUNNER_TEMP/drip-$asked
mkdir -p "$folder"

# Releases are served by redirects to another host, never to another protocol.
fetch() {
    curl --fail --silent --show-error --location --proto "=${GITHUB_SERVER_URL%%:*}" \
        --retry 3 --max-time 120 --max-filesize 100000000 --output "$folder/$1" "$release/$1"
}
fetch SHA256SUMS
fetch "$archive"

cd "$folder"
# Only the line of this archive: a missing one is a failure too.
if ! awk -v name="$archive" '$2 == name || $2 == "*" name' SHA256SUMS | sha256sum --check --strict --status; then
    echo "$archive is not what SHA256SUMS of its release says" >&2
    exit 1
fi
tar --extract --gzip --file "$archive" drip
echo "$folder" >>"$GITHUB_PATH"
echo "drip $asked is installed"
