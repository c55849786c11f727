#!/bin/sh
# `tallybook` beside the python of the environment it is copied into. A symbolic link to it works too.
file=$0
while [ -L "$file" ]; do
    target=$(readlink "$file")
    case $target in
        /*) file=$target ;;
        *) file=$(dirname "$file")/$target ;;
    esac
done
exec "$(dirname "$file")/python" -P -m tallybook.cli "$@"
