"""Keras' own training of the head. usage: keras_head.py THREADS, then JSON lines (bench/support/peer-process.ts)."""

import os
import sys
import time

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow", CUDA_VISIBLE_DEVICES="-1")

import keras
import tensorflow as tf
from keras import layers

from peer import load_kernel, load_rows, serve

THREADS = int(sys.argv[1])
tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(THREADS)


def build(request):
    keras.backend.clear_session()
    model = keras.Sequential(
        [
            keras.Input((request["dimensions"],)),
            layers.Dropout(request["dropout"]),
            layers.Dense(request["classes"], activation="softmax"),
        ]
    )
    kernel = load_kernel(request)
    if kernel is not None:
        model.layers[-1].kernel.assign(kernel)
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    return model


class EpochEnds(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.times = []

    def on_epoch_end(self, epoch, logs=None):
        self.times.append(time.perf_counter())


def fit(request):
    """Seconds of each epoch after the first, which traces the graph."""
    features, labels = load_rows(request)
    ends = EpochEnds()
    history = build(request).fit(
        features,
        labels,
        batch_size=request["batch"],
        epochs=request["epochs"],
        shuffle=request.get("shuffle", True),
        verbose=0,
        callbacks=[ends],
    )
    seconds = [after - before for before, after in zip(ends.times, ends.times[1:])]
    return {"seconds": seconds, "loss": history.history["loss"], "rowsPerEpoch": len(labels)}


def steps(request):
    """Seconds of each `train_on_batch` after three; the rows in their order, again and again."""
    features, labels = load_rows(request)
    batch = request["batch"]
    batches = [(features[i : i + batch], labels[i : i + batch]) for i in range(0, len(labels), batch)]
    model = build(request)
    seconds, losses = [], []
    for step in range(request["steps"] + 3):
        x, y = batches[step % len(batches)]
        model.reset_metrics()
        started = time.perf_counter()
        losses.append(float(model.train_on_batch(x, y)))
        seconds.append(time.perf_counter() - started)
    return {"seconds": seconds[3:], "loss": losses, "rowsPerEpoch": batch}


def measure(request):
    return steps(request) if "steps" in request else fit(request)


serve(f"Keras {keras.__version__} (TensorFlow {tf.__version__})", measure)
