# Looks up accounts, then gives files their owners: one process for many files, whose names are in lists.
#   user NAME        that there is such a user
#   group NAME       that there is such a group
#   own OWNER LIST   chown of every path of a list, a line each; links themselves
set -eu

has() {
    # The last line may lack its end.
    while IFS=: read -r name rest || [ -n "$name" ]; do
        if [ "$name" = "$2" ]; then return 0; fi
    done < "/etc/$1"
    # Where accounts come from elsewhere, too.
    command -v getent > /dev/null && getent "$1" "$2" > /dev/null
}

# The system takes set-uid and set-gid from a file that gets an owner: they are given again.
own_special() {
    bits=
    if [ -u "$2" ]; then bits=u+s; fi
    if [ -g "$2" ]; then bits=$bits,g+s; fi
    chown -h -- "$1" "$2"
    chmod "${bits#,}" "$2"
}

own() {
    owner=$1 list=$2
    set --
    while IFS= read -r path; do
        if [ ! -h "$path" ] && [ -f "$path" ] && { [ -u "$path" ] || [ -g "$path" ]; }; then
            own_special "$owner" "$path"
            continue
        fi
        set -- "$@" "$path"
        if [ $# -ge 500 ]; then
            chown -h -- "$owner" "$@"
            set --
        fi
    done < "$list"
    if [ $# -gt 0 ]; then chown -h -- "$owner" "$@"; fi
}

missing=
while [ $# -gt 0 ]; do
    case $1 in
        user) has passwd "$2" || { missing=1; echo "factory: no user $2"; }; shift 2 ;;
        group) has group "$2" || { missing=1; echo "factory: no group $2"; }; shift 2 ;;
        *) if [ -n "$missing" ]; then exit 1; fi; own "$2" "$3"; shift 3 ;;
    esac
done
if [ -n "$missing" ]; then exit 1; fi
