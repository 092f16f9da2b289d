"""Trains a model of Loadtide's layout in PyTorch and exports it as a folder that Loadtide serves.

    python bench/pytorch/train.py --data FILE --out DIR
    loadtide backtest --data FILE --model DIR

The windows come from the Go program beside this file, by the one function that makes features; the network is network.py,
the layout docs/format/model.md.
"""

import argparse
import hashlib
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from network import Network, Shape, pinball

HERE = Path(__file__).resolve().parent


class Windows:
    """Batches as they come from the Go program, which draws the next ones meanwhile."""

    def __init__(self, a, template):
        self.process = subprocess.Popen(
            ["go", "run", ".", "-data", str(Path(a.data).resolve()), "-valid-until", a.valid_until, "-hidden", str(a.hidden),
             "-scale", a.scale, "-seed", str(a.seed), "-batches", str(a.iterations), "-template", str(template)],
            cwd=HERE, stdout=subprocess.PIPE,
        )
        line = self.process.stdout.readline()
        if not line:
            sys.exit("error: no windows; the line above says why")
        self.header = h = json.loads(line)
        s = h["shape"]
        self.shape = Shape(s["Inputs"], s["Hidden"], s["Width"], s["Current"], s["LeadFeatures"], s["Horizon"], s["Levels"])
        rows, s = h["positions"] * h["batch"], self.shape
        self.arrays = [
            (h["steps"], h["batch"], s.inputs), (h["positions"],), (rows, s.current), (rows, s.horizon, s.lead_features),
            (rows, s.horizon), (rows, s.horizon),
        ]

    def next(self):
        """x, positions, current, lead, target and weight of one batch."""
        batch = []
        for shape in self.arrays:
            n = 4 * math.prod(shape)
            data = self.process.stdout.read(n)
            if len(data) != n:
                sys.exit("error: the windows ended")
            batch.append(torch.from_numpy(np.frombuffer(data, "<f4").reshape(shape).copy()))
        batch[1] = batch[1].long()
        return batch



def fit(net, windows, iterations, rate):
    """Trains with one cycle of the learning rate and keeps the weights that did best on the validation batches."""
    levels = torch.tensor(windows.header["levels"])
    loss_of = lambda b: pinball(net(*b[:4]), *b[4:], levels)
    valid = [windows.next() for _ in range(windows.header["valid_batches"])]
    trained = [p for p in net.parameters() if p.requires_grad]
    solver = torch.optim.Adam(trained, lr=rate)
    cycle = torch.optim.lr_scheduler.OneCycleLR(solver, rate, total_steps=iterations, pct_start=0.15, cycle_momentum=False)
    best, kept, began = math.inf, None, time.time()
    for i in range(1, iterations + 1):
        loss = loss_of(windows.next())
        solver.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        solver.step()
        cycle.step()
        if i % 25 == 0 or i == iterations:
            with torch.inference_mode():
                v = sum(loss_of(b).item() for b in valid) / len(valid)
            if v < best:
                best, kept = v, {k: p.clone() for k, p in net.state_dict().items()}
            print(f"\r{i} of {iterations}  loss {loss.item():.4f}  valid {v:.4f}  {time.time() - began:.0f} s ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    net.load_state_dict(kept)
    return best


def arrays(net):
    """The weights by the names of docs/format/model.md."""
    gates = lambda w: torch.cat([w.chunk(4)[i] for i in (0, 3, 1, 2)])  # PyTorch has i f g o, ONNX i o f c
    m = net.lstm
    named = {
        "lstm.W": gates(m.weight_ih_l0)[None], "lstm.R": gates(m.weight_hh_l0)[None],
        "lstm.B": torch.cat([gates(m.bias_ih_l0), gates(m.bias_hh_l0)])[None],
        "head.Wc": net.c.weight.T, "head.bc": net.c.bias, "head.Wf": net.f.weight.T,
        "head.Wm": net.m.weight.T, "head.bm": net.m.bias, "head.Wo": net.o.weight.T, "head.bo": net.o.bias,
        "head.Wl": net.l.weight.T, "head.bl": net.l.bias,
    }
    return {k: np.ascontiguousarray(v.detach().numpy()) for k, v in named.items()}


def export(template, out, named):
    """The template with other weights, and the digest that makes a folder whole."""
    graph = onnx.load(template / "model.onnx")
    for tensor in graph.graph.initializer:
        if tensor.name.startswith("const."):
            continue
        array = named.pop(tensor.name)
        if list(array.shape) != list(tensor.dims):
            raise ValueError(f"{tensor.name} has shape {array.shape}, the layout wants {list(tensor.dims)}")
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    if named:
        raise ValueError(f"the layout has no {', '.join(named)}")
    onnx.checker.check_model(graph, full_check=True)
    out.mkdir()
    data = graph.SerializeToString()
    (out / "model.onnx").write_bytes(data)
    (out / "digest").write_text(f"sha256:{hashlib.sha256(data).hexdigest()}\n")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", required=True, help="CSV as loadtide train reads it")
    p.add_argument("--valid-until", default="", help="look at nothing after (RFC 3339), the last fifth before it validates; else the last tenth is left to test")
    p.add_argument("--out", required=True, type=Path, help="new model folder")
    p.add_argument("--hidden", type=int, default=64)
    p.add_argument("--scale", choices=["plain", "asinh"], default="plain")
    p.add_argument("--iterations", type=int, default=800)
    p.add_argument("--rate", type=float, default=4e-3)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    if a.out.exists():
        sys.exit(f"error: {a.out} is there already; name another folder")
    torch.manual_seed(a.seed)
    with tempfile.TemporaryDirectory() as scratch:
        template = Path(scratch, "template")
        windows = Windows(a, template)
        print(windows.header["told"], file=sys.stderr)
        net = Network(windows.shape)
        best = fit(net, windows, a.iterations, a.rate)
        export(template, a.out, arrays(net))
    print(f"{a.out}: trained by PyTorch {torch.__version__.split('+')[0]}, validation loss {best:.4f}")


if __name__ == "__main__":
    main()
