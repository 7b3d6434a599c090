package alert_test

import (
	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/zone"
)

// testZone is a zone of two Regions, as proofs assume it.
func testZone() *zone.Zone {
	return &zone.Zone{
		Name: "example", Prefix: "landfall", HomeRegion: "eu-west-1",
		GovernedRegions: []string{"eu-west-1", "eu-north-1"},
		AlertRegions:    []string{"eu-north-1", "eu-west-1", "us-east-1"},
		Audit:           zone.Account{Name: "audit", ID: "123456789012"},
		LogArchive:      zone.Account{Name: "log-archive", ID: "555555555555"},
		Alerts:          config.Alerts{Runbooks: config.DefaultRunbooks},
		Accounts:        []zone.Account{{Name: "shop", ID: "444455556666"}},
	}
}
