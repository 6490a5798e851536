# shellcheck shell=bash
# Where a stack keeps its objects: a directory, an S3 server that the caller names, or a MinIO of its own.

# What a stack needs to know of its store, as NAME=VALUE lines.  The secret stands in a file.
store_settings() {
    local kind=$store
    case $store in
    s3 | s3tls) [ -n "${AWS_ENDPOINT_URL_S3:-}" ] || kind=minio ;;
    esac
    case $kind in
    dir) s3_settings "" "" "" ;;
    minio) minio_settings ;;
    *)
        [ -n "${AWS_ACCESS_KEY_ID:-}" ] || fail "AWS_ENDPOINT_URL_S3 is set, but not AWS_ACCESS_KEY_ID"
        s3_secret given_secret
        s3_settings "$AWS_ENDPOINT_URL_S3" "$AWS_ACCESS_KEY_ID" "${FILEAPI_S3_CA:-}"
        ;;
    esac
    # A directory store must not meet an endpoint from the caller's environment: all are set, or empty.
    printf 'FILEAPI_STACK_STORE=%q\n' "$kind"
}

# s3_settings ENDPOINT KEY_ID CA
s3_settings() {
    printf '%s=%q\n' \
        AWS_ENDPOINT_URL_S3 "$1" \
        AWS_ACCESS_KEY_ID "$2" \
        AWS_SECRET_ACCESS_KEY "" \
        AWS_SECRET_ACCESS_KEY_FILE "${1:+$dir/s3/secret}" \
        AWS_REGION "${AWS_REGION:-us-east-1}" \
        FILEAPI_S3_BUCKET "${FILEAPI_S3_BUCKET:-fileapi}" \
        FILEAPI_S3_CA "$3"
}

minio_settings() {
    local endpoint ca=""
    endpoint=http://127.0.0.1:$(free_port)
    if [ "$store" = s3tls ]; then
        # nginx compares a certificate with names, not with addresses.
        endpoint=https://localhost:${endpoint##*:}
        ca=$dir/tls/ca.crt
    fi
    s3_secret random_secret
    s3_settings "$endpoint" fileapi "$ca"
}

# s3_secret COMMAND: what it prints becomes the file of the secret key, which nobody else can read.
s3_secret() {
    mkdir -p "$dir/s3"
    (
        umask 077
        "$1" >"$dir/s3/secret"
    )
    own "$dir/s3"
}

random_secret() {
    openssl rand -hex 20
}

given_secret() {
    if [ -n "${AWS_SECRET_ACCESS_KEY_FILE:-}" ]; then
        cat "$AWS_SECRET_ACCESS_KEY_FILE"
    else
        [ -n "${AWS_SECRET_ACCESS_KEY:-}" ] || fail "AWS_ENDPOINT_URL_S3 is set, but no AWS_SECRET_ACCESS_KEY"
        printf '%s\n' "$AWS_SECRET_ACCESS_KEY"
    fi
}

# The stack's own MinIO, with a bucket and a user that may do what etc/s3-policy.json.in says.
start_minio() {
    local program
    [ "${FILEAPI_STACK_STORE:-dir}" = minio ] || return 0
    program=$(minio_program) || fail "no MinIO; --store dir needs none"
    prepare_minio
    # Options of fileapi's own are no business of MinIO; root's name and password stand in files.
    export MINIO_ROOT_USER_FILE=$dir/s3/root-user MINIO_ROOT_PASSWORD_FILE=$dir/s3/root-password
    export MINIO_BROWSER=off MINIO_UPDATE=off
    start_process minio "$program" server --quiet --address "127.0.0.1:${AWS_ENDPOINT_URL_S3##*:}" \
        --certs-dir "$dir/s3/certs" "$dir/s3/data"
    "${as_user[@]}" python3 "$dir/s3/minio-user" "$FILEAPI_S3_BUCKET" "$AWS_ACCESS_KEY_ID" \
        "$AWS_SECRET_ACCESS_KEY_FILE" "$dir/s3/policy.json" 2>"$dir/logs/minio-user.log" ||
        fail "MinIO is not ready: $(tail -n 1 "$dir/logs/minio-user.log"); its log is $dir/logs/minio.log"
}

prepare_minio() {
    mkdir -p "$dir"/s3/{data,certs}
    if [ ! -f "$dir/s3/root-password" ]; then
        (
            umask 077
            echo root-of-stack >"$dir/s3/root-user"
            random_secret >"$dir/s3/root-password"
        )
    fi
    case $AWS_ENDPOINT_URL_S3 in
    https:*)
        cp "$dir/tls/localhost.crt" "$dir/s3/certs/public.crt"
        cp "$dir/tls/localhost.key" "$dir/s3/certs/private.key"
        ;;
    esac
    "$here/scripts/render" "$here/etc/s3-policy.json.in" BUCKET="$FILEAPI_S3_BUCKET" >"$dir/s3/policy.json"
    # The stack's user may not reach this folder.
    cp "$here/scripts/lib/minio-user" "$dir/s3/"
    own "$dir/s3"
}

# Prints the program's path; one that the stack's user cannot reach is copied, when it is not yet.
minio_program() {
    local found
    found=$("$here/scripts/minio") || return
    if ! reachable "$found"; then
        mkdir -p "$dir/bin"
        cmp -s "$found" "$dir/bin/minio" || cp --remove-destination "$found" "$dir/bin/minio"
        chmod a+rx "$dir/bin" "$dir/bin/minio"
        found=$dir/bin/minio
    fi
    echo "$found"
}
