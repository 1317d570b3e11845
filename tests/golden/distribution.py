"""Figures for src/metrics/distribution, from their definitions with NumPy and SciPy:

    python tests/golden/distribution.py     # writes distribution.safetensors beside it
"""

import json
import struct
from pathlib import Path

import numpy as np
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist

random = np.random.RandomState(2021)


def cloud(count, dim=24):
    mixing = random.randn(dim, dim) / np.sqrt(dim)
    return (random.randn(count, dim) @ mixing + 0.3 * random.randn(dim)).astype(np.float32)


def frechet(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    covariance_a, covariance_b = np.cov(a.T, ddof=0), np.cov(b.T, ddof=0)
    apart = np.square(a.mean(0) - b.mean(0)).sum()
    root = sqrtm(covariance_a @ covariance_b)
    return apart + np.trace(covariance_a + covariance_b - 2 * root.real)


def kernel(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    k = lambda x, y: (x @ y.T / x.shape[1] + 1) ** 3
    n = len(a)
    within = lambda m: (m.sum() - np.trace(m)) / (n * (n - 1))
    return within(k(a, a)) + within(k(b, b)) - 2 * k(a, b).mean()


def share_within(pictures, others, neighbour=3):
    pictures, others = pictures.astype(np.float64), others.astype(np.float64)
    reach = np.sort(cdist(others, others), axis=1)[:, neighbour]
    return (cdist(pictures, others) <= reach).any(axis=1).mean()


def inception(p, splits=10):
    p = p.astype(np.float64)
    scores = []
    for i in range(splits):
        part = p[i * len(p) // splits : (i + 1) * len(p) // splits]
        divergence = (part * np.log(part / part.mean(0))).sum(1).mean()
        scores.append(np.exp(divergence))
    return np.mean(scores), np.std(scores)


def path_length(a, b, epsilon=1e-4):
    lengths = np.square(a.astype(np.float64) - b.astype(np.float64)).sum(1) / epsilon**2
    low, high = np.percentile(lengths, 1, method="lower"), np.percentile(lengths, 99, method="higher")
    return lengths[(low <= lengths) & (lengths <= high)].mean()


a, b, few = cloud(100), cloud(100), cloud(10)
near = (a[:70] + 0.35 * random.randn(70, 24)).astype(np.float32)
near *= 0.6
near[:30] += 1.2
logits = 2 * random.randn(60, 12)
probabilities = (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float32)
start = random.randn(150, 6).astype(np.float32)
end = (start + 1e-4 * random.randn(150, 6) * random.rand(150, 1)).astype(np.float32)
score, deviation = inception(probabilities)

tensors = {
    "a": a, "b": b, "few": few, "near": near, "probabilities": probabilities, "ppl.from": start, "ppl.to": end,
    "fid": frechet(a, b), "fid.few": frechet(a, few), "kid": kernel(a, b),
    "precision": share_within(near, a), "recall": share_within(a, near),
    "is": score, "is.deviation": deviation, "ppl": path_length(start, end),
}  # fmt: skip

header, data = {}, b""
for name, value in tensors.items():
    value = np.ascontiguousarray(value)
    kind = {"float32": "F32", "float64": "F64"}[str(value.dtype)]
    span = [len(data), len(data) + value.nbytes]
    header[name] = {"dtype": kind, "shape": list(value.shape), "data_offsets": span}
    data += value.tobytes()
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
Path(__file__).with_suffix(".safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
print({name: float(value) for name, value in tensors.items() if np.ndim(value) == 0})
