package controls

import (
	"embed"
	"io/fs"
)

//go:embed metricfilters
var metricFilters embed.FS

// MetricFilters is the metric-filter pack of the organization trail's log group, one file per filter.
func MetricFilters() fs.FS {
	sub, err := fs.Sub(metricFilters, "metricfilters")
	if err != nil {
		return metricFilters // unreachable: the embedded folder exists at compile time
	}
	return sub
}
