#!/bin/sh
# Installs Keras and PyTorch into .cache/bench-peers, so that `npm run bench -- head flatten` shows their columns too. Needs Python 3.11
# or newer; PYTHON names another one. PyPI's PyTorch brings CUDA along (7 GB in all); with PIP_EXTRA_INDEX_URL set to PyTorch's index of
# CPU builds pip takes the CPU build, whose version sorts higher. torch.compile also needs a C++ compiler on the PATH.
set -eu
cd "$(dirname "$0")/../.."
venv=$PWD/.cache/bench-peers
[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet --requirement bench/peers/requirements.txt
TF_CPP_MIN_LOG_LEVEL=3 "$venv/bin/python" -c 'import keras, torch; print(f"keras {keras.__version__}, torch {torch.__version__} in .cache/bench-peers")'
