"""What the peers share: requests as JSON lines on stdin, one JSON line each as answer, and the rows that bench/support/peer-rows.ts wrote."""

import json
import os
import sys

import numpy as np


def serve(title, measure):
    """Answers until stdin ends. Libraries that print do it to stderr: stdout is the answers' alone."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    print(json.dumps({"title": title}), file=answers)
    for line in sys.stdin:
        try:
            answer = measure(json.loads(line))
        except Exception as error:  # the benchmark goes on without this column and names the reason
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers)


_features = {}


def load_rows(request):
    """Features float32 [rows, dimensions], those of the last file are kept; labels int64 [rows]."""
    path = request["features"]
    if path not in _features:
        _features.clear()
        _features[path] = np.fromfile(path, "<f4").reshape(request["rows"], request["dimensions"])
    return _features[path], np.fromfile(request["labels"], "<u4").astype("int64")


def load_kernel(request):
    """Initial kernel float32 [dimensions, classes], or None."""
    path = request.get("kernel")
    return None if path is None else np.fromfile(path, "<f4").reshape(request["dimensions"], request["classes"])
