# Sends a signal to the processes of the service, and prints their numbers.
# $1 the signal, or `none`; $2 the only process that gets it, or `all`.
#
# Nothing but the service runs in the container: its processes are those of all sessions but the first one and this one.

# The session of a process, in $session; fails for one that has ended.
look_at() {
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
    set -- ${line##*) }
    session=$4
    [ "$1" != Z ] && [ "$1" != X ]
}

look_at $$
own=$session
look_at 1
first=$session
for process in /proc/[0-9]*; do
    process=${process#/proc/}
    if look_at "$process" && [ "$session" != "$own" ] && [ "$session" != "$first" ]; then
        echo "$process"
        if [ "$1" != none ] && { [ "$2" = all ] || [ "$2" = "$process" ]; }; then
            kill -s "$1" "$process" 2>/dev/null
        fi
    fi
done
exit 0
