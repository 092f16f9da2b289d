"""The other sides of bench/numerics: onnxruntime and PyTorch, each a process that answers requests line by line.

Usage: python peers.py onnxruntime|pytorch. The requests and answers are those of side.go, the files those of data.go.
"""

import gc
import itertools
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "pytorch"))


class Folder:
    """The files of a task."""

    def __init__(self, path):
        self.path = Path(path)
        self.sizes = json.loads((self.path / "sizes.json").read_text())
        self.batch, s = self.sizes["batch"], self.sizes["shape"]
        self.inputs, self.hidden, self.width, self.current = s["Inputs"], s["Hidden"], s["Width"], s["Current"]
        self.lead_features, self.horizon, self.levels = s["LeadFeatures"], s["Horizon"], s["Levels"]
        self.outputs = self.horizon * self.levels

    def array(self, name, *shape):
        return np.fromfile(self.path / f"{name}.f32", dtype="<f4").reshape(shape)

    def lstm(self):
        """Wx [Inputs][4*Hidden], Wh [Hidden][4*Hidden] and b [4*Hidden], gates i f g o."""
        p, wide = self.array("lstm", -1), 4 * self.hidden
        x, h = self.inputs * wide, (self.inputs + self.hidden) * wide
        return p[:x].reshape(-1, wide), p[x:h].reshape(-1, wide), p[h:]


class Loop:
    """A task whose calls are alike: run(n) makes n of them."""

    def __init__(self, run, threads=1):
        self.run, self.threads, self.calls = run, threads, 1

    def block(self):
        """Seconds of a call, the CPU time of one thread or what passes, and what passed."""
        began, used = time.perf_counter(), time.process_time()
        self.run(self.calls)
        passed, busy = time.perf_counter() - began, time.process_time() - used
        return (busy if self.threads == 1 else passed) / self.calls, passed / self.calls

    def pace(self, seconds):
        """Warms up and finds how many calls fill a block."""
        self.calls = 1
        while (call := self.block()[0]) * self.calls < seconds / 2:
            self.calls *= 4
        self.calls = max(1, int(seconds / call))


class Onnxruntime:
    def __init__(self):
        import onnx
        import onnxruntime

        self.onnx, self.ort = onnx, onnxruntime
        self.name = f"onnxruntime {onnxruntime.__version__}"

    def step_model(self, f):
        """LSTM and Gemm. ONNX has the gates in the order i o f c."""
        h, t = self.onnx.helper, self.onnx.TensorProto
        order = lambda w: np.concatenate([w[..., g * f.hidden : (g + 1) * f.hidden] for g in (0, 3, 1, 2)], -1)
        wx, wh, b = (order(w) for w in f.lstm())
        constants = {
            "W": wx.T[None], "R": wh.T[None], "B": np.concatenate([b, np.zeros_like(b)])[None], "first": np.array([0]),
            "w": f.array("w", f.hidden, f.outputs), "b": f.array("b", f.outputs),
        }
        nodes = [
            h.make_node("LSTM", ["sequence", "W", "R", "B", "", "h", "c"], ["", "h_out", "c_out"], hidden_size=f.hidden),
            h.make_node("Squeeze", ["h_out", "first"], ["state"]),
            h.make_node("Gemm", ["state", "w", "b"], ["out"]),
        ]
        value = lambda name, *shape: h.make_tensor_value_info(name, t.FLOAT, shape)
        state = [1, f.batch, f.hidden]
        graph = h.make_graph(
            nodes, "step", [value("sequence", 1, f.batch, f.inputs), value("h", *state), value("c", *state)],
            [value("out", f.batch, f.outputs), value("h_out", *state), value("c_out", *state)],
            [self.onnx.numpy_helper.from_array(np.ascontiguousarray(v), n) for n, v in constants.items()],
        )
        model = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8)
        self.onnx.checker.check_model(model, full_check=True)
        return model

    def shipped_model(self, f):
        """The file that Loadtide writes, up to the quantiles in scaled units, which docs/format/model.md calls z."""
        model = self.onnx.load(f.path / "artifact" / "model.onnx")
        g, used = model.graph, {"z", "h_out", "c_out"}
        kept = []
        for node in reversed(g.node):
            if used & set(node.output):
                kept.insert(0, node)
                used |= set(node.input)
        outputs = [o for o in g.output if o.name in used]
        outputs.insert(0, self.onnx.helper.make_tensor_value_info("z", self.onnx.TensorProto.FLOAT, ["B", f.horizon, f.levels]))
        for field, left in (
            (g.node, kept), (g.output, outputs), (g.input, [i for i in g.input if i.name in used]),
            (g.initializer, [i for i in g.initializer if i.name in used]),
        ):
            left = [type(v).FromString(v.SerializeToString()) for v in left]
            del field[:]
            field.extend(left)
        self.onnx.checker.check_model(model, full_check=True)
        return model

    def prepare(self, what, f, threads):
        """A session of one thread with fixed sizes, and two bindings that hand the state to each other."""
        model, output = (self.step_model(f), [f.batch, f.outputs]) if what == "step" else (self.shipped_model(f), [f.batch, f.horizon, f.levels])
        options = self.ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.graph_optimization_level = self.ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_free_dimension_override_by_name("T", 1)
        options.add_free_dimension_override_by_name("B", f.batch)
        session = self.ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        value = self.ort.OrtValue.ortvalue_from_numpy
        fixed = {"sequence": value(f.array("x", 1, f.batch, f.inputs))}
        if what == "model":
            fixed["current"] = value(f.array("current", f.batch, f.current))
            fixed["lead"] = value(f.array("lead", f.batch, f.horizon, f.lead_features))
        out = value(np.zeros(output, np.float32))
        pair = [{n: value(f.array(n, 1, f.batch, f.hidden)) for n in ("h", "c")} for _ in range(2)]
        bindings = []
        for before, after in (pair, pair[::-1]):
            b = session.io_binding()
            for n, v in (fixed | before).items():
                b.bind_ortvalue_input(n, v)
            b.bind_ortvalue_output(session.get_outputs()[0].name, out)
            for n, v in after.items():
                b.bind_ortvalue_output(n + "_out", v)
            bindings.append(b)

        def run(n):
            call = session.run_with_iobinding
            for b in itertools.islice(itertools.cycle(bindings), n):
                call(b)

        run(1)
        return Loop(run), [out.numpy(), pair[1]["h"].numpy(), pair[1]["c"].numpy()], ""


class TrainLoop(Loop):
    """Training steps. The ways that PyTorch has are tried with each number of threads, and the fastest is timed: its LSTM by
    oneDNN or not, its Adam fused or per tensor list."""

    def __init__(self, torch, f, threads):
        self.torch = torch
        s, t = f.sizes, torch.from_numpy
        rows = len(s["positions"]) * f.batch
        self.args = (
            t(f.array("x", s["steps"], f.batch, f.inputs)), torch.tensor(s["positions"]),
            t(f.array("current", rows, f.current)), t(f.array("lead", rows, f.horizon, f.lead_features)),
        )
        self.goal = t(f.array("target", rows, f.horizon)), t(f.array("weight", rows, f.horizon)), torch.tensor(s["levels"])
        self.clip = s["clip"]
        self.note, best = "", float("inf")
        for onednn, adam in itertools.product((True, False), ("fused", "foreach")):
            run = self.way(f, threads, onednn, adam)
            super().__init__(run, threads)
            run(2)
            self.calls = 4
            if (call := min(self.block(), self.block())[0]) < best:
                best, chosen, self.note = call, run, f"Adam {adam}, oneDNN {'on' if onednn else 'off'}"
        super().__init__(chosen, threads)

    def way(self, f, threads, onednn, adam):
        from network import Network, Shape, pinball

        torch = self.torch
        torch.manual_seed(1)
        net = Network(Shape(f.inputs, f.hidden, f.width, f.current, f.lead_features, f.horizon, f.levels))
        trained = [p for p in net.parameters() if p.requires_grad]
        solver = torch.optim.Adam(trained, lr=f.sizes["rate"], **{adam: True})

        def run(n):
            torch.set_num_threads(threads)
            with torch.backends.mkldnn.flags(enabled=onednn):
                for _ in range(n):
                    solver.zero_grad()
                    pinball(net(*self.args), *self.goal).backward()
                    torch.nn.utils.clip_grad_norm_(trained, self.clip, foreach=True)
                    solver.step()

        return run


class Pytorch:
    def __init__(self):
        import torch

        torch.set_num_threads(1)
        warnings.filterwarnings("ignore", message="TF32 acceleration")  # it is about GPUs
        self.torch = torch
        self.name = f"PyTorch {torch.__version__.split('+')[0]}"

    def prepare(self, what, f, threads):
        if what == "train":
            loop = TrainLoop(self.torch, f, threads)
            return loop, None, loop.note
        torch = self.torch
        cell, linear = torch.nn.LSTMCell(f.inputs, f.hidden), torch.nn.Linear(f.hidden, f.outputs)
        wx, wh, b = f.lstm()
        for parameter, v in (
            (cell.weight_ih, wx.T), (cell.weight_hh, wh.T), (cell.bias_ih, b), (cell.bias_hh, np.zeros_like(b)),
            (linear.weight, f.array("w", f.hidden, f.outputs).T), (linear.bias, f.array("b", f.outputs)),
        ):
            parameter.data = torch.from_numpy(np.ascontiguousarray(v))
        x = torch.from_numpy(f.array("x", f.batch, f.inputs))
        last = [torch.from_numpy(f.array("h", f.batch, f.hidden)), torch.from_numpy(f.array("c", f.batch, f.hidden)), None]

        def run(n):
            torch.set_num_threads(1)
            h, c, out = last
            with torch.inference_mode():
                for _ in range(n):
                    h, c = cell(x, (h, c))
                    out = linear(h)
            last[:] = h, c, out

        run(1)
        h, c, out = last
        return Loop(run), [out.numpy(), h.numpy(), c.numpy()], ""


def respond(side, tasks, r):
    match r["do"]:
        case "hello":
            return {"name": side.name}
        case "prepare":
            f = Folder(r["folder"])
            loop, outputs, note = side.prepare(r["what"], f, r["threads"])
            if outputs is not None:
                np.concatenate([o.reshape(-1) for o in outputs]).astype("<f4").tofile(f.path / r["output"])
            loop.pace(r["seconds"])
            tasks[r["task"]] = loop
            return {"note": note}
        case "run":
            seconds, passed = tasks[r["task"]].block()
            return {"seconds": seconds, "passed": passed}
        case "forget":
            tasks.clear()
            gc.collect()
            return {}
        case other:
            return {"error": f"unknown request {other}"}


def main(name):
    side = {"onnxruntime": Onnxruntime, "pytorch": Pytorch}[name]()
    tasks = {}
    gc.disable()  # no pause inside a block
    for line in sys.stdin:
        try:
            a = respond(side, tasks, json.loads(line))
        except Exception as e:  # told to the other end, which ends the run
            a = {"error": f"{type(e).__name__}: {e}"}
        print(json.dumps(a), flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ("onnxruntime", "pytorch"):
        sys.exit(__doc__)
    main(sys.argv[1])
