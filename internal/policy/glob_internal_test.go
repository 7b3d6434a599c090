package policy

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// naiveMatch tries every way to use up s, one token at a time.
func naiveMatch(tokens []token, s []rune) bool {
	if len(tokens) == 0 {
		return len(s) == 0
	}
	switch t := tokens[0]; t.kind {
	case literal:
		text := []rune(t.text)
		return len(s) >= len(text) && string(s[:len(text)]) == t.text && naiveMatch(tokens[1:], s[len(text):])
	case anyOne, anyOneNoSep:
		return len(s) > 0 && (t.kind == anyOne || s[0] != ':') && naiveMatch(tokens[1:], s[1:])
	case anyRun, anyRunNoSep:
		for n := 0; n <= len(s); n++ {
			if naiveMatch(tokens[1:], s[n:]) {
				return true
			}
			if n < len(s) && t.kind == anyRunNoSep && s[n] == ':' {
				return false
			}
		}
	}
	return false
}

func genTokens(t *rapid.T) []token {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) token {
		kind := rapid.SampledFrom([]tokenKind{literal, literal, anyRun, anyRun, anyRunNoSep, anyOne, anyOneNoSep}).Draw(t, "kind")
		if kind == literal {
			return token{kind: kind, text: rapid.StringMatching(`[ab:é]{1,3}`).Draw(t, "text")}
		}
		return token{kind: kind}
	}), 0, 7).Draw(t, "tokens")
}

func TestGlobsMatchAsTheNaiveMatcherDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tokens := genTokens(t)
		text := rapid.StringMatching(`[ab:é]{0,10}`).Draw(t, "text")
		require.Equal(t, naiveMatch(tokens, []rune(text)), newGlob(tokens).match(text))
	})
}

func TestGlobsOfStarsAndLiteralsMatchAsTheNaiveMatcherDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tokens, err := tokenize(rapid.StringMatching(`[ab*]{0,8}`).Draw(t, "pattern"), true, false)
		require.NoError(t, err)
		text := rapid.StringMatching(`[ab]{0,10}`).Draw(t, "text")
		require.Equal(t, naiveMatch(tokens, []rune(text)), newGlob(tokens).match(text))
	})
}

func TestAHostilePatternTakesLittleTime(t *testing.T) {
	var tokens []token
	text := make([]byte, 5000)
	for i := range text {
		text[i] = 'a'
	}
	for range 60 {
		tokens = append(tokens, token{kind: anyRunNoSep}, token{kind: literal, text: "a"}, token{kind: anyOne})
	}
	tokens = append(tokens, token{kind: literal, text: "b"})
	require.False(t, newGlob(tokens).match(string(text)))
}

func TestDecimalsCompareAsNumbers(t *testing.T) {
	ordered := []string{"-100", "-99.99", "-1.5", "-1.25", "-0.1", "0", "0.09", "0.1", "1", "1.05", "1.5", "9", "10", "99999999999999999999", "100000000000000000000"}
	for i, a := range ordered {
		for j, b := range ordered {
			x, ok := parseDecimal(a)
			require.True(t, ok)
			y, ok := parseDecimal("+" + b)
			if b[0] == '-' {
				y, ok = parseDecimal(b)
			}
			require.True(t, ok)
			require.Equal(t, min(max(i-j, -1), 1), x.compare(y), "%s and %s", a, b)
		}
	}
	for _, text := range []string{"", "-", "1.", ".5", "1e3", "0x1", "1,5", " 1", "--1", "١"} {
		_, ok := parseDecimal(text)
		require.False(t, ok, "%q", text)
	}
}

func TestTheCacheStaysWithinItsBounds(t *testing.T) {
	e := newLineEvaluator(cachedBytes)
	filler := make([]byte, 100<<10)
	for i := range filler {
		filler[i] = ' '
	}
	for i := range 1000 {
		text := append([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`), filler[:len(filler)-i]...)
		_, err := e.policy(SCP, text)
		require.NoError(t, err)
		require.LessOrEqual(t, e.bytes, cachedBytes)
		require.Equal(t, len(e.cache), e.recent.Len())
	}
	for i := range 2 * cachedEntries {
		text := append([]byte(`{}`), filler[:i]...)
		_, err := e.policy(SCP, text)
		require.Error(t, err)
	}
	require.LessOrEqual(t, len(e.cache), cachedEntries)
	p, err := e.policy(RCP, []byte(fullAccessText))
	require.NoError(t, err)
	again, err := e.policy(RCP, []byte(fullAccessText))
	require.NoError(t, err)
	require.Same(t, p, again)
	other, err := e.policy(SCP, []byte(fullAccessText))
	require.NoError(t, err)
	require.NotSame(t, p, other)
}

func TestTheCacheTakesAboutTheMemoryThatItCounts(t *testing.T) {
	const budget = 4 << 20
	e := newLineEvaluator(budget)
	live := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before := live()
	for i := range 400 {
		var text strings.Builder
		text.WriteString(`[[{"Version":"2012-10-17","Statement":[`)
		for j := range 30 {
			if j > 0 {
				text.WriteByte(',')
			}
			fmt.Fprintf(&text, `{"Effect":"Deny","Action":["iam:Create%d*","s3:Put*x%d"],"Resource":["arn:aws:iam::*:role/r%d-*","arn:aws:s3:::b%d/*"],`+
				`"Condition":{"StringNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/a%d*","arn:aws:iam::*:role/*b"]}}}`, i, j, i, j, i)
		}
		text.WriteString(`]}]]`)
		levels, err := e.levels(SCP, "scps", []byte(text.String()))
		require.NoError(t, err)
		require.Len(t, levels, 1)
	}
	require.Less(t, live()-before, 2*budget)
	runtime.KeepAlive(e)
}

const fullAccessText = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
