"""Metrics of scikit-learn, statsmodels and SciPy for test/shared/evaluation.

    python -m venv .cache/metrics-venv
    .cache/metrics-venv/bin/pip install numpy==2.4.6 scikit-learn==1.9.1 scipy==1.17.1 statsmodels==0.15.0
    .cache/metrics-venv/bin/python test/parity/metrics-fixture.py test/parity/metrics.json

Logits are multiples of 1/4096, so that float32 and decimal text hold them exactly. Same versions, same bytes.
"""

import json
import sys

import numpy as np
import scipy
import sklearn
import statsmodels
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import binomtest
from sklearn import metrics
from sklearn.calibration import calibration_curve
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

SEED = 20261128
BINS = 15
# (name, rows, classes, spread of the logits, how much too sure, class without rows, class that is never answered)
CASES = [
    ("four labels, too sure", 90, 4, 2.0, 2.0, None, None),
    ("three labels, not sure enough", 70, 3, 2.5, 0.6, None, None),
    ("seven labels, one without pictures, one never answered", 80, 7, 2.5, 1.5, 3, 5),
    ("two labels", 60, 2, 1.5, 1.0, None, None),
]
INTERVALS = [(0, 1), (1, 1), (0, 10), (10, 10), (10, 12), (123, 160), (1, 1000), (999, 1000), (45000, 50000)]
TABLES = [(50, 5, 1, 4), (50, 6, 0, 4), (50, 1, 8, 4), (80, 3, 3, 14), (900, 40, 20, 40), (5, 1, 0, 0), (0, 700, 640, 0), (9, 0, 3, 0)]


def draw(rng, rows, classes, spread, too_sure, without, never):
    scores = rng.standard_normal((rows, classes)) * spread
    if without is not None:
        scores[:, without] -= 100
    truth = np.array([rng.choice(classes, p=softmax(row)) for row in scores])
    if without is not None:
        scores[:, without] = rng.standard_normal(rows)
    logits = np.round(scores * too_sure * 4096) / 4096
    if never is not None:
        logits[:, never] = logits.min() - 1 - np.arange(rows) / 4096
    assert all(len(set(row)) == classes for row in logits), "a tie: take another seed"
    return truth, logits


def expected_error(truth, probabilities):
    confidence = probabilities.max(1)
    right = (probabilities.argmax(1) == truth).astype(int)
    accuracy, mean_confidence = calibration_curve(right, confidence, n_bins=BINS, strategy="uniform")
    inner = np.linspace(0, 1, BINS + 1)[1:-1]
    counts = np.bincount(np.searchsorted(inner, confidence), minlength=BINS)
    return float(np.sum(counts[counts > 0] / len(truth) * np.abs(accuracy - mean_confidence)))


def calibration(truth, logits, temperature):
    probabilities = softmax(logits / temperature, axis=1)
    labels = list(range(logits.shape[1]))
    return {
        "logLoss": float(metrics.log_loss(truth, probabilities, labels=labels)),
        "brier": float(metrics.brier_score_loss(truth, probabilities, labels=labels, scale_by_half=False)),
        "expectedError": expected_error(truth, probabilities),
    }


def fit_temperature(truth, logits):
    def loss(log_t):
        return -np.mean(log_softmax(logits / np.exp(log_t), axis=1)[np.arange(len(truth)), truth])

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded", options={"xatol": 1e-10})
    return float(np.exp(found.x))


def averages(truth, answers, present, average):
    values = metrics.precision_recall_fscore_support(truth, answers, labels=present, average=average, zero_division=0)
    return dict(zip(["precision", "recall", "f1"], map(float, values[:3])))


def case(rng, name, rows, classes, *rest):
    truth, logits = draw(rng, rows, classes, *rest)
    answers = logits.argmax(1)
    labels = list(range(classes))
    present = sorted(set(truth.tolist()))
    precision, recall, f1, support = metrics.precision_recall_fscore_support(truth, answers, labels=labels, zero_division=np.nan)
    temperature = fit_temperature(truth, logits)
    blank = lambda values: [None if np.isnan(value) else float(value) for value in values]
    return {
        "name": name,
        "classes": classes,
        "truth": truth.tolist(),
        "logits": logits.ravel().tolist(),
        "accuracy": float(metrics.accuracy_score(truth, answers)),
        "topK": [
            {"k": k, "accuracy": float(np.mean([t in row.argsort()[::-1][:k] for t, row in zip(truth, logits)]) if classes == 2 else metrics.top_k_accuracy_score(truth, logits, k=k, labels=labels))}
            for k in (1, 3, 5)
            if k < classes
        ],
        "confusion": metrics.confusion_matrix(truth, answers, labels=labels).tolist(),
        "precision": blank(precision),
        "recall": blank(recall),
        "f1": blank(f1),
        "support": support.tolist(),
        "macro": averages(truth, answers, present, "macro"),
        "weighted": averages(truth, answers, present, "weighted"),
        "temperature": temperature,
        "before": calibration(truth, logits, 1.0),
        "after": calibration(truth, logits, temperature),
    }


def main():
    rng = np.random.default_rng(SEED)
    intervals = []
    for successes, trials in INTERVALS:
        low, high = proportion_confint(successes, trials, method="wilson")
        intervals.append({"successes": successes, "trials": trials, "low": float(low), "high": float(high)})
    paired = []
    for both, lost, won, neither in TABLES:
        p_value = float(mcnemar([[both, lost], [won, neither]], exact=True).pvalue)
        worse = float(binomtest(lost, lost + won, 0.5, alternative="greater").pvalue)
        paired.append({"bothRight": both, "onlyLiveRight": lost, "onlyCandidateRight": won, "bothWrong": neither, "pValue": p_value, "pValueWorse": worse})
    libraries = (np, scipy, sklearn, statsmodels)
    fixture = {
        "about": "metrics by scikit-learn, intervals and McNemar by statsmodels and SciPy; written by metrics-fixture.py",
        "versions": {library.__name__: library.__version__ for library in libraries},
        "seed": SEED,
        "cases": [case(rng, *parameters) for parameters in CASES],
        "intervals": intervals,
        "paired": paired,
    }
    with open(sys.argv[1], "w") as file:
        json.dump(fixture, file)
        file.write("\n")


main()
