package alert_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/alert"
)

func catalogue(t testing.TB) *alert.Catalogue {
	t.Helper()
	c, err := alert.Load(controls.Alerts())
	require.NoError(t, err)
	return c
}

func TestTheCatalogueLoads(t *testing.T) {
	require.NotEmpty(t, catalogue(t).Alerts)
}
