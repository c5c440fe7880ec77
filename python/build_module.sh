#!/bin/sh
# Builds the worker module for the interpreter $1 (default: python3) in the profile $2 (default: dev) and puts it beside the package.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
PYO3_PYTHON=$("${1:-python3}" -c 'import sys; print(sys.executable)')
export PYO3_PYTHON PYO3_BUILD_EXTENSION_MODULE=1
profile=${2:-dev}
cd "$here/.."
cargo build --quiet --locked -p tlsgi-worker --profile "$profile"
target=${CARGO_TARGET_DIR:-target}
[ "$profile" = dev ] && folder=debug || folder=$profile
suffix=$("$PYO3_PYTHON" -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
# Moved into place: a running interpreter may have the old one mapped.
cp "$target/$folder/lib_worker.so" "$here/tlsgi/_worker$suffix.new"
mv "$here/tlsgi/_worker$suffix.new" "$here/tlsgi/_worker$suffix"
