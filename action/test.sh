#!/usr/bin/env bash
# Runs drip as the inputs say, and hands on what came out. It fails for itself only: the last step of the action fails
# for the service, after everything was shown.
set -euo pipefail

# What GitHub takes of a summary is 1 MiB.
summary_bytes_max=1000000

out=$(mktemp -d "$RUNNER_TEMP/drip-result.XXXXXX")

# Sets words to those of a line, with quotes as in a shell and nothing else: no variable, no command is put in.
split() {
    words=()
    printf '%s' "$1" | xargs --no-run-if-empty printf '%s\0' >"$out/words"
    while IFS= read -r -d '' word; do
        words+=("$word")
    done <"$out/words"
}

options=(--quiet --output "$out/drip.json" --report "html=$out/drip.html" --report "sarif=$out/drip.sarif")
option() {
    [[ -z $2 ]] || options+=("$1=$2")
}
option --spec "$DRIP_ACTION_SPEC"
option --fail-below "$DRIP_ACTION_FAIL_BELOW"
option --fail-under "$DRIP_ACTION_FAIL_UNDER"
option --fail-on "$DRIP_ACTION_FAIL_ON"
option --baseline "$DRIP_ACTION_BASELINE"
option --config "$DRIP_ACTION_CONFIG"

paths=()
while IFS= read -r path; do
    [[ -z $path ]] || paths+=("--path=$path")
done <<<"$DRIP_ACTION_PATH"

split "$DRIP_ACTION_ARGS"
further=("${words[@]}")

# A command is its words, unless it needs a shell.
if [[ $DRIP_ACTION_RUN == *[';&|$`<>()']* ]]; then
    command=(bash -c "$DRIP_ACTION_RUN")
else
    split "$DRIP_ACTION_RUN"
    command=("${words[@]}")
fi

if [[ -n $DRIP_ACTION_RUN ]]; then
    if [[ $DRIP_ACTION_API_URL =~ ^http://[^/?]*:([0-9]+)([/?].*)?$ ]]; then
        options+=("--port=${BASH_REMATCH[1]}")
        [[ ${#paths[@]} -gt 0 || -z ${BASH_REMATCH[2]} ]] || paths+=("--path=${BASH_REMATCH[2]}")
    fi
    set -- run "${options[@]}" "${paths[@]}" "${further[@]}" -- "${command[@]}"
elif [[ -n $DRIP_ACTION_API_URL ]]; then
    set -- scan "${options[@]}" "${further[@]}" -- "$DRIP_ACTION_API_URL"
else
    set -- run "${options[@]}" "${paths[@]}" "${further[@]}"
fi

code=0
drip "$@" || code=$?

{
    echo "exit-code=$code"
    if [[ -s $out/drip.json ]]; then
        drip report "$out/drip.json" --format outputs
        echo "json-path=$out/drip.json"
        echo "report-path=$out/drip.html"
        echo "sarif-file=$out/drip.sarif"
        echo "markdown-path=$out/drip.md"
    fi
} >>"$GITHUB_OUTPUT"

if [[ -s $out/drip.json ]]; then
    drip report "$out/drip.json" --format markdown >"$out/drip.md"
    if [[ $DRIP_ACTION_SUMMARY == true ]]; then
        head -c "$summary_bytes_max" "$out/drip.md" >>"$GITHUB_STEP_SUMMARY"
    fi
    if [[ $DRIP_ACTION_ANNOTATIONS == true ]]; then
        drip report "$out/drip.json" --format github
    fi
fi
