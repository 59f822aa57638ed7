#!/usr/bin/env bash
# Writes the report into a comment of the pull request: the one that an earlier run wrote, else a new one. A failure is
# told and fails nothing.
set -euo pipefail

marker='<!-- drip -->'
# What GitHub takes of a comment is 65,536 characters.
body_bytes_max=60000

if [[ -z $DRIP_ACTION_PULL_REQUEST ]]; then
    echo 'there is no pull request to comment on'
    exit 0
fi
# A run for a fork has no right to write, and what it says is not ours to post.
if [[ $DRIP_ACTION_HEAD != "$GITHUB_REPOSITORY" ]]; then
    echo 'nothing is posted for a fork'
    exit 0
fi

body=$(mktemp "$RUNNER_TEMP/drip-comment.XXXXXX")
{
    printf '%s\n' "$marker"
    head -c "$body_bytes_max" "$DRIP_ACTION_MARKDOWN"
} >"$body"

comments=repos/$GITHUB_REPOSITORY/issues/$DRIP_ACTION_PULL_REQUEST/comments
ours=".[] | select(.user.type == \"Bot\" and (.body | startswith(\"$marker\"))) | .id"
if ! earlier=$(gh api --paginate "$comments" --jq "$ours" | head -n 1); then
    echo 'the comments cannot be read; is pull-requests: write among the permissions?' >&2
    exit 0
fi
if [[ -n $earlier ]]; then
    set -- --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$earlier"
else
    set -- --method POST "$comments"
fi
gh api --silent "$@" --field "body=@$body" || echo 'the comment cannot be written; is pull-requests: write among the permissions?' >&2
