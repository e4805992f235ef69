"""The seed's head, Flatten -> Dense(softmax), trained by Keras on small 7x7 feature maps.

    python test/parity/keras_flatten_head.py OUT.json

Dropout is left out: no two libraries draw the same mask. Feature maps are NHWC, as Keras has them, so Flatten's order is that of
pooling `flatten` here. Same versions, same bytes.
"""

import base64
import json
import os
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL="2", TF_ENABLE_ONEDNN_OPTS="0")
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

SEED = 20261126
ROWS, SIDE, CHANNELS, CLASSES, BATCH, EPOCHS = 48, 7, 6, 4, 16, 5


def make_data():
    rng = np.random.default_rng(SEED)
    labels = (np.arange(ROWS) * 5 + 1) % CLASSES
    centres = rng.standard_normal((CLASSES, SIDE, SIDE, CHANNELS)) * 0.3
    maps = np.maximum(0, centres[labels] + rng.standard_normal((ROWS, SIDE, SIDE, CHANNELS)))
    # Values that float16 holds exactly: the feature cache stores vectors in float16.
    maps = maps.astype("f2").astype("f4")
    inputs = SIDE * SIDE * CHANNELS
    limit = np.sqrt(6 / (inputs + CLASSES))
    return maps, labels, rng.uniform(-limit, limit, (inputs, CLASSES)).astype("f4")


def build(kernel):
    model = keras.Sequential(
        [keras.Input((SIDE, SIDE, CHANNELS)), keras.layers.Flatten(), keras.layers.Dense(CLASSES, activation="softmax")]
    )
    model.layers[-1].set_weights([kernel, np.zeros(CLASSES, "f4")])
    optimizer = keras.optimizers.Adam(1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-7)
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    return model


def text(values):
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode()


def main():
    tf.config.experimental.enable_op_determinism()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    keras.utils.set_random_seed(1)
    maps, labels, kernel = make_data()
    one_hot = np.eye(CLASSES, dtype="f4")[labels]
    model = build(kernel)
    history = model.fit(maps, one_hot, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0).history
    final_kernel, final_bias = model.layers[-1].get_weights()
    expected = {
        "about": "Keras Flatten -> Dense(softmax), categorical_crossentropy, Adam, no dropout, no shuffle; float32 arrays are base64 of little-endian bytes",
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__, "numpy": np.__version__, "python": sys.version.split()[0]},
        "seed": SEED,
        "featuresDims": [ROWS, SIDE, SIDE, CHANNELS],
        "features": text(maps),
        "labels": labels.tolist(),
        "classes": CLASSES,
        "batchSize": BATCH,
        "epochs": EPOCHS,
        "learningRate": 1e-3,
        "initialKernel": text(kernel),
        "epochLoss": history["loss"],
        "epochAccuracy": history["accuracy"],
        "finalKernel": text(final_kernel),
        "finalBias": final_bias.tolist(),
        "finalProbabilities": model.predict(maps[:4], verbose=0).astype("f8").tolist(),
    }
    with open(sys.argv[1], "w") as file:
        json.dump(expected, file, indent=1)
        file.write("\n")
    print(history)


main()
