package alert_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/alert"
)

func catalogue(t testing.TB) *alert.Catalogue {
	t.Helper()
	c, err := alert.Load(os.DirFS("../../controls/alerts"))
	require.NoError(t, err)
	return c
}

func TestTheCatalogueLoads(t *testing.T) {
	require.NotEmpty(t, catalogue(t).Alerts)
}
