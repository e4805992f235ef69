#!/bin/sh
# Writes the committed ResNet50 fixtures again; `git diff --exit-code test/parity` must then be silent.
set -eu
here=$(dirname "$0")
python=$("$here/set-up-python.sh")
"$python" "$here/keras_resnet50.py" "$here/resnet50"
"$python" "$here/torchvision_resnet50.py" "$here/resnet50"
"$python" "$here/keras_flatten_head.py" "$here/keras-flatten-head.json"
