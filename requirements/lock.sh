#!/bin/sh
# Writes requirements/*.txt: every package with its hashes, the same versions in all files.
# dev.txt holds everything but what fine-tuning needs (PyTorch's file differs from place to place); each other file what one kind of machine needs.
set -eu
cd "$(dirname "$0")/.."
uv=.venv/bin/uv
[ -x "$uv" ] || uv=uv
compile() {
    out=$1
    shift
    "$uv" pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --custom-compile-command "make lock" --output-file "requirements/$out.txt" "$@"
}
compile dev --extra training --extra notebooks --extra postgres --extra redis --extra cluster --extra dev --upgrade
for extra in training notebooks postgres redis cluster; do
    compile "$extra" --extra "$extra" --constraint requirements/dev.txt
done
compile serving --constraint requirements/dev.txt
# Where several machines serve: PostgreSQL and Redis together.
compile container --extra postgres --extra redis --constraint requirements/dev.txt
