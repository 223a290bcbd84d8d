#!/bin/sh -e
# Prints all contacts of a search, a page of JSON a line: examples/search.sh last=P7D queue=billing
# CONTACT_SEARCH_API_KEY has your key, and CONTACT_SEARCH_URL the address of the service (this machine if it is not set).
: "${CONTACT_SEARCH_API_KEY:?must be set to your API key}"
contacts=${CONTACT_SEARCH_URL:-http://127.0.0.1:8080}/v1/contacts
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Gets a page, and sets $next to the query of the next one. The key comes from standard input: `ps` would show an argument.
# curl tries a 429, or a 503, again after the seconds that Retry-After says.
get() {
    printf 'header = "x-api-key: %s"\n' "$CONTACT_SEARCH_API_KEY" |
        curl --config - --header 'prefer: wait=20' --silent --show-error --fail-with-body --retry 10 --retry-max-time 300 \
            --dump-header "$folder/headers" --output "$folder/page" "$@" ||
        { cat "$folder/page" >&2; exit 1; }
    cat "$folder/page"
    echo
    next=$(sed -n 's/^[Ll]ink: <\(?[^>]*\)>; rel="next".*/\1/p' "$folder/headers")
}

for parameter; do
    set -- "$@" --data-urlencode "$parameter"
    shift
done
get --get "$@" "$contacts"
while [ -n "$next" ]; do # the last page, whose next_cursor is null, has no Link
    get "$contacts$next"
done
