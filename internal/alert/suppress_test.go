package alert_test

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/eventpattern"
)

var today = time.Date(2027, 1, 15, 12, 0, 0, 0, time.UTC)

func TestASuppressionIsCheckedAgainstTheZoneAndTheDay(t *testing.T) {
	good := config.AlertSuppression{Alert: "bucket-access-changed", Accounts: []string{"shop"}, Reason: "load tests", Expires: "2027-01-15"}
	change := func(f func(*config.AlertSuppression)) []config.AlertSuppression {
		s := good
		f(&s)
		return []config.AlertSuppression{s}
	}
	for name, test := range map[string]struct {
		suppressions []config.AlertSuppression
		changes      []config.AlertChange
		want         string
	}{
		"on its last day it holds":  {suppressions: []config.AlertSuppression{good}},
		"the day after it does not": {change(func(s *config.AlertSuppression) { s.Expires = "2027-01-14" }), nil, `the suppression has expired; today is 2027-01-15`},
		"a day that does not exist": {change(func(s *config.AlertSuppression) { s.Expires = "2027-02-30" }), nil, "there is no such day"},
		"an alert that is none":     {change(func(s *config.AlertSuppression) { s.Alert = "bucket" }), nil, "there is no such alert"},
		"an account that is none":   {change(func(s *config.AlertSuppression) { s.Accounts = []string{"shopp"} }), nil, "there is no such account in the file"},
		"everything":                {change(func(s *config.AlertSuppression) { s.Accounts = nil }), nil, "would leave out every event"},
		"an alert of one account":   {change(func(s *config.AlertSuppression) { s.Alert = "log-archive-bucket-changed" }), nil, "the alert listens in the log-archive account only"},
		"a finding has an account":  {suppressions: change(func(s *config.AlertSuppression) { s.Alert = "guardduty-finding-high" })},
		"a finding has no principal": {change(func(s *config.AlertSuppression) {
			s.Alert = "guardduty-finding-high"
			s.Principals = []string{"role/x"}
		}), nil, "do not say who caused them"},
		"a pattern that is too long": {change(func(s *config.AlertSuppression) {
			s.Alert = "zone-resources-changed"
			s.Accounts = nil
			for i := range 2 {
				s.Principals = append(s.Principals, fmt.Sprintf("role/%d-%s", i, strings.Repeat("long-name-", 6)))
			}
		}), nil, "EventBridge allows 2048"},
		"two with both":                       {slices.Repeat(change(func(s *config.AlertSuppression) { s.Principals = []string{"role/x"} }), 2), nil, "only when it is the alert's only one"},
		"two roles":                           {suppressions: change(func(s *config.AlertSuppression) { s.Principals = []string{"role/x", "role/y"} })},
		"four users":                          {suppressions: change(func(s *config.AlertSuppression) { s.Principals = []string{"user/a", "user/b", "user/c", "user/d"} })},
		"one role with a star":                {suppressions: change(func(s *config.AlertSuppression) { s.Principals = []string{"role/x-*"} })},
		"one with both":                       {suppressions: change(func(s *config.AlertSuppression) { s.Principals = []string{"role/x"} })},
		"one with both beside another":        {append(change(func(s *config.AlertSuppression) { s.Principals = []string{"role/x"} }), good), nil, "only when it is the alert's only one"},
		"three roles":                         {change(func(s *config.AlertSuppression) { s.Principals = []string{"role/x", "role/y", "role/z"} }), nil, "together 6, and 4 are allowed"},
		"stars in roles":                      {change(func(s *config.AlertSuppression) { s.Principals = []string{"role/x-*", "role/y"} }), nil, "together 6, and 4 are allowed"},
		"a tier":                              {changes: []config.AlertChange{{ID: "iam-policy-changed", Tier: "notify"}}},
		"a tier of an alert that is none":     {nil, []config.AlertChange{{ID: "iam-policy", Tier: "notify"}}, "there is no such alert"},
		"a tier twice":                        {nil, []config.AlertChange{{ID: "iam-policy-changed", Tier: "notify"}, {ID: "iam-policy-changed", Tier: "off"}}, "twice"},
		"a critical alert off":                {nil, []config.AlertChange{{ID: "root-activity", Tier: "off"}}, "nobody would be told of it"},
		"a critical alert off with a reason":  {changes: []config.AlertChange{{ID: "root-activity", Tier: "off", Reason: "the SIEM has it"}}},
		"a critical alert on the other topic": {changes: []config.AlertChange{{ID: "root-activity", Tier: "notify"}}},
	} {
		t.Run(name, func(t *testing.T) {
			z := testZone()
			z.Alerts.Suppressions, z.Alerts.Changes = test.suppressions, test.changes
			got := alert.Check(z, catalogue(t), today)
			if test.want == "" {
				assert.Empty(t, got)
				return
			}
			require.NotEmpty(t, got)
			assert.Contains(t, got.Error(), test.want)
		})
	}
}

func TestATierOfTheFileWins(t *testing.T) {
	z := testZone()
	z.Alerts.Changes = []config.AlertChange{{ID: "iam-policy-changed", Tier: "page"}, {ID: "root-activity", Tier: "off", Reason: "r"}, {ID: "security-hub-exposure", Tier: "notify"}}
	tiers := map[string]alert.Tier{}
	for _, r := range alert.For(z, catalogue(t)) {
		tiers[r.ID] = r.Tier
	}
	assert.Equal(t, alert.Page, tiers["iam-policy-changed"])
	assert.Equal(t, alert.Notify, tiers["security-hub-exposure"])
	assert.NotContains(t, tiers, "root-activity")
}

func TestEachMailTierHasItsRecipients(t *testing.T) {
	z := testZone()
	z.Recipients = []string{"a@example.com", "c@example.com"}
	z.Alerts = config.Alerts{PageRecipients: []string{"b@example.com", "c@example.com"}, NotifyRecipients: []string{"d@example.com"}}
	assert.Equal(t, []string{"a@example.com", "b@example.com", "c@example.com"}, alert.Recipients(z, alert.Page))
	assert.Equal(t, []string{"a@example.com", "c@example.com", "d@example.com"}, alert.Recipients(z, alert.Notify))
	assert.Empty(t, alert.Recipients(z, alert.Digest))
}

// suppressed says in other words than the pattern's whether a suppression leaves out an event of CloudTrail.
func suppressed(s config.AlertSuppression, account, arn string) bool {
	inAccounts := len(s.Accounts) == 0 || slices.Contains(s.Accounts, map[string]string{"444455556666": "shop", "555555555555": "log-archive", "123456789012": "audit"}[account])
	inPrincipals := len(s.Principals) == 0 || slices.ContainsFunc(s.Principals, func(p string) bool {
		kind, name, _ := strings.Cut(p, "/")
		parts := strings.Split(arn[strings.LastIndex(arn, ":")+1:], "/")
		if kind == "role" {
			ok, err := path.Match(name, parts[1])
			return parts[0] == "assumed-role" && err == nil && ok
		}
		ok, err := path.Match(name, parts[1])
		return parts[0] == "user" && err == nil && ok
	})
	return inAccounts && inPrincipals
}

func TestSuppressionsLeaveOutExactlyTheirEvents(t *testing.T) {
	accounts := []string{"shop", "log-archive", "audit"}
	principals := []string{"role/deploy", "role/deploy-*", "user/ci", "user/*"}
	arns := []string{
		"arn:aws:sts::444455556666:assumed-role/deploy/jane", "arn:aws:sts::444455556666:assumed-role/deploy-1/jane",
		"arn:aws:sts::444455556666:assumed-role/deployment/jane", "arn:aws:sts::444455556666:assumed-role/admin/deploy",
		"arn:aws:iam::444455556666:user/ci", "arn:aws:iam::444455556666:user/jane",
	}
	ids := map[string]string{"shop": "444455556666", "log-archive": "555555555555", "audit": "123456789012"}
	a, ok := catalogue(t).Get("kms-key-disabled")
	require.True(t, ok)
	one := &alert.Catalogue{Alerts: []alert.Alert{a}}
	rapid.Check(t, func(t *rapid.T) {
		z := testZone()
		n := rapid.IntRange(0, 4).Draw(t, "suppressions")
		for range n {
			s := config.AlertSuppression{
				Alert:      "kms-key-disabled",
				Accounts:   rapid.SliceOfNDistinct(rapid.SampledFrom(accounts), 0, 2, rapid.ID).Draw(t, "accounts"),
				Principals: rapid.SliceOfNDistinct(rapid.SampledFrom(principals), 0, 2, rapid.ID).Draw(t, "principals"),
				Expires:    "2027-12-31",
			}
			if len(s.Accounts)+len(s.Principals) > 0 {
				z.Alerts.Suppressions = append(z.Alerts.Suppressions, s)
			}
		}
		routed := alert.For(z, one)
		require.Len(t, routed, 1)
		r := routed[0].WithAccountIDs(func(name string) string { return ids[name] })
		text, err := r.BusPattern(func(alert.Accounts) string { return "111122223333" })
		require.NoError(t, err)
		p, err := eventpattern.Parse(text)
		require.NoError(t, err, "%s", text)
		for _, id := range []string{"444455556666", "555555555555", "123456789012", "111122223333"} {
			for _, arn := range arns {
				event, err := json.Marshal(map[string]any{
					"source": "aws.kms", "detail-type": "AWS API Call via CloudTrail", "account": id, "region": "eu-west-1",
					"detail": map[string]any{"eventName": "DisableKey", "userIdentity": map[string]any{"type": "X", "arn": arn}},
				})
				require.NoError(t, err)
				got, err := p.Match(event)
				require.NoError(t, err)
				want := !slices.ContainsFunc(z.Alerts.Suppressions, func(s config.AlertSuppression) bool { return suppressed(s, id, arn) })
				require.Equal(t, want, got, "account %s, principal %s, %+v\n%s", id, arn, z.Alerts.Suppressions, text)
			}
		}
	})
}

func TestAccountNamesOfSuppressionsMustBecomeIDs(t *testing.T) {
	z := testZone()
	z.Alerts.Suppressions = []config.AlertSuppression{
		{Alert: "root-activity", Accounts: []string{"shop"}, Expires: "2027-12-31"},
		{Alert: "guardduty-finding-high", Accounts: []string{"audit"}, Expires: "2027-12-31"},
	}
	routed := alert.For(z, catalogue(t))
	assert.Equal(t, []string{"audit", "shop"}, alert.AccountNames(routed))
	for _, r := range routed {
		_, err := r.BusPattern(func(alert.Accounts) string { return "111122223333" })
		assert.Equal(t, r.ID == "root-activity" || r.ID == "guardduty-finding-high", err != nil, r.ID)
	}
	forwards, err := alert.Forwards(z, routed)
	require.NoError(t, err)
	for _, f := range forwards {
		assert.NotContains(t, string(f.Pattern), "{{", "a forwarding rule is in accounts that do not know the ids")
	}
}
