"""Records how PyTorch's loss falls over 60 steps of Adam, for the test of pkg/train that does the same steps.

Usage, from the root of the repository: python bench/pytorch/parity.py pkg/train/testdata/parity.json

Weights and batches come from a formula (uniform below) that pkg/train/parity_test.go has too, so that the file needs to
hold the problem's sizes and the losses alone.
"""

import json
import sys

import numpy as np
import torch

from network import Network, Shape, pinball, set_flat

SHAPE = Shape(inputs=5, hidden=20, width=16, current=3, lead_features=4, horizon=6, levels=3)
LEVELS = [0.1, 0.5, 0.9]
POSITIONS = [19, 22, 30, 31, 38, 45]  # of 48 steps; neither the first nor the last
STEPS, WINDOWS, ITERATIONS = 48, 11, 60
RATE, CLIP = 4e-3, 0.1  # the bound is low enough to be met often


def uniform(seed, n):
    """n numbers in [-1, 1) that a float32 holds exactly: splitmix64 of seed and index, its top 24 bits."""
    z = (np.arange(n, dtype=np.uint64) + np.uint64(1) + np.uint64(seed << 32)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / (1 << 23) - 1


def weights(seed, n, hidden):
    """Uniform within 1/sqrt(hidden), the linear head too, so that every term counts from the first step."""
    return (uniform(seed, n) / np.sqrt(hidden)).astype(np.float32)


def batch(k):
    """Batch k: features and noise are random, the target follows the features; about a fifth of the targets is missing."""
    s, rows, f32 = SHAPE, len(POSITIONS) * WINDOWS, np.float32
    seed = 8 * k + 16
    x = uniform(seed, STEPS * WINDOWS * s.inputs).astype(f32)
    current = uniform(seed + 1, rows * s.current).astype(f32)
    lead = uniform(seed + 2, rows * s.horizon * s.lead_features).astype(f32)
    noise = uniform(seed + 3, rows * s.horizon)
    follows = current.reshape(rows, -1)[:, :1] * 0.5 + lead.reshape(rows, s.horizon, -1)[:, :, 0] * 0.5
    target = (follows.astype(np.float64) + noise.reshape(rows, s.horizon) * 0.5).astype(f32)
    weight = (uniform(seed + 4, rows * s.horizon) >= -0.6).astype(f32)
    t = torch.from_numpy
    return (
        t(x).view(STEPS, WINDOWS, s.inputs), t(current).view(rows, s.current), t(lead).view(rows, s.horizon, s.lead_features),
        t(target).view(rows, s.horizon), t(weight).view(rows, s.horizon),
    )


def main(path):
    torch.set_num_threads(1)
    net, s = Network(SHAPE), SHAPE
    for seed, parts in ((1, net.lstm_parts()), (2, net.head_parts())):
        set_flat(parts, weights(seed, sum(p.numel() for p, _ in parts), s.hidden))
    trained = [p for p in net.parameters() if p.requires_grad]
    adam = torch.optim.Adam(trained, lr=RATE)
    positions, levels = torch.tensor(POSITIONS), torch.tensor(LEVELS)
    losses, clipped = [], 0
    for k in range(ITERATIONS):
        x, current, lead, target, weight = batch(k)
        loss = pinball(net(x, positions, current, lead), target, weight, levels)
        adam.zero_grad()
        loss.backward()
        clipped += int(torch.nn.utils.clip_grad_norm_(trained, CLIP) > CLIP)
        adam.step()
        losses.append(round(loss.item(), 8))
    shape = {
        "Inputs": s.inputs, "Hidden": s.hidden, "Width": s.width, "Current": s.current,
        "LeadFeatures": s.lead_features, "Horizon": s.horizon, "Levels": s.levels,
    }
    record = {
        "made_by": "bench/pytorch/parity.py", "torch": torch.__version__.split("+")[0], "shape": shape, "levels": LEVELS,
        "steps": STEPS, "windows": WINDOWS, "positions": POSITIONS, "rate": RATE, "clip": CLIP, "losses": losses,
    }
    with open(path, "w", encoding="utf-8") as f:
        f.write(json.dumps(record, indent=1) + "\n")
    print(f"{ITERATIONS} steps, {clipped} of them clipped: loss {losses[0]} to {losses[-1]}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
