// Package parquet reads the columns of single values of Parquet files as delimited text, within
// bounds that hold for any bytes.
//
// [Open] reads the metadata of a file: how many rows and columns it claims. [File.Text] makes the
// rows, a group at a time and a page of each column at a time. The caller compares the rows with
// its own bound first. Package tabular is the one caller:
//
//	f, err := parquet.Open(r)
//	if err != nil || f.Rows() > most {
//		...
//	}
//	rows, err := csv.NewReader(f.Text()).Read()
//
// The files of the package stand in this order along the way of the bytes: thrift (the protocol of
// metadata), footer and schema (what the metadata says), page (headers, codecs), column (the pages
// of a column), values (the encodings), cell (a value as the text of a field), text.
//
// It must never make room for what the bytes only claim: a list has no more elements than its
// bytes, a page is unpacked up to the length in its header, values are decoded one by one. It has
// no write side.
package parquet
