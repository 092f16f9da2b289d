"""Holds a model file against ONNX's checker, and runs it with onnxruntime.

Standard input is one JSON object:
  model  path of the file
  save   path under which onnx writes it again, or ""
  export folder that the function of docs/format/model.md makes of it, or ""
  code   that function
  runs   list of {"stateful": bool, "feed": {input: {"shape": [...], "data": [...]}}}
A stateful run feeds the sequence a step at a time and hands h_out and c_out on
to the next. Standard output is a JSON list: of each run the outputs by name, in
the form of the inputs.
"""

import json
import os
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper


def save_again(path, to):
    """Writes the file as an exporter would: from the template's graph, its tensors made anew, every other one as float_data."""
    model = onnx.load(path)
    tensors = [(t.name, numpy_helper.to_array(t)) for t in model.graph.initializer]
    del model.graph.initializer[:]
    for i, (name, array) in enumerate(sorted(tensors)):
        if i % 2 == 0:
            model.graph.initializer.append(numpy_helper.from_array(array, name))
        else:
            kind = helper.np_dtype_to_tensor_dtype(array.dtype)
            model.graph.initializer.append(helper.make_tensor(name, kind, array.shape, array.flatten().tolist()))
    model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, to)


def main():
    job = json.load(sys.stdin)
    onnx.checker.check_model(job["model"], full_check=True)
    if job["save"]:
        save_again(job["model"], job["save"])
    if job["export"]:
        written = {}
        exec(job["code"], written)
        arrays = {t.name: numpy_helper.to_array(t) for t in onnx.load(job["model"]).graph.initializer}
        written["export"](os.path.dirname(job["model"]), job["export"], arrays, name="made-elsewhere")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(job["model"], options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    answers = []
    for run in job["runs"]:
        feed = {k: np.array(v["data"], np.float32).reshape(v["shape"]) for k, v in run["feed"].items()}
        if run["stateful"]:
            steps = feed["sequence"]
            for t in range(len(steps)):
                out = dict(zip(names, session.run(names, {**feed, "sequence": steps[t : t + 1]})))
                feed["h"], feed["c"] = out["h_out"], out["c_out"]
        else:
            out = dict(zip(names, session.run(names, feed)))
        answers.append({k: {"shape": v.shape, "data": v.astype(np.float64).flatten().tolist()} for k, v in out.items()})
    json.dump(answers, sys.stdout)


main()
