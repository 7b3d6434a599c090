package controls

import (
	"embed"
	"io/fs"
)

//go:embed detective/*.yaml
var detective embed.FS

// Detective holds the detective rules, one file each in the folder detective.
func Detective() fs.FS { return detective }
