package eventpattern

import (
	"math"
	"strconv"
	"strings"
)

// Limits of numeric operands (EventBridge User Guide, "Numeric matching", read 2026-11-25).
const (
	// MaxNumber is the largest operand of "numeric" and, negated, the smallest.
	MaxNumber = 5e9
	// MaxDecimals is how many digits an operand of "numeric" may have right of the decimal point.
	MaxDecimals = 6
)

// decimal is a JSON number without the ways of writing it: 0.digits times ten to the exponent, with digits that neither
// start nor end with a zero; zero has no digits.
type decimal struct {
	negative bool
	digits   string
	exponent int
}

// parseDecimal reads a number as JSON writes it. It fails when the exponent does not fit an int.
func parseDecimal(text string) (decimal, bool) {
	mantissa, exponentText := text, ""
	if e := strings.IndexAny(text, "eE"); e >= 0 {
		mantissa, exponentText = text[:e], text[e+1:]
	}
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	exponent := len(digits) - len(fraction)
	digits = strings.TrimRight(digits, "0")
	if digits == "" {
		return decimal{}, true
	}
	if exponentText != "" {
		shift, err := strconv.ParseInt(exponentText, 10, 32)
		if err != nil {
			return decimal{}, false
		}
		exponent += int(shift)
	}
	return decimal{negative, digits, exponent}, true
}

// decimals is the count of digits right of the decimal point.
func (d decimal) decimals() int { return max(0, len(d.digits)-d.exponent) }

// safeDigits and safeExponent bound the decimals that every double with their value prints again the same way.
const (
	safeDigits   = 15
	safeExponent = 300
)

// comparableNumber returns the value of the text of a JSON number, or false when the text is no number or when a double does
// not hold the number such that its shortest decimal form is the number itself.
func comparableNumber(text string) (float64, bool) {
	if c := text[0]; c != '-' && (c < '0' || c > '9') {
		return 0, false
	}
	if len(text) <= safeDigits {
		if whole, err := strconv.ParseUint(text, 10, 64); err == nil {
			return float64(whole), true // the usual case, decided fast
		}
	}
	written, ok := parseDecimal(text)
	if !ok {
		return 0, false
	}
	if written.digits == "" {
		return 0, true // -0 is 0
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(value, 0) {
		return 0, false
	}
	if len(written.digits) <= safeDigits && written.exponent > -safeExponent && written.exponent < safeExponent {
		return value, true
	}
	held, _ := parseDecimal(strconv.FormatFloat(value, 'e', -1, 64))
	return value, held == written
}
