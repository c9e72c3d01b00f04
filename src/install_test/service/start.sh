# Becomes a process of a service: says its number, then gives way to the command.
# $1 the umask; $2 the working folder; $3 whether that folder is required or optional; then NAME=value ... command ...
umask "$1"
if ! cd "$2" 2>/dev/null && [ "$3" = required ]; then
    echo "its WorkingDirectory= $2 cannot be entered" >&2
    exit 200
fi
shift 3
echo "factory-test process $$"
exec env -i -- "$@"
