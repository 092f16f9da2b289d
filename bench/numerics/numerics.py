"""Measures Loadtide's arithmetic beside onnxruntime and PyTorch.

The sides of a comparison get the same weights and inputs, must agree on the outputs, and take turns in short blocks, so
that whatever else the machine does meets all of them alike. Figures are medians over the rounds. The peers run in this
process, as their users call them; Loadtide is the Go program beside this file, a process for each task.
"""

import argparse
import gc
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from datetime import date
from pathlib import Path

for variable in [v for v in os.environ if v.startswith(("OMP_", "MKL_", "OPENBLAS_"))]:
    del os.environ[variable]  # what tunes one side's libraries on this machine is no part of a comparison
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # a side that waits for its turn does not spin
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "pytorch"))
BEGIN, END = "<!-- numerics: make bench-numerics -->\n", "<!-- end of numerics -->\n"
TOLERANCE = 1e-5  # of outputs
RATE, CLIP = 1e-3, 1  # of training steps


class Case:
    """Weights and inputs, in memory and as the files that the Go program reads."""

    def __init__(self, folder, shape, **sizes):
        self.folder, self.sizes = folder, sizes
        self.inputs, self.hidden, self.width, self.current = shape["Inputs"], shape["Hidden"], shape["Width"], shape["Current"]
        self.lead_features, self.horizon, self.levels = shape["LeadFeatures"], shape["Horizon"], shape["Levels"]
        self.outputs, self.batch, self.arrays = self.horizon * self.levels, sizes["batch"], {}
        self.random = np.random.default_rng(5)
        folder.mkdir()
        (folder / "sizes.json").write_text(json.dumps({"shape": shape} | sizes))

    def put(self, name, values):
        self.arrays[name] = values.astype("<f4")
        self.arrays[name].tofile(self.folder / f"{name}.f32")

    def normal(self, name, *shape):
        self.put(name, self.random.standard_normal(shape))

    def uniform(self, name, bound, *shape):
        self.put(name, self.random.uniform(-bound, bound, shape))

    def state(self):
        """The parameters of the LSTM, an input and a state in mid-life."""
        self.uniform("lstm", self.hidden**-0.5, (self.inputs + self.hidden + 1) * 4 * self.hidden)
        self.normal("x", self.batch, self.inputs)
        self.uniform("h", 0.8, self.batch, self.hidden)
        self.normal("c", self.batch, self.hidden)

    def gates(self):
        """Wx [Inputs][4*Hidden], Wh [Hidden][4*Hidden] and b [4*Hidden], gates i f g o."""
        p = self.arrays["lstm"].reshape(-1, 4 * self.hidden)
        return p[: self.inputs], p[self.inputs : -1], p[-1]


def step_case(folder, hidden, batch):
    f = Case(folder, dict(Inputs=12, Hidden=hidden, Width=1, Current=0, LeadFeatures=0, Horizon=24, Levels=3), batch=batch)
    f.state()
    f.uniform("w", hidden**-0.5, hidden, f.outputs)
    f.uniform("b", 0.5, f.outputs)
    return f


def model_case(folder, default, batch):
    f = Case(folder, default["shape"], batch=batch)
    f.state()
    n = (f.hidden + f.current + 1 + f.lead_features + f.width + 1 + f.levels) * f.width + f.levels + (f.hidden + 1) * f.outputs
    f.uniform("head", f.width**-0.5, n)
    f.normal("current", batch, f.current)
    f.normal("lead", batch, f.horizon, f.lead_features)
    return f


def train_case(folder, default, hidden):
    """One batch of windows; the last loss position is the last step, so that no side saves any."""
    steps, burn, n = default["steps"], default["burn_in"], default["positions"]
    positions = [burn + (i + 1) * (steps - burn) // n - 1 for i in range(n)]
    f = Case(folder, default["shape"] | {"Hidden": hidden}, batch=default["batch"], steps=steps, positions=positions,
             levels=default["levels"], rate=RATE, clip=CLIP)
    rows = n * f.batch
    f.normal("x", steps, f.batch, f.inputs)
    f.normal("current", rows, f.current)
    f.normal("lead", rows, f.horizon, f.lead_features)
    f.normal("target", rows, f.horizon)
    f.put("weight", f.random.random((rows, f.horizon)) >= 0.02)
    return f


class Loadtide:
    """A task of the Go program."""

    def __init__(self, program, what, f, threads, seconds, family=None):
        output = f.folder / f"{family}.out"
        self.process = subprocess.Popen(
            [program, "-task", what, "-folder", f.folder, "-output", output, "-threads", str(threads), "-seconds", str(seconds)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            env=os.environ | ({"LOADTIDE_KERNEL": family} if family else {}),
        )
        if self.process.stdout.readline() != "ready\n":
            sys.exit(f"error: the Go program ended at task {what}")
        self.outputs = np.fromfile(output, "<f4") if output.exists() else None

    def block(self):
        """Seconds of a call: the CPU time of one thread, the elapsed time of more."""
        self.process.stdin.write("\n")
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Loop:
    """A task of this process: run(n) makes n calls."""

    def __init__(self, run, outputs, threads, seconds):
        self.run, self.threads, self.calls = run, threads, 1
        run(1)
        self.outputs = outputs and np.concatenate([o.reshape(-1) for o in outputs()])
        while (call := self.block()) * self.calls < seconds / 2:
            self.calls *= 4
        self.calls = max(1, int(seconds / call))

    def block(self):
        clock = time.process_time if self.threads == 1 else time.perf_counter
        began = clock()
        self.run(self.calls)
        return (clock() - began) / self.calls

    def close(self):
        self.run = self.outputs = None
        gc.collect()  # not inside a block


def onnx_step(f):
    """LSTM and Gemm. ONNX has the gates in the order i o f c."""
    import onnx

    h, t = onnx.helper, onnx.TensorProto
    wx, wh, b = (np.concatenate([np.split(w, 4, -1)[g] for g in (0, 3, 1, 2)], -1) for w in f.gates())
    constants = {
        "W": wx.T[None], "R": wh.T[None], "B": np.concatenate([b, np.zeros_like(b)])[None], "first": np.array([0]),
        "w": f.arrays["w"], "b": f.arrays["b"],
    }
    nodes = [
        h.make_node("LSTM", ["sequence", "W", "R", "B", "", "h", "c"], ["", "h_out", "c_out"], hidden_size=f.hidden),
        h.make_node("Squeeze", ["h_out", "first"], ["state"]),
        h.make_node("Gemm", ["state", "w", "b"], ["z"]),
    ]
    value = lambda name, *shape: h.make_tensor_value_info(name, t.FLOAT, shape)
    state = [1, f.batch, f.hidden]
    graph = h.make_graph(
        nodes, "step", [value("sequence", 1, f.batch, f.inputs), value("h", *state), value("c", *state)],
        [value("z", f.batch, f.outputs), value("h_out", *state), value("c_out", *state)],
        [onnx.numpy_helper.from_array(np.ascontiguousarray(v), n) for n, v in constants.items()],
    )
    return h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8).SerializeToString()


def onnx_model(f):
    """The file that Loadtide writes, up to the quantiles in scaled units, which docs/format/model.md calls z."""
    import onnx

    with tempfile.NamedTemporaryFile(suffix=".onnx") as part:
        inputs = ["sequence", "h", "c", "current", "lead"]
        onnx.utils.extract_model(str(f.folder / "artifact" / "model.onnx"), part.name, inputs, ["z", "h_out", "c_out"])
        return Path(part.name).read_bytes()


def onnxruntime_loop(what, f, seconds):
    """A session of one thread with fixed sizes, and two bindings that hand the state to each other."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_free_dimension_override_by_name("T", 1)
    options.add_free_dimension_override_by_name("B", f.batch)
    session = ort.InferenceSession((onnx_step if what == "step" else onnx_model)(f), options, providers=["CPUExecutionProvider"])
    value = ort.OrtValue.ortvalue_from_numpy
    fixed = {"sequence": value(f.arrays["x"][None])} | {n: value(f.arrays[n]) for n in ("current", "lead") if n in f.arrays}
    out = value(np.zeros((f.batch, f.outputs) if what == "step" else (f.batch, f.horizon, f.levels), np.float32))
    pair = [{n: value(f.arrays[n][None]) for n in "hc"} for _ in range(2)]
    bindings = []
    for before, after in (pair, pair[::-1]):
        b = session.io_binding()
        for n, v in (fixed | before).items():
            b.bind_ortvalue_input(n, v)
        for n, v in ({"z": out} | {n + "_out": v for n, v in after.items()}).items():
            b.bind_ortvalue_output(n, v)
        bindings.append(b)

    def run(n):
        for b in itertools.islice(itertools.cycle(bindings), n):
            session.run_with_iobinding(b)

    return Loop(run, lambda: [v.numpy() for v in (out, pair[1]["h"], pair[1]["c"])], 1, seconds)


def pytorch_step(f, seconds):
    """LSTMCell and Linear in inference mode."""
    import torch

    cell, linear = torch.nn.LSTMCell(f.inputs, f.hidden), torch.nn.Linear(f.hidden, f.outputs)
    wx, wh, b = f.gates()
    for parameter, v in (
        (cell.weight_ih, wx.T), (cell.weight_hh, wh.T), (cell.bias_ih, b), (cell.bias_hh, np.zeros_like(b)),
        (linear.weight, f.arrays["w"].T), (linear.bias, f.arrays["b"]),
    ):
        parameter.data = torch.from_numpy(np.ascontiguousarray(v))
    x, *last = (torch.from_numpy(f.arrays[n].copy()) for n in "xhc")

    def run(n):
        torch.set_num_threads(1)
        h, c = last[-2:]
        with torch.inference_mode():
            for _ in range(n):
                h, c = cell(x, (h, c))
                out = linear(h)
        last[:] = out, h, c

    return Loop(run, lambda: [v.numpy() for v in last], 1, seconds)


def pytorch_train(f, threads, seconds):
    """Training steps in the fastest of the ways that PyTorch has: its LSTM by oneDNN or not, its Adam fused or not."""
    import torch
    from network import Network, Shape, pinball

    warnings.filterwarnings("ignore", message="TF32 acceleration")  # it is about GPUs
    a = {n: torch.from_numpy(v) for n, v in f.arrays.items()}
    args = a["x"], torch.tensor(f.sizes["positions"]), a["current"], a["lead"]
    goal = a["target"], a["weight"], torch.tensor(f.sizes["levels"])

    def way(onednn, adam):
        torch.manual_seed(1)
        net = Network(Shape(f.inputs, f.hidden, f.width, f.current, f.lead_features, f.horizon, f.levels))
        trained = [p for p in net.parameters() if p.requires_grad]
        solver = torch.optim.Adam(trained, lr=RATE, **{adam: True})

        def run(n):
            torch.set_num_threads(threads)
            with torch.backends.mkldnn.flags(enabled=onednn):
                for _ in range(n):
                    solver.zero_grad()
                    pinball(net(*args), *goal).backward()
                    torch.nn.utils.clip_grad_norm_(trained, CLIP, foreach=True)
                    solver.step()

        return Loop(run, None, threads, seconds)

    return min((way(*w) for w in itertools.product((True, False), ("fused", "foreach"))), key=Loop.block)


class Bench:
    """All comparisons of a run. A task is called by its field in the file of figures; a field of AVX2 has it in front."""

    def __init__(self, o, scratch):
        self.o, self.scratch, self.folders = o, Path(scratch), itertools.count()
        self.default = json.loads(subprocess.check_output([o.program]))
        self.figures = {"cpu": cpu(), "kernel": self.default["kernel"], "step": [], "model": [], "train": []}

    def folder(self):
        return self.scratch / str(next(self.folders))

    def loadtide(self, what, f, field, threads=1, seconds=None):
        """Loadtide by its own choice of kernels, and by AVX2 where that is another."""
        families = [("", None)] + ([("avx2.", "avx2")] if self.default["kernel"] == "avx512" else [])
        return {p + field: Loadtide(self.o.program, what, f, threads, seconds or self.o.seconds, family) for p, family in families}

    def compare(self, tasks, rounds):
        """Checks the outputs, takes turns, and returns the median of each task's times."""
        first = next(iter(tasks.values())).outputs
        for field, t in tasks.items():
            if t.outputs is not None and not (apart := np.max(np.abs(t.outputs - first))) <= TOLERANCE:
                sys.exit(f"error: {field}: an output is {apart} from Loadtide's")
        blocks = [[t.block() for t in tasks.values()] for _ in range(rounds)]
        for t in tasks.values():
            t.close()
        return {field: statistics.median(took) for field, took in zip(tasks, zip(*blocks))}

    def note(self, what, row, medians, unit=1):
        """Adds a row; its numbers have the digits that mean something."""
        for field, v in medians.items():
            family, _, name = field.rpartition(".")
            (row.setdefault(family, {}) if family else row)[name] = float(f"{v * unit:.4g}")
        self.figures[what].append(row)
        print(time.strftime("%H:%M:%S"), what, row, file=sys.stderr)

    def step(self, hidden, batch):
        f = step_case(self.folder(), hidden, batch)
        tasks = self.loadtide("step", f, "loadtide_ns")
        if "onnxruntime" in self.o.peers:
            tasks["onnxruntime_ns"] = onnxruntime_loop("step", f, self.o.seconds)
        if "pytorch" in self.o.peers:
            tasks["pytorch_ns"] = pytorch_step(f, self.o.seconds)
        if self.default["kernel"] != "go":  # the Go twin has no vectors, so no peak
            tasks |= self.loadtide("peak", f, "peak_share", seconds=self.o.seconds / 3)
        medians, row = self.compare(tasks, self.o.rounds), {"batch": batch, "hidden": hidden}
        # A call of a peak is one multiply-add, a step has one for each weight.
        adds = batch * ((f.inputs + hidden) * 4 * hidden + hidden * f.outputs)
        shares = {k: adds * v / medians[k.replace("peak_share", "loadtide_ns")] for k, v in medians.items() if "peak" in k}
        self.note("step", row, {k: v * 1e9 / batch for k, v in medians.items() if "peak" not in k} | shares)

    def model(self, batch):
        f = model_case(self.folder(), self.default, batch)
        tasks = self.loadtide("model", f, "loadtide_ns")
        if "onnxruntime" in self.o.peers:
            tasks["onnxruntime_ns"] = onnxruntime_loop("model", f, self.o.seconds)
        self.note("model", {"batch": batch}, self.compare(tasks, self.o.rounds), 1e9 / batch)

    def train(self, hidden):
        """Steps on one thread and two, all in the same rounds."""
        f, tasks = train_case(self.folder(), self.default, hidden), {}
        for n in (1, 2):
            tasks |= self.loadtide("train", f, f"loadtide_ms {n}", n, self.o.train_seconds)
            if "pytorch" in self.o.peers:
                tasks[f"pytorch_ms {n}"] = pytorch_train(f, n, self.o.train_seconds)
        medians = self.compare(tasks, self.o.train_rounds)
        for n in (1, 2):
            own = {k[:-2]: v for k, v in medians.items() if k.endswith(str(n))}
            self.note("train", {"hidden": hidden, "threads": n}, own, 1e3)

    def section(self):
        """The figures for people."""
        from importlib.metadata import version

        peers = ", ".join(f"{p} {version('torch' if p == 'pytorch' else p)}" for p in self.o.peers)
        text = f"## Numerics\n\n`make bench-numerics`, {date.today()}, {self.figures['cpu']}, {os.cpu_count()} cores, kernels "
        text += f"{self.figures['kernel']}. {self.default['name']}, {peers}. All sides took turns in short blocks; figures are medians.\n"
        for what, title in (
            ("step", "Cell and linear head, ns of a series-step"), ("model", "The whole default model, ns of a series-step"),
            ("train", "Training steps, ms of a step"),
        ):
            rows = [self.cells(row) for row in self.figures[what]]
            text += f"\n### {title}\n\n| {' | '.join(rows[0])} |\n|{' --- |' * len(rows[0])}\n"
            text += "".join(f"| {' | '.join(row.values())} |\n" for row in rows)
        return text

    def cells(self, row):
        """The cells of a row by column, with the ratios of the peers' times to Loadtide's."""
        cells = {k: str(v) for k, v in row.items() if k in ("hidden", "batch", "threads")}
        for side, part in (("Loadtide", row), ("AVX2", row.get("avx2", {}))):
            for k, v in part.items():
                name, _, unit = k.rpartition("_")
                if unit in ("ns", "ms"):
                    cells[side if name == "loadtide" else name] = f"{v:.3g}" if v < 100 else f"{v:.0f}"
                elif k == "peak_share":
                    cells[f"{side}, share of its peak"] = f"{100 * v:.0f} %"
            own = next((v for k, v in part.items() if k.startswith("loadtide")), None)
            for k, v in row.items():
                if own and k.startswith(("onnxruntime", "pytorch")):
                    cells[f"{k[:-3]} / {side}"] = f"{v / own:.2f}x"
        return cells


def cpu():
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), sys.platform)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("program", help="the Go program beside this file, built")
    p.add_argument("--peers", type=lambda s: s.split(","), default=["onnxruntime", "pytorch"], help="default: onnxruntime,pytorch")
    p.add_argument("--quick", action="store_true", help="few short rounds of few sizes; prints the section, writes nothing")
    o = p.parse_args()
    o.rounds, o.seconds, o.train_rounds, o.train_seconds = (3, 0.02, 1, 0.1) if o.quick else (21, 0.06, 15, 0.5)
    gc.disable()  # no pause inside a block
    with tempfile.TemporaryDirectory() as scratch:
        b = Bench(o, scratch)
        for hidden, batch in itertools.product((64,) if o.quick else (32, 64, 128), (1, 256) if o.quick else (1, 16, 256, 4096)):
            b.step(hidden, batch)
        for batch in (256,) if o.quick else (1, 16, 256):
            b.model(batch)
        for hidden in (64,) if o.quick else (64, 128):
            b.train(hidden)
    if o.quick:
        print(b.section())
        return
    (HERE.parent / "results" / "numerics.json").write_text(json.dumps(b.figures, indent=1) + "\n")
    document = HERE.parent / "RESULTS.md"
    head, rest = document.read_text().split(BEGIN)
    document.write_text(head + BEGIN + b.section() + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
