#!/bin/sh
# `tallybook` beside the python of the environment it is copied into.
exec "$(dirname "$0")/python" -P -m tallybook.cli "$@"
