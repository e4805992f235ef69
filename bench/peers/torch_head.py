"""PyTorch's training of the head. usage: torch_head.py THREADS, then JSON lines (bench/support/peer-process.ts)."""

import os
import sys
import time

# Only our own process compiles: no pool of workers beside it.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

import torch
from torch import nn

from peer import load_kernel, load_rows, serve

torch.set_num_threads(int(sys.argv[1]))
_compiled = {}


def build(request):
    model = nn.Sequential(nn.Dropout(request["dropout"]), nn.Linear(request["dimensions"], request["classes"]))
    kernel = load_kernel(request)
    with torch.no_grad():
        nn.init.zeros_(model[1].bias)
        if kernel is None:
            nn.init.xavier_uniform_(model[1].weight)
        else:
            model[1].weight.copy_(torch.from_numpy(kernel).T)
    return model


def loss_function(request, model):
    """Compiled once for a shape: the compiled code takes its parameters as arguments, so that a later model can use it too."""

    def loss_of(weight, bias, x, y):
        dropped = nn.functional.dropout(x, request["dropout"], training=True)
        return nn.functional.cross_entropy(nn.functional.linear(dropped, weight, bias), y)

    linear = model[1]
    if not request.get("compile", False):
        return lambda x, y: nn.functional.cross_entropy(model(x), y)
    key = (request["batch"], request["dimensions"], request["classes"], request["dropout"])
    if key not in _compiled:
        _compiled[key] = torch.compile(loss_of, dynamic=False)
    compiled = _compiled[key]
    return lambda x, y: compiled(linear.weight, linear.bias, x, y)


def measure(request):
    """Seconds of each epoch after the first. A compiled step has one batch size: the last batch is left out if it has fewer rows."""
    features, labels = (torch.from_numpy(values) for values in load_rows(request))
    batch = request["batch"]
    rows = len(labels) // batch * batch if request.get("compile", False) else len(labels)
    model = build(request)
    loss_of = loss_function(request, model)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, fused=True)
    seconds, losses = [], []
    for _ in range(request["epochs"]):
        started = time.perf_counter()
        order = torch.randperm(len(labels)) if request.get("shuffle", True) else torch.arange(len(labels))
        total = torch.zeros(())
        for at in range(0, rows, batch):
            chosen = order[at : min(at + batch, rows)]
            loss = loss_of(features[chosen], labels[chosen])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            total += loss.detach() * len(chosen)
        losses.append(float(total) / rows)
        seconds.append(time.perf_counter() - started)
    return {"seconds": seconds[1:], "loss": losses, "rowsPerEpoch": rows}


serve(f"PyTorch {torch.__version__}", measure)
