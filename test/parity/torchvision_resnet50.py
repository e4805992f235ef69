"""ResNet50 v1.5 (torchvision's and timm's: stride in the 3x3, no convolution bias, epsilon 1e-5) as safetensors, and its features.

    python test/parity/torchvision_resnet50.py OUT [--divisor 32] [--size HEIGHT WIDTH]

Tensor names and shapes are those of torchvision's `resnet50().state_dict()`, classifier included. The reference is written out below in
TensorFlow's convolution in float64: PyTorch's CPU wheels are not on PyPI, and its CUDA ones take gigabytes.
"""

import argparse
import base64
import gzip
import hashlib
import json
import os
import pathlib
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL="2", TF_ENABLE_ONEDNN_OPTS="0")
import numpy as np  # noqa: E402
import safetensors  # noqa: E402
import tensorflow as tf  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402

SEED = 2
PICTURE_SEED = 12
# Ten times the tolerance of the test, as a share of the largest feature.
LEAST_EFFECT = 1e-3
BLOCKS = (3, 4, 6, 3)
EPSILON = 1e-5
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def short(values):
    """float32 with the mantissa of bfloat16: the committed file compresses to half."""
    bits = np.ascontiguousarray(values, dtype="<f4").view("<u4") & np.uint32(0xFFFF0000)
    return bits.view("<f4")


def make_tensors(base):
    rng, tensors = np.random.default_rng(SEED), {}

    def conv(name, inputs, outputs, size):
        tensors[f"{name}.weight"] = short(rng.standard_normal((outputs, inputs, size, size)) * np.sqrt(2 / (inputs * size * size)))

    def norm(name, n, damping=1.0):
        tensors[f"{name}.weight"] = short(rng.uniform(0.5, 1.5, n) * damping)
        tensors[f"{name}.bias"] = short(rng.standard_normal(n) * 0.3 + 0.3)
        tensors[f"{name}.running_mean"] = short(rng.standard_normal(n) * 0.4)
        tensors[f"{name}.running_var"] = short(rng.uniform(0.3, 2, n))
        tensors[f"{name}.num_batches_tracked"] = np.array(1000, dtype=np.int64)

    conv("conv1", 3, base, 7)
    norm("bn1", base)
    inputs = base
    for stage, count in enumerate(BLOCKS):
        middle = base << stage
        for block in range(count):
            at = f"layer{stage + 1}.{block}"
            for i, (a, b, size) in enumerate([(inputs, middle, 1), (middle, middle, 3), (middle, 4 * middle, 1)], 1):
                conv(f"{at}.conv{i}", a, b, size)
                norm(f"{at}.bn{i}", b, 0.5 if i == 3 else 1.0)
            if block == 0:
                conv(f"{at}.downsample.0", inputs, 4 * middle, 1)
                norm(f"{at}.downsample.1", 4 * middle)
            inputs = 4 * middle
    tensors["fc.weight"], tensors["fc.bias"] = short(rng.standard_normal((10, inputs))), short(rng.standard_normal(10))
    return tensors


def forward(tensors, picture):
    def conv(x, name, stride=1):
        kernel = tensors[f"{name}.weight"].astype("f8").transpose(2, 3, 1, 0)
        pad = kernel.shape[0] // 2
        return tf.nn.conv2d(x, kernel, stride, [[0, 0], [pad, pad], [pad, pad], [0, 0]])

    def norm(x, name):
        gamma, beta, mean, var = (tensors[f"{name}.{part}"].astype("f8") for part in ("weight", "bias", "running_mean", "running_var"))
        return (x - mean) / np.sqrt(var + EPSILON) * gamma + beta

    x = tf.nn.relu(norm(conv(picture, "conv1", 2), "bn1"))
    x = tf.nn.max_pool2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), 3, 2, "VALID")
    for stage, count in enumerate(BLOCKS):
        for block in range(count):
            at, stride = f"layer{stage + 1}.{block}", 2 if stage > 0 and block == 0 else 1
            y = tf.nn.relu(norm(conv(x, f"{at}.conv1"), f"{at}.bn1"))
            y = tf.nn.relu(norm(conv(y, f"{at}.conv2", stride), f"{at}.bn2"))
            y = norm(conv(y, f"{at}.conv3"), f"{at}.bn3")
            shortcut = norm(conv(x, f"{at}.downsample.0", stride), f"{at}.downsample.1") if block == 0 else x
            x = tf.nn.relu(y + shortcut)
    return x.numpy()


def assert_every_tensor_counts(tensors, picture, features):
    scale, least = np.abs(features).max(), 1.0
    for name, tensor in tensors.items():
        if name.startswith("fc.") or name.endswith("num_batches_tracked"):
            continue
        moved = np.abs(forward({**tensors, name: np.zeros_like(tensor)}, picture) - features).max() / scale
        least = min(least, moved)
        assert moved > LEAST_EFFECT, f"{name} moves the features by only {moved}"
    return float(least)


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--divisor", type=int, default=32)
    parser.add_argument("--size", type=int, nargs=2, default=(75, 107), metavar=("HEIGHT", "WIDTH"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    tensors = make_tensors(64 // args.divisor)
    image = np.random.default_rng(PICTURE_SEED).integers(0, 256, (1, *args.size, 3), dtype=np.uint8)
    picture = (image / 255.0 - MEAN) / STD
    features = forward(tensors, picture)
    least = assert_every_tensor_counts(tensors, picture, features) if args.divisor > 1 else None
    name = "resnet50-v1.5.safetensors"
    save_file(tensors, args.out / name, metadata={"format": "pt"})
    digest = hashlib.sha256((args.out / name).read_bytes()).hexdigest()
    if args.divisor > 1:
        (args.out / f"{name}.gz").write_bytes(gzip.compress((args.out / name).read_bytes(), 9, mtime=0))
        (args.out / name).unlink()
    expected = {
        "about": "torchvision's ResNet50 without classifier; image is uint8 RGB NHWC, features float32 NHWC, both base64 of little-endian bytes",
        "versions": {"tensorflow": tf.__version__, "numpy": np.__version__, "safetensors": safetensors.__version__, "python": sys.version.split()[0]},
        "seed": SEED,
        "baseWidth": 64 // args.divisor,
        "imageDims": list(image.shape),
        "image": text(image),
        "featuresDims": list(features.shape),
        "features": text(features.astype("<f4")),
        "featuresStats": {"max": float(features.max()), "mean": float(features.mean()), "zeros": float((features == 0).mean())},
        "leastEffectOfATensor": least,
        "sha256": {name: digest},
    }
    (args.out / "resnet50-v1.5.json").write_text(json.dumps(expected, indent=1) + "\n")
    print({k: v for k, v in expected.items() if k not in ("image", "features")})


main()
