package initialize

import (
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/config"
)

// Answers are what nobody but the user knows.
type Answers struct {
	Zone string
	// Home is the home Region; Governed are the governed ones, the home Region alone when empty.
	Home     string
	Governed []string
	// Email is the pattern of the accounts' addresses.
	Email string
	// Recipients are told of alerts.
	Recipients []string
	// OUs are wished beyond those of every zone.
	OUs []string
	// Accounts are wished.
	Accounts []Wish
	// Schema is where the file's JSON Schema lies from the file; "" when it is not there.
	Schema string
}

// Wish is a workload account that is to be made.
type Wish struct {
	Name, OU string
}

// File is the text of a file with these answers. It is always YAML; whether the answers are right is for config.Parse to say.
func File(a Answers) string {
	d := newDraft(a)
	d.ous = slices.Clone(a.OUs)
	for _, w := range a.Accounts {
		d.accounts = append(d.accounts, line{name: w.Name, ou: w.OU})
	}
	return d.text()
}

// Check says what is wrong with the answers, by the rules of the file. The paths of the problems are those of [File]'s
// text: zone, regions.home, regions.governed[0], email, alerts.recipients[0], organizationalUnits[0], accounts[0].name.
func Check(a Answers) config.Problems {
	_, problems := config.Parse("", []byte(File(a)))
	return problems
}

// CheckOne is Check for one answer, whose path in the file it takes; other answers may still be missing. Answers that
// the one depends on are used: the home Region for the governed ones, the OUs for the accounts.
func CheckOne(a Answers, path string) config.Problems {
	sample := Answers{Zone: "zone", Home: "us-east-1", Email: "aws+{account}@example.com", Recipients: []string{"security@example.com"}, OUs: a.OUs}
	switch path {
	case "zone":
		sample.Zone = a.Zone
	case "regions.home":
		sample.Home = a.Home
	case "regions":
		sample.Home, sample.Governed = a.Home, a.Governed
	case "email":
		sample.Email = a.Email
	case "alerts":
		sample.Recipients = a.Recipients
	case "accounts":
		sample.Email, sample.Accounts = a.Email, a.Accounts
	}
	return slices.DeleteFunc(Check(sample), func(p config.Problem) bool {
		return p.Path != path && !strings.HasPrefix(p.Path, path+".") && !strings.HasPrefix(p.Path, path+"[")
	})
}
