package duck

// Same gives how many live rows were known to be the same as they arrived, -1 where they
// were not compared then.
func (d *Draft) Same() int64 {
	if d.r.arriving == nil {
		return -1
	}
	return d.r.arriving.same
}

// Pairs gives how many of them went on beside the row of the file.
func (d *Draft) Pairs() int64 {
	if d.r.arriving == nil {
		return 0
	}
	return d.r.arriving.pairs.len()
}
