package app

import (
	"testing"

	"sutor/internal/connector/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
