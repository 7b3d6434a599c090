package alert_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/config"
)

func TestAMailSaysWhatWhoWhereAndWhyInItsFirstFourLines(t *testing.T) {
	for _, a := range catalogue(t).Alerts {
		t.Run(a.ID, func(t *testing.T) {
			for i, c := range a.Proof.Raises {
				mail, err := a.Mail(c.Event)
				require.NoError(t, err)
				lines := strings.Split(mail, "\n")
				assert.True(t, strings.HasPrefix(lines[0], "["+strings.ToUpper(string(a.Severity))+"] "+a.Title+": "), lines[0])
				assert.Regexp(t, `^(Who|About): \S`, lines[1])
				assert.Regexp(t, `^Where: account [0-9]{12}, Region [a-z0-9-]+, at 20`, lines[2])
				assert.Regexp(t, `^Why it matters: \S`, lines[3])
				assert.Equal(t, "First steps:", lines[4], "under five lines come before the details")
				assert.Regexp(t, `^1\. \S`, lines[5])
				assert.Regexp(t, `^3\. \S`, lines[7])
				assert.Equal(t, "Runbook: "+config.DefaultRunbooks+a.Runbook+".md", lines[8])
				assert.NotContains(t, mail, "<")
				if i == 0 {
					assert.NotContains(t, lines[0], ":  ", "%s leaves a gap", lines[0])
				}
			}
		})
	}
}

func TestTheMailOfAFindingNamesTheMemberAccount(t *testing.T) {
	a, ok := catalogue(t).Get("guardduty-finding-high")
	require.True(t, ok)
	mail, err := a.Mail(a.Proof.Raises[0].Event)
	require.NoError(t, err)
	assert.Contains(t, mail, "account 444455556666", "the envelope has the audit account")
	assert.NotContains(t, mail, "123456789012")
}

func TestADrillSaysSoInItsMail(t *testing.T) {
	for _, a := range catalogue(t).Alerts {
		for _, c := range a.Proof.Raises {
			if c.Drill {
				mail, err := a.Mail(c.Event)
				require.NoError(t, err)
				assert.Regexp(t, `(?m)^Drill \(.*\): true$`, mail, "%s: %s", a.ID, c.Name)
			}
		}
	}
}
