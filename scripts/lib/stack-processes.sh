# shellcheck shell=bash
# Processes of a stack: each has its log and a file with its pid and start time, so that a later
# process of the same number is never taken for it.

started=() # by this command

# Prints a process's start time (field 22 of proc(5)'s stat); nothing for one that has ended, also
# when nobody has waited for it yet.
start_time() {
    local line fields
    { line=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
    # The name, in parentheses, may hold blanks.
    read -ra fields <<<"${line##*) }"
    [ "${fields[0]}" = Z ] || echo "${fields[19]}"
}

# Prints the pid of a process of this stack that runs, else fails.
process_alive() {
    local pid started
    [ -f "$dir/run/$1.pid" ] || return 1
    read -r pid started <"$dir/run/$1.pid" || return 1
    [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ] || return 1
    echo "$pid"
}

# start_process NAME PROGRAM ARGS...: in a session of its own, as the stack's user.
start_process() {
    local name=$1 pid
    shift
    process_alive "$name" >/dev/null && return
    (
        load_settings
        cd "$dir"
        exec setsid "${as_user[@]}" "$@" >>"$dir/logs/$name.log" 2>&1 </dev/null
    ) &
    pid=$!
    disown "$pid"
    started+=("$name")
    echo "$pid $(start_time "$pid")" >"$dir/run/$name.pid"
}

# stop_process NAME: asks, waits, and insists after a while.
stop_process() {
    local name=$1 signal=TERM pid i
    pid=$(process_alive "$name") || return 0
    # PostgreSQL's TERM waits for its clients to leave.
    [ "$name" != postgres ] || signal=INT
    kill -s "$signal" "$pid" 2>/dev/null || return 0
    for ((i = 0; i < 1500; i++)); do
        process_alive "$name" >/dev/null || break
        sleep 0.02
    done
    if process_alive "$name" >/dev/null; then
        echo "stack: $name ($pid) did not stop, killing it" >&2
        kill -s KILL "$pid"
    fi
    rm -f "$dir/run/$name.pid"
}

# The processes that a running stack has, beside PostgreSQL, which is waited for on its own: by its
# settings, because an issuer or a store from elsewhere is not started here.
expected_processes() {
    [ -f "$dir/env" ] || return 0
    (
        load_settings
        [ "${FILEAPI_STACK_STORE:-dir}" != minio ] || echo minio
        [ -n "$FILEAPI_SIGNING_KEY" ] || echo fileapi-keys
        printf '%s\n' fileapi-jobs fileapi-ws fileapi nginx
    )
}

# A start that has failed leaves nothing running that it has started.
undo_start() {
    local status=$? i
    [ "$status" -ne 0 ] || return 0
    for ((i = ${#started[@]} - 1; i >= 0; i--)); do
        stop_process "${started[i]}"
    done
}

# wait_ready: until the service answers through nginx, or a process has died.
wait_ready() {
    local i name
    for ((i = 0; i < 1000; i++)); do
        if curl --silent --fail --noproxy '*' --cacert "$dir/tls/ca.crt" --output /dev/null \
            --max-time 5 "$FILEAPI_URL/readyz" && [ -S "$FILEAPI_WS_SOCKET" ]; then
            return
        fi
        for name in $(expected_processes); do
            process_alive "$name" >/dev/null && continue
            tail -n 20 "$dir/logs/$name.log" >&2
            fail "$name did not start; its log is $dir/logs/$name.log"
        done
        sleep 0.03
    done
    fail "no answer from $FILEAPI_URL/readyz within 30 s; the logs are in $dir/logs"
}
