"""ResNet50 (v1) as Keras builds it, with seeded weights, in the three HDF5 layouts that users have, and its features.

    python test/parity/keras_resnet50.py OUT                         the committed fixture: 1/32 of the width, a 75x107 picture
    python test/parity/keras_resnet50.py OUT --divisor 1 --size 224 224   the real width (95 MB a file)

The network is `keras.applications.ResNet50` itself: for a smaller width its own configuration is taken, every filter count divided,
and the model built again from it. So names, order, strides, padding and epsilons are Keras', not ours. Same versions, same bytes.
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
import h5py  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras.src.legacy.saving import legacy_h5_format  # noqa: E402

SEED = 7
PICTURE_SEED = 11
# Ten times the tolerance of the test, as a share of the largest feature.
LEAST_EFFECT = 1e-3


def build(divisor, height, width):
    full = keras.applications.ResNet50(weights=None, include_top=False, input_shape=(height, width, 3))
    config = full.get_config()
    for layer in config["layers"]:
        if layer["class_name"] == "Conv2D":
            layer["config"]["filters"] //= divisor
        if "build_config" in layer:
            del layer["build_config"]
    return keras.Model.from_config(config)


def short(values):
    """float32 with the mantissa of bfloat16: the committed files compress to half."""
    bits = np.ascontiguousarray(values, dtype="<f4").view("<u4") & np.uint32(0xFFFF0000)
    return bits.view("<f4")


def fill(model):
    """Every tensor differs from its initial value, so a reader that drops or swaps one is seen in the features."""
    rng = np.random.default_rng(SEED)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            kernel, bias = layer.get_weights()
            scale = np.sqrt(2 / np.prod(kernel.shape[:3]))
            # conv1 sees values of about 70, everything behind it of about 1.
            bias_scale = 0.3 * (70 if layer.name == "conv1_conv" else 1)
            layer.set_weights([short(rng.standard_normal(kernel.shape) * scale), short(rng.standard_normal(bias.shape) * bias_scale)])
        elif isinstance(layer, keras.layers.BatchNormalization):
            n = layer.gamma.shape[0]
            # The residual branch is damped, as in trained networks, so that 16 blocks do not make the values grow.
            gamma = rng.uniform(0.5, 1.5, n) * (0.5 if layer.name.endswith("_3_bn") else 1)
            unit = 70 if layer.name == "conv1_bn" else 1
            beta, mean = rng.standard_normal(n) * 0.3 + 0.3, rng.standard_normal(n) * 0.4 * unit
            variance = rng.uniform(0.3, 2, n) * unit**2
            layer.set_weights([short(v) for v in (gamma, beta, mean, variance)])


def assert_every_tensor_counts(model, picture, features):
    """Setting any one tensor of any layer to zero must move the features, or the fixture could not show its loss."""
    scale, least = np.abs(features).max(), 1.0
    for layer in model.layers:
        before = layer.get_weights()
        for i, tensor in enumerate(before):
            layer.set_weights([*before[:i], np.zeros_like(tensor), *before[i + 1 :]])
            moved = np.abs(model(picture, training=False).numpy() - features).max() / scale
            least = min(least, moved)
            assert moved > LEAST_EFFECT, f"{layer.name} tensor {i} moves the features by only {moved}"
        if before:
            layer.set_weights(before)
    return float(least)


def write_keras2(source, target, model):
    """What Keras 2 wrote: names end in `:0`, string attributes are fixed-length bytes, `layer_names` is split as for a long list."""
    with h5py.File(source) as old, h5py.File(target, "w") as new:
        names = np.array([layer.name.encode() for layer in model.layers])
        middle = len(names) // 2
        new.attrs["layer_names0"], new.attrs["layer_names1"] = names[:middle], names[middle:]
        new.attrs["backend"], new.attrs["keras_version"] = b"tensorflow", b"2.2.4"
        for layer in model.layers:
            group = new.create_group(layer.name)
            weights = [str(name) for name in old[layer.name].attrs["weight_names"]]
            group.attrs["weight_names"] = np.array([f"{name}:0".encode() for name in weights]) if weights else np.zeros(0)
            for name in weights:
                group.create_dataset(f"{name}:0", data=old[layer.name][name][()], track_times=False)


def write_layouts(model, out):
    model.save_weights(out / "resnet50.weights.h5")
    with h5py.File(out / "resnet50_notop.h5", "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    write_keras2(out / "resnet50_notop.h5", out / "resnet50_keras2_notop.h5", model)
    return ["resnet50.weights.h5", "resnet50_notop.h5", "resnet50_keras2_notop.h5"]


def assert_keras_reads(path, model, picture, features, args):
    other = build(args.divisor, *args.size)
    other.load_weights(path)
    assert np.array_equal(other.predict(picture, verbose=0), features), path


def text(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--divisor", type=int, default=32)
    parser.add_argument("--size", type=int, nargs=2, default=(75, 107), metavar=("HEIGHT", "WIDTH"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    tf.config.experimental.enable_op_determinism()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    keras.utils.set_random_seed(SEED)

    model = build(args.divisor, *args.size)
    fill(model)
    image = np.random.default_rng(PICTURE_SEED).integers(0, 256, (1, *args.size, 3), dtype=np.uint8)
    picture = keras.applications.resnet50.preprocess_input(image.astype("f4").copy())
    features = model.predict(picture, verbose=0)
    least = assert_every_tensor_counts(model, picture, features) if args.divisor > 1 else None
    files = write_layouts(model, args.out)
    for name in files:
        assert_keras_reads(args.out / name, model, picture, features, args)
    sha256 = {name: hashlib.sha256((args.out / name).read_bytes()).hexdigest() for name in files}
    if args.divisor > 1:
        for name in files:
            raw = args.out / name
            (args.out / f"{name}.gz").write_bytes(gzip.compress(raw.read_bytes(), 9, mtime=0))
            raw.unlink()
    expected = {
        "about": "Keras ResNet50 without top; image is uint8 RGB NHWC, features float32 NHWC, both base64 of little-endian bytes",
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__, "numpy": np.__version__, "h5py": h5py.__version__, "python": sys.version.split()[0]},
        "seed": SEED,
        "baseWidth": 64 // args.divisor,
        "imageDims": list(image.shape),
        "image": text(image),
        "featuresDims": list(features.shape),
        "features": text(features.astype("<f4")),
        "featuresStats": {"max": float(features.max()), "mean": float(features.mean(dtype="f8")), "zeros": float((features == 0).mean())},
        "leastEffectOfATensor": least,
        "sha256": sha256,
    }
    (args.out / "resnet50-v1.json").write_text(json.dumps(expected, indent=1) + "\n")
    print({k: v for k, v in expected.items() if k not in ("image", "features")})


main()
