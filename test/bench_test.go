package test

import "testing"

// The targets are those of whole commands; test/bench times these.
func BenchmarkSynthDefault(b *testing.B)                 { benchmarkSynth(b, 3, 2) }
func BenchmarkSynth50AccountsIn2Regions(b *testing.B)    { benchmarkSynth(b, 50, 2) }
func BenchmarkSynth1000AccountsIn17Regions(b *testing.B) { benchmarkSynth(b, 1000, 17) }

func benchmarkSynth(b *testing.B, accounts, regions int) {
	z := largeZone(b, accounts, regions)
	for b.Loop() {
		synthesize(b, z)
	}
}
