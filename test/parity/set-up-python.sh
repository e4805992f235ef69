#!/bin/sh
# Prints the path of a Python with the versions that wrote the fixtures, in .cache/parity-venv; sets it up when it is not there.
set -eu
cd "$(dirname "$0")/../.."
venv=$PWD/.cache/parity-venv
if ! "$venv/bin/python" -c 'import tensorflow, h5py, safetensors' 2>/dev/null; then
  echo "setting up Python with TensorFlow in .cache/parity-venv (about 250 MB)" >&2
  "${PYTHON:-python3}" -m venv "$venv" >&2
  "$venv/bin/pip" install --quiet --requirement test/parity/requirements.txt >&2
fi
echo "$venv/bin/python"
