# shellcheck shell=bash
# What a stack needs before its processes start; every step leaves alone what is there already.

pg_bin=${PG_BIN:-/usr/lib/postgresql/15/bin}
as_user=()
bin=$build

# As root: an unprivileged user owns and runs the stack.
prepare_user() {
    local user=${FILEAPI_USER:-${SUDO_USER:-fileapi}}
    [ "$(id -u)" -eq 0 ] || return 0
    [ "$user" != root ] || user=fileapi
    if ! id "$user" >/dev/null 2>&1; then
        useradd --system --user-group --home-dir /nonexistent --shell /usr/sbin/nologin "$user"
    fi
    as_user=(setpriv --reuid "$user" --regid "$(id -gn "$user")" --init-groups --inh-caps=-all
        env HOME="$dir" USER="$user")
}

# True when the stack's user can reach a path.
reachable() {
    "${as_user[@]}" test -r "$1" 2>/dev/null
}

# A folder whose stack lives elsewhere says where.  Only root can have made that place's parent.
follow_folder() {
    local place
    [ -f "$dir/elsewhere" ] || return 0
    place=$(<"$dir/elsewhere")
    if [ -d "$place" ] && [ -O "${place%/*}" ] && [ ! -L "${place%/*}" ]; then
        dir=$place
    fi
}

# A folder that the user cannot reach, such as one below /root, is exchanged for one that he can.
choose_folder() {
    local asked=$dir
    mkdir -p "$dir"
    chmod 0755 "$dir"
    [ ${#as_user[@]} -gt 0 ] || return 0
    chown --from=root "${as_user[2]}:${as_user[4]}" "$dir"
    ! reachable "$dir" || return 0
    dir=$(mktemp -d /var/tmp/fileapi-stack.XXXXXXXX)
    chown "root:${as_user[4]}" "$dir"
    chmod 0750 "$dir"
    dir=$dir/stack
    mkdir "$dir"
    echo "$dir" >"$asked/elsewhere"
    echo "stack: user ${as_user[2]} cannot reach $asked, so the stack lives in $dir"
    prepare_user
}

# Programs below a folder that the user cannot enter are copied into the stack's folder.
prepare_folder() {
    mkdir -p "$dir"/{logs,run,tls,tmp,store,cache}
    chmod 0755 "$dir"
    [ ${#as_user[@]} -eq 0 ] || chown -R --from=root "${as_user[2]}:${as_user[4]}" "$dir"
    if ! reachable "$build/fileapi" || ! reachable "$here/sql/roles.sql"; then
        mkdir -p "$dir/bin"
        # Running programs cannot be written, but replaced.
        cp --remove-destination "$build"/fileapi "$build"/fileapi-* "$build"/fileapictl "$dir/bin/"
        cp -r "$here/sql" "$dir/"
        chmod -R a+rX "$dir/bin" "$dir/sql"
        bin=$dir/bin
    fi
    # Programs that run as the user want to know their working directory.
    cd "$dir"
}

# Below the ports that the kernel gives to whoever asks for any: none of these takes it meanwhile.
free_port() {
    local port=
    while [ -z "$port" ] || (: </dev/tcp/127.0.0.1/"$port") 2>/dev/null; do
        port=$((10000 + RANDOM % 22000))
    done
    echo "$port"
}

# The options in the caller's environment, but for those that say where things are: a stack has its own.
given_options() {
    local name
    for name in FILEAPI_FAILPOINTS $(sed -n 's/^FA_OPTION([a-z0-9_]*, "\(\(FILEAPI\|OIDC\)_[A-Z0-9_]*\)".*/\1/p' \
        "$here/lib/base/options.def"); do
        case ${name#FILEAPI_} in
        DATABASE | DATABASE_ADMIN | DATABASE_DIRECT | KEYS | LIBEXEC | SIGNING_KEY | SQL | WORKERS) ;;
        STORE | SOCKET | WS_SOCKET | S3_BUCKET | S3_CA) ;;
        *) [ -z "${!name+given}" ] || printf '%s=%q\n' "$name" "${!name}" ;;
        esac
    done
}

# The settings of all processes: NAME=VALUE lines for eval.
write_settings() {
    local sql=$here/sql
    if [ -f "$dir/env" ]; then
        load_settings
        return
    fi
    [ "$bin" = "$build" ] || sql=$dir/sql
    port=${port:-$(free_port)}
    {
        printf '%s=%q\n' \
            FILEAPI_URL "https://localhost:$port" \
            FILEAPI_WS_URL "wss://localhost:$port/ws" \
            FILEAPI_CACERT "$dir/tls/ca.crt" \
            FILEAPI_LOGS "$dir/logs" \
            FILEAPI_DIR "$dir" \
            FILEAPI_BIN "$bin" \
            PGHOST "$dir/run" PGPORT 5432 PGDATABASE fileapi PGUSER fileapi_app \
            FILEAPI_DATABASE_ADMIN "user=fileapi_owner" \
            FILEAPI_STORE "$dir/store" \
            FILEAPI_SOCKET "$dir/run/fileapi.sock" \
            FILEAPI_WS_SOCKET "$dir/run/ws.sock" \
            FILEAPI_KEYS "$dir/keys.json" \
            FILEAPI_SIGNING_KEY "$dir/signing-key.pem" \
            OIDC_ISSUER "https://localhost:$port/embedded" \
            OIDC_AUDIENCE fileapi \
            FILEAPI_LIBEXEC "$bin" \
            FILEAPI_SQL "$sql" \
            FILEAPI_WORKERS "$workers"
        given_options
        store_settings
        # An issuer of its own makes no keys; fileapi-keys fetches them.
        [ -z "${OIDC_ISSUER:-}" ] || printf '%s=%s\n' FILEAPI_SIGNING_KEY "" FILEAPI_KEYS_SOCKET "$dir/run/keys.sock"
    } >"$dir/env.new"
    mv "$dir/env.new" "$dir/env"
    load_settings
}

load_settings() {
    set -a
    # shellcheck disable=SC1091
    . "$dir/env"
    set +a
    bin=$FILEAPI_BIN
}

# A certificate authority of the stack's own and a certificate for localhost.
prepare_tls() {
    [ -f "$dir/tls/localhost.crt" ] && return
    (
        cd "$dir/tls"
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 825 \
            -subj "/CN=fileapi stack" -keyout ca.key -out ca.crt
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
            -subj "/CN=localhost" -keyout localhost.key -out localhost.csr
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' >extensions
        openssl x509 -req -in localhost.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 825 \
            -extfile extensions -out localhost.crt
        chmod 0600 ca.key localhost.key
    ) >"$dir/logs/tls.log" 2>&1 || fail "no certificate; see $dir/logs/tls.log"
    own "$dir/tls"
}

own() {
    [ ${#as_user[@]} -eq 0 ] || chown -R "${as_user[2]}:${as_user[4]}" "$@"
}

# A database cluster. Making one takes longer than all the rest of a start: FILEAPI_STACK_CLUSTER names a
# place for one with an empty database, which later stacks copy. It is small, and need not be on the disk
# when it says so: these stacks are thrown away and outlive no machine.
make_cluster() {
    local kept=${FILEAPI_STACK_CLUSTER:-}
    if [ -n "$kept" ] && [ -d "$kept" ]; then
        cp -a "$kept" "$dir/postgres"
        return
    fi
    "${as_user[@]}" "$pg_bin/initdb" --pgdata="$dir/postgres" --username=postgres --auth=trust \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync ${kept:+--wal-segsize=1} >"$dir/logs/initdb.log" 2>&1 ||
        fail "no database cluster; see $dir/logs/initdb.log"
    [ -n "$kept" ] || return 0
    echo "fsync = off" >>"$dir/postgres/postgresql.conf"
    run_postgres
    prepare_database
    stop_process postgres
    cp -a "$dir/postgres" "$kept.new" && mv "$kept.new" "$kept"
}

start_postgres() {
    [ -x "$pg_bin/postgres" ] || fail "PostgreSQL 15 is not installed (package postgresql-15)"
    [ -f "$dir/postgres/PG_VERSION" ] || make_cluster
    run_postgres
}

run_postgres() {
    # One that was told to stop still runs for a while, and never answers again: when it has ended,
    # another takes its place.
    local end=$((SECONDS + 60)) before=${#started[@]}
    while [ $SECONDS -lt $end ]; do
        if [ ${#started[@]} -gt "$before" ] && ! process_alive postgres >/dev/null; then
            fail "PostgreSQL did not start; see $dir/logs/postgres.log"
        fi
        start_process postgres "$pg_bin/postgres" -D "$dir/postgres" -k "$dir/run" \
            -c listen_addresses= -c unix_socket_permissions=0700 -c max_connections=200
        "$pg_bin/pg_isready" --quiet --host="$dir/run" && return
        sleep 0.05
    done
    fail "PostgreSQL does not answer; see $dir/logs/postgres.log"
}

superuser() {
    "${as_user[@]}" "$pg_bin/psql" --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --host="$dir/run" \
        --username=postgres "$@"
}

prepare_database() {
    if [ "$(superuser --dbname=postgres -Atc "SELECT count(*) FROM pg_database WHERE datname = 'fileapi'")" = 0 ]; then
        superuser --dbname=postgres --file="$FILEAPI_SQL/roles.sql"
        superuser --dbname=postgres --command="CREATE DATABASE fileapi OWNER fileapi_owner"
        superuser --dbname=fileapi --command="ALTER SCHEMA public OWNER TO fileapi_owner"
    fi
    "${as_user[@]}" "$bin/fileapictl" migrate >"$dir/logs/migrate.log" 2>&1 ||
        fail "the migration failed: $(tail -n 2 "$dir/logs/migrate.log")"
}

prepare_keys() {
    [ -n "$FILEAPI_SIGNING_KEY" ] || return 0
    "${as_user[@]}" "$bin/fileapictl" keys >/dev/null || fail "no signing key"
}

# FILEAPI_MAX_UPLOAD and 1 MiB for the form around the file, in bytes.
body_limit() {
    local value=${FILEAPI_MAX_UPLOAD:-2G} unit
    unit=${value//[0-9]/}
    value=${value%"$unit"}
    case $unit in
    k) value=$((value << 10)) ;;
    M) value=$((value << 20)) ;;
    G) value=$((value << 30)) ;;
    T) value=$((value << 40)) ;;
    esac
    echo $((value + (1 << 20)))
}

# The API's description and its page, where nginx's user can read them.
copy_web() {
    mkdir -p "$dir/web/docs"
    cp "$here/openapi.yaml" "$dir/web/"
    cp "$build/docs/index.html" "$dir/web/docs/"
    chmod -R a+rX "$dir/web"
}

write_nginx() {
    local folder
    for folder in client fastcgi proxy uwsgi scgi; do
        mkdir -p "$dir/tmp/$folder"
    done
    {
        cat <<EOF
load_module /usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so;
worker_processes 2;
worker_rlimit_nofile 8192;
pid $dir/run/nginx.real.pid;
error_log $dir/logs/nginx-error.log crit;
events { worker_connections 4096; }
http {
  client_body_temp_path $dir/tmp/client;
  fastcgi_temp_path $dir/tmp/fastcgi;
  proxy_temp_path $dir/tmp/proxy;
  uwsgi_temp_path $dir/tmp/uwsgi;
  scgi_temp_path $dir/tmp/scgi;
  default_type application/octet-stream;
EOF
        "$here/scripts/render" "$here/nginx/fileapi.conf.in" LISTEN="127.0.0.1:${FILEAPI_URL##*:}" \
            SERVER_NAME=localhost SOCKET="$FILEAPI_SOCKET" WS_SOCKET="$FILEAPI_WS_SOCKET" \
            CERTIFICATE="$dir/tls/localhost.crt" CERTIFICATE_KEY="$dir/tls/localhost.key" \
            LOGS="$dir/logs" STORE="$FILEAPI_STORE" WEB="$dir/web" \
            S3_ENDPOINT="${AWS_ENDPOINT_URL_S3:-}" S3_CA="${FILEAPI_S3_CA:-}" S3_CACHE="$dir/cache" S3_CACHE_SIZE=256m \
            MAX_BODY="$(body_limit)" RATE=2000 BURST=4000 \
            CORS_ORIGINS="${FILEAPI_CORS_ORIGINS:-}"
        echo "}"
    } >"$dir/nginx.conf"
    own "$dir/tmp" "$dir/cache" "$dir/nginx.conf" "$dir/env" "$dir/logs" "$dir/run"
}
