"""Loads a model by MLflow, as others would, and runs it.

Arguments: the model's URI or folder. Standard input is a JSON list of feeds, {input: {"shape": [...], "data": [...]}}.
Standard output is a JSON object: "example", the input example that came with the model, and for each feed what
mlflow.pyfunc and mlflow.onnx make of it, as {output: {"shape": [...], "data": [...]}}. That a wrong input is refused
by the signature is checked here.
"""

import json
import sys

import mlflow
import mlflow.onnx
import numpy as np
import onnxruntime as ort


def out(arrays):
    return {k: {"shape": np.shape(v), "data": np.asarray(v, np.float64).flatten().tolist()} for k, v in arrays.items()}


def main():
    uri = sys.argv[1]
    feeds = [{k: np.array(v["data"], np.float32).reshape(v["shape"]) for k, v in feed.items()} for feed in json.load(sys.stdin)]
    function = mlflow.pyfunc.load_model(uri)
    graph = mlflow.onnx.load_model(uri)
    session = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]

    example = function.metadata.load_input_example(mlflow.artifacts.download_artifacts(uri) if ":" in uri else uri)
    function.predict(example)
    wrong = dict(example)
    wrong["center"] = wrong["center"].reshape(-1, 1)
    try:
        function.predict(wrong)
    except mlflow.MlflowException:
        pass
    else:
        raise SystemExit("an input of another shape was taken")

    answers = {"example": out(example), "pyfunc": [], "onnx": []}
    for feed in feeds:
        answers["pyfunc"].append(out(function.predict(feed)))
        answers["onnx"].append(out(dict(zip(names, session.run(names, feed)))))
    answers["signature"] = {"inputs": sorted(function.metadata.signature.inputs.input_names()), "outputs": sorted(function.metadata.signature.outputs.input_names())}
    json.dump(answers, sys.stdout)


main()
