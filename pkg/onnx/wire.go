package onnx

import (
	"errors"
	"fmt"
	"io"

	pw "google.golang.org/protobuf/encoding/protowire"
)

// Numbers of fields in onnx.proto3. Those named ...Doc say something to people
// or tools and are passed over; what is not named is refused.
const (
	modelIRVersion, modelProducer, modelProducerVersion, modelDomain       = 1, 2, 3, 4
	modelVersion, modelDoc, modelGraph, modelOpset, modelMetadata          = 5, 6, 7, 8, 14
	opsetDomain, opsetVersion                                              = 1, 2
	propertyKey, propertyValue                                             = 1, 2
	graphNode, graphName, graphInitializer, graphDoc                       = 1, 2, 5, 10
	graphInput, graphOutput, graphValueInfo                                = 11, 12, 13
	nodeInput, nodeOutput, nodeName, nodeOp                                = 1, 2, 3, 4
	nodeAttribute, nodeDoc, nodeDomain                                     = 5, 6, 7
	attributeName, attributeInt, attributeDoc, attributeType               = 1, 3, 13, 20
	tensorDim, tensorType, tensorFloats, tensorInts, tensorName, tensorRaw = 1, 2, 4, 7, 8, 9
	tensorDoc, tensorExternal, tensorLocation                              = 12, 13, 14
	valueName, valueType, valueDoc                                         = 1, 2, 3
	typeTensor                                                             = 1
	tensorTypeElement, tensorTypeShape                                     = 1, 2
	shapeDim                                                               = 1
	dimSize, dimName                                                       = 1, 2
)

// field is one field of a message: a number, or bytes that belong to the file.
type field struct {
	num   pw.Number
	kind  pw.Type
	value uint64
	bytes []byte
}

// fields hands out the fields of a message in their order.
func fields(b []byte, each func(field) error) error {
	for len(b) > 0 {
		var f field
		var n int
		f.num, f.kind, n = pw.ConsumeTag(b)
		if n < 0 {
			return wireError(n)
		}
		b = b[n:]
		switch f.kind {
		case pw.VarintType:
			f.value, n = pw.ConsumeVarint(b)
		case pw.BytesType:
			f.bytes, n = pw.ConsumeBytes(b)
		case pw.Fixed32Type:
			var v uint32
			v, n = pw.ConsumeFixed32(b)
			f.value = uint64(v)
		case pw.Fixed64Type:
			f.value, n = pw.ConsumeFixed64(b)
		default:
			return fmt.Errorf("not ONNX: field %d has wire type %d", f.num, f.kind)
		}
		if n < 0 {
			return wireError(n)
		}
		b = b[n:]
		if err := each(f); err != nil {
			return err
		}
	}
	return nil
}

func wireError(n int) error {
	if err := pw.ParseError(n); !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("not ONNX: %w", err)
	}
	return errors.New("cut short")
}

func (f field) integer(to *int64) error {
	if f.kind != pw.VarintType {
		return fmt.Errorf("not ONNX: field %d is no integer", f.num)
	}
	*to = int64(f.value)
	return nil
}

func (f field) message(each func(field) error) error {
	if f.kind != pw.BytesType {
		return fmt.Errorf("not ONNX: field %d is no message", f.num)
	}
	return fields(f.bytes, each)
}

func (f field) text(to *string, most int) error {
	if f.kind != pw.BytesType {
		return fmt.Errorf("not ONNX: field %d is no text", f.num)
	}
	if len(f.bytes) > most {
		return fmt.Errorf("a text of %d bytes, at most %d are read", len(f.bytes), most)
	}
	*to = string(f.bytes)
	return nil
}

// texts appends a text to a list of bounded length.
func (f field) texts(to *[]string) error {
	if len(*to) == maxTerms {
		return fmt.Errorf("more than %d inputs or outputs", maxTerms)
	}
	var text string
	err := f.text(&text, maxText)
	*to = append(*to, text)
	return err
}

// integers appends a repeated integer, packed or not, to a list of bounded length.
func (f field) integers(to *[]int64, most int) error {
	add := func(v uint64) error {
		if len(*to) == most {
			return fmt.Errorf("more than %d integers", most)
		}
		*to = append(*to, int64(v))
		return nil
	}
	switch f.kind {
	case pw.VarintType:
		return add(f.value)
	case pw.BytesType:
		for b := f.bytes; len(b) > 0; {
			v, n := pw.ConsumeVarint(b)
			if n < 0 {
				return wireError(n)
			}
			if err := add(v); err != nil {
				return err
			}
			b = b[n:]
		}
		return nil
	default:
		return fmt.Errorf("not ONNX: field %d holds no integers", f.num)
	}
}

// unknown refuses what could change the meaning of the message.
func (f field) unknown() error { return fmt.Errorf("has field %d, which is not read", f.num) }
