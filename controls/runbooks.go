package controls

import (
	"embed"
	"io/fs"
)

//go:embed runbooks
var runbooks embed.FS

// Runbooks is what people wrote of the runbooks, one file each; docs/runbooks is generated from it and the alerts.
func Runbooks() fs.FS {
	sub, err := fs.Sub(runbooks, "runbooks")
	if err != nil {
		return runbooks // unreachable: the embedded folder exists at compile time
	}
	return sub
}
