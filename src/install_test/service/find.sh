# Prints the file of a program: $1 is its name, $2 the folders to look in, separated by colons.
IFS=:
for folder in $2; do
    if [ -f "$folder/$1" ] && [ -x "$folder/$1" ]; then
        printf '%s\n' "$folder/$1"
        exit 0
    fi
done
exit 1
