package controls

import (
	"embed"
	"io/fs"
)

//go:embed alerts
var alerts embed.FS

// Alerts is the alert catalogue: one file per alert, the events that proofs build on in events/,
// and pattern parts that several alerts share in parts/.
func Alerts() fs.FS {
	sub, err := fs.Sub(alerts, "alerts")
	if err != nil {
		return alerts // unreachable: the embedded folder exists at compile time
	}
	return sub
}
