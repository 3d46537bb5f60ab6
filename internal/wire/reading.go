package wire

// Reading is how a change's file is read, to be looked at and corrected.
type Reading struct {
	Dialect string       `json:"dialect,omitempty"` // in words; absent where the file is too large to be read again
	Sheet   string       `json:"sheet,omitempty"`
	Columns []FileColumn `json:"columns"` // in the file's order
	Rows    [][]*string  `json:"rows"`    // the first, as they stand in the file
}

// FileColumn is one column of a file, with some of what stands in it.
type FileColumn struct {
	Mapped
	Samples []string `json:"samples"`
	Ways    []Way    `json:"ways,omitempty"` // where its cells can be read in several ways
}

// Way is one way to read the cells of a column.
type Way struct {
	Format string   `json:"format"` // its name, for --format
	Says   string   `json:"says"`
	Reads  []string `json:"reads"` // what the samples would be
}
