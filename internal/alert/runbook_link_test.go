package alert_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/alert"
)

func TestTheLinksLeadToTheRunbooksOfTheZonesFile(t *testing.T) {
	z := testZone()
	z.Alerts.Runbooks = "https://wiki.example.com/runbooks/"
	for _, r := range alert.For(z, catalogue(t)) {
		link := "https://wiki.example.com/runbooks/" + r.Runbook + ".md"
		assert.Equal(t, link, r.RunbookLink())
		assert.Contains(t, r.InputTemplate, `"Runbook: `+link+`"`)
		assert.NotContains(t, r.InputTemplate, config.DefaultRunbooks)
		require.NotEmpty(t, r.Proof.Raises)
		mail, err := r.Mail(r.Proof.Raises[0].Event)
		require.NoError(t, err)
		assert.Contains(t, mail, "Runbook: "+link+"\n")
	}
}

func TestAMailWithTheLongestAddressOfRunbooksIsNotTooLong(t *testing.T) {
	z := testZone()
	z.Alerts.Runbooks = "https://example.com/" + strings.Repeat("a", config.MaxRunbooksLength-len("https://example.com//")) + "/"
	require.Len(t, z.Alerts.Runbooks, config.MaxRunbooksLength)
	for _, r := range alert.For(z, catalogue(t)) {
		assert.LessOrEqual(t, utf8.RuneCountInString(r.InputTemplate), alert.MaxInputTemplate, r.ID)
	}
}
