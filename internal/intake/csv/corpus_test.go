package csv

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Every file of the corpus, whatever it is, with every separator: the fast
// scanner says what the parser says.
func TestScannerLikeParserOnCorpus(t *testing.T) {
	t.Parallel()
	files := 0
	err := filepath.WalkDir("testdata", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		file, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, delimiter := range []byte{',', ';', '\t'} {
			scannerLikeParser(t, file, delimiter)
		}
		files++
		return nil
	})
	if err != nil || files < 50 {
		t.Errorf("%d files, %v", files, err)
	}
}
