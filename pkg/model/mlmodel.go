package model

import (
	"encoding/json"
	"fmt"

	"gopkg.in/yaml.v3"

	"github.com/loadtide/loadtide/pkg/onnx"
)

// Files by which MLflow loads the folder as a model: with mlflow.onnx.load_model and
// mlflow.pyfunc.load_model, from the folder or, after a registration, from MLflow. Loadtide does
// not read them, and the digest does not cover them.
const (
	mlmodelFile      = "MLmodel"
	requirementsFile = "requirements.txt"
	condaFile        = "conda.yaml"
	pythonFile       = "python_env.yaml"
	exampleFile      = "input_example.json"
	servingFile      = "serving_input_example.json"
)

// The versions that the files name. The tests load the files with these versions.
const (
	mlflowVersion      = "3.17.2"
	onnxVersion        = "1.23.2"
	onnxruntimeVersion = "1.32.0"
	pythonVersion      = "3.11.7"
)

// mlmodel is the file MLmodel. The registration adds the fields that only it knows: model_id,
// run_id, artifact_path, utc_time_created.
type mlmodel struct {
	Flavors struct {
		ONNX     onnxFlavor     `yaml:"onnx"`
		Function functionFlavor `yaml:"python_function"`
	} `yaml:"flavors"`
	Version   string `yaml:"mlflow_version"`
	Signature struct {
		Inputs  string `yaml:"inputs"`
		Outputs string `yaml:"outputs"`
	} `yaml:"signature"`
	Example struct {
		Path    string `yaml:"artifact_path"`
		Format  string `yaml:"format"`
		Serving string `yaml:"serving_input_path"`
		Type    string `yaml:"type"`
	} `yaml:"saved_input_example_info"`
}

type onnxFlavor struct {
	Data      string   `yaml:"data"`
	Version   string   `yaml:"onnx_version"`
	Providers []string `yaml:"providers"`
}

type functionFlavor struct {
	Loader string            `yaml:"loader_module"`
	Data   string            `yaml:"data"`
	Python string            `yaml:"python_version"`
	Env    map[string]string `yaml:"env"`
}

// mlflowFiles returns these files for a model of this spec.
func mlflowFiles(s Spec) ([]namedFile, error) {
	graph := graphOf(s)
	var m mlmodel
	m.Version = mlflowVersion
	m.Flavors.ONNX = onnxFlavor{modelFile, onnxVersion, []string{"CPUExecutionProvider"}}
	m.Flavors.Function = functionFlavor{
		"mlflow.onnx", modelFile, pythonVersion,
		map[string]string{"conda": condaFile, "virtualenv": pythonFile},
	}
	m.Example.Path, m.Example.Serving = exampleFile, servingFile
	m.Example.Type, m.Example.Format = "ndarray", "tf-serving"
	var err error
	if m.Signature.Inputs, err = signature(graph.Inputs); err != nil {
		return nil, err
	}
	if m.Signature.Outputs, err = signature(graph.Outputs); err != nil {
		return nil, err
	}
	about, err := yaml.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", mlmodelFile, err)
	}
	example, err := json.Marshal(inputExample(graph.Inputs))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", exampleFile, err)
	}
	serving := fmt.Appendf(nil, `{"inputs": %s}`, example) // what a scoring server takes
	packages := []string{
		"mlflow==" + mlflowVersion, "onnx==" + onnxVersion, "onnxruntime==" + onnxruntimeVersion,
	}
	requirements, conda := "", "name: mlflow-env\nchannels:\n- conda-forge\ndependencies:\n- "+
		"python="+pythonVersion+"\n- pip\n- pip:\n"
	for _, p := range packages {
		requirements += p + "\n"
		conda += "  - " + p + "\n"
	}
	python := "python: " + pythonVersion + "\nbuild_dependencies:\n- pip\ndependencies:\n- -r " +
		requirementsFile + "\n"
	return []namedFile{
		{mlmodelFile, about}, {requirementsFile, []byte(requirements)}, {condaFile, []byte(conda)},
		{pythonFile, []byte(python)},
		{exampleFile, example}, {servingFile, serving},
	}, nil
}

// signature returns MLflow's JSON for tensors. -1 stands for a size that each run chooses.
func signature(values []onnx.Value) (string, error) {
	type tensor struct {
		Type  string `json:"dtype"`
		Shape []int  `json:"shape"`
	}
	type column struct {
		Name string `json:"name"`
		Type string `json:"type"`
		Spec tensor `json:"tensor-spec"`
	}
	var columns []column
	for _, v := range values {
		shape := make([]int, len(v.Dims))
		for i, d := range v.Dims {
			shape[i] = int(d.Size)
			if d.Name != "" {
				shape[i] = -1
			}
		}
		columns = append(columns, column{v.Name, "tensor", tensor{"float32", shape}})
	}
	b, err := json.Marshal(columns)
	return string(b), err
}

// exampleSize is the number of steps and of series of the input example.
const exampleSize = 2

// inputExample returns an array for each input. The values are near 1, as scaled values of a load
// are; they have no other meaning.
func inputExample(values []onnx.Value) map[string]any {
	all := map[string]any{}
	for i, v := range values {
		n := i
		all[v.Name] = nested(v.Dims, func() float64 {
			n++
			return 0.25 + float64(n%5)/4 // exact in float32
		})
	}
	return all
}

func nested(dims []onnx.Dim, next func() float64) any {
	if len(dims) == 0 {
		return next()
	}
	size := int(dims[0].Size)
	if dims[0].Name != "" {
		size = exampleSize
	}
	list := make([]any, size)
	for i := range list {
		list[i] = nested(dims[1:], next)
	}
	return list
}
