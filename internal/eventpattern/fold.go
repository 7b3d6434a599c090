package eventpattern

import (
	"strings"
	"unicode"
)

// fold is a text to be matched whatever the case of its letters.
type fold []foldedLetter

// foldedLetter is how a letter of a fold may appear. The two are equal when the letter has no case, and may be of
// several letters.
type foldedLetter struct {
	lower, upper string
}

func newFold(s string) fold {
	f := make(fold, 0, len(s))
	for _, r := range s {
		letter := foldedLetter{string(r), string(r)}
		if r <= maxFolded {
			letter = foldedLetter{lower(r), upper(r)}
		}
		f = append(f, letter)
	}
	return f
}

// maxFolded is the last letter whose case Event Ruler ignores: it looks at single UTF-16 units.
const maxFolded = 0xffff

// equal tells whether s is the text.
func (f fold) equal(s string) bool {
	rest, ok := f.cutPrefix(s)
	return ok && rest == ""
}

// cutPrefix takes the text away from the start of s.
func (f fold) cutPrefix(s string) (string, bool) {
	for _, letter := range f {
		rest, ok := strings.CutPrefix(s, letter.lower)
		if !ok {
			if rest, ok = strings.CutPrefix(s, letter.upper); !ok {
				return "", false
			}
		}
		s = rest
	}
	return s, true
}

// isSuffixOf tells whether s ends with the text.
func (f fold) isSuffixOf(s string) bool {
	for i := len(f) - 1; i >= 0; i-- {
		rest, ok := strings.CutSuffix(s, f[i].lower)
		if !ok {
			if rest, ok = strings.CutSuffix(s, f[i].upper); !ok {
				return false
			}
		}
		s = rest
	}
	return true
}

// lower is the lower case of a letter, of any number of letters (Unicode SpecialCasing.txt, unconditional mappings).
func lower(r rune) string {
	if r == 0x0130 {
		return "i\u0307"
	}
	return string(unicode.ToLower(r))
}

// upper is the upper case of a letter, of any number of letters (Unicode SpecialCasing.txt, unconditional mappings).
func upper(r rune) string {
	switch r {
	case 0x00df:
		return "\u0053\u0053"
	case 0x0149:
		return "\u02bc\u004e"
	case 0x01f0:
		return "\u004a\u030c"
	case 0x0390:
		return "\u0399\u0308\u0301"
	case 0x03b0:
		return "\u03a5\u0308\u0301"
	case 0x0587:
		return "\u0535\u0552"
	case 0x1e96:
		return "\u0048\u0331"
	case 0x1e97:
		return "\u0054\u0308"
	case 0x1e98:
		return "\u0057\u030a"
	case 0x1e99:
		return "\u0059\u030a"
	case 0x1e9a:
		return "\u0041\u02be"
	case 0x1f50:
		return "\u03a5\u0313"
	case 0x1f52:
		return "\u03a5\u0313\u0300"
	case 0x1f54:
		return "\u03a5\u0313\u0301"
	case 0x1f56:
		return "\u03a5\u0313\u0342"
	case 0x1f80:
		return "\u1f08\u0399"
	case 0x1f81:
		return "\u1f09\u0399"
	case 0x1f82:
		return "\u1f0a\u0399"
	case 0x1f83:
		return "\u1f0b\u0399"
	case 0x1f84:
		return "\u1f0c\u0399"
	case 0x1f85:
		return "\u1f0d\u0399"
	case 0x1f86:
		return "\u1f0e\u0399"
	case 0x1f87:
		return "\u1f0f\u0399"
	case 0x1f88:
		return "\u1f08\u0399"
	case 0x1f89:
		return "\u1f09\u0399"
	case 0x1f8a:
		return "\u1f0a\u0399"
	case 0x1f8b:
		return "\u1f0b\u0399"
	case 0x1f8c:
		return "\u1f0c\u0399"
	case 0x1f8d:
		return "\u1f0d\u0399"
	case 0x1f8e:
		return "\u1f0e\u0399"
	case 0x1f8f:
		return "\u1f0f\u0399"
	case 0x1f90:
		return "\u1f28\u0399"
	case 0x1f91:
		return "\u1f29\u0399"
	case 0x1f92:
		return "\u1f2a\u0399"
	case 0x1f93:
		return "\u1f2b\u0399"
	case 0x1f94:
		return "\u1f2c\u0399"
	case 0x1f95:
		return "\u1f2d\u0399"
	case 0x1f96:
		return "\u1f2e\u0399"
	case 0x1f97:
		return "\u1f2f\u0399"
	case 0x1f98:
		return "\u1f28\u0399"
	case 0x1f99:
		return "\u1f29\u0399"
	case 0x1f9a:
		return "\u1f2a\u0399"
	case 0x1f9b:
		return "\u1f2b\u0399"
	case 0x1f9c:
		return "\u1f2c\u0399"
	case 0x1f9d:
		return "\u1f2d\u0399"
	case 0x1f9e:
		return "\u1f2e\u0399"
	case 0x1f9f:
		return "\u1f2f\u0399"
	case 0x1fa0:
		return "\u1f68\u0399"
	case 0x1fa1:
		return "\u1f69\u0399"
	case 0x1fa2:
		return "\u1f6a\u0399"
	case 0x1fa3:
		return "\u1f6b\u0399"
	case 0x1fa4:
		return "\u1f6c\u0399"
	case 0x1fa5:
		return "\u1f6d\u0399"
	case 0x1fa6:
		return "\u1f6e\u0399"
	case 0x1fa7:
		return "\u1f6f\u0399"
	case 0x1fa8:
		return "\u1f68\u0399"
	case 0x1fa9:
		return "\u1f69\u0399"
	case 0x1faa:
		return "\u1f6a\u0399"
	case 0x1fab:
		return "\u1f6b\u0399"
	case 0x1fac:
		return "\u1f6c\u0399"
	case 0x1fad:
		return "\u1f6d\u0399"
	case 0x1fae:
		return "\u1f6e\u0399"
	case 0x1faf:
		return "\u1f6f\u0399"
	case 0x1fb2:
		return "\u1fba\u0399"
	case 0x1fb3:
		return "\u0391\u0399"
	case 0x1fb4:
		return "\u0386\u0399"
	case 0x1fb6:
		return "\u0391\u0342"
	case 0x1fb7:
		return "\u0391\u0342\u0399"
	case 0x1fbc:
		return "\u0391\u0399"
	case 0x1fc2:
		return "\u1fca\u0399"
	case 0x1fc3:
		return "\u0397\u0399"
	case 0x1fc4:
		return "\u0389\u0399"
	case 0x1fc6:
		return "\u0397\u0342"
	case 0x1fc7:
		return "\u0397\u0342\u0399"
	case 0x1fcc:
		return "\u0397\u0399"
	case 0x1fd2:
		return "\u0399\u0308\u0300"
	case 0x1fd3:
		return "\u0399\u0308\u0301"
	case 0x1fd6:
		return "\u0399\u0342"
	case 0x1fd7:
		return "\u0399\u0308\u0342"
	case 0x1fe2:
		return "\u03a5\u0308\u0300"
	case 0x1fe3:
		return "\u03a5\u0308\u0301"
	case 0x1fe4:
		return "\u03a1\u0313"
	case 0x1fe6:
		return "\u03a5\u0342"
	case 0x1fe7:
		return "\u03a5\u0308\u0342"
	case 0x1ff2:
		return "\u1ffa\u0399"
	case 0x1ff3:
		return "\u03a9\u0399"
	case 0x1ff4:
		return "\u038f\u0399"
	case 0x1ff6:
		return "\u03a9\u0342"
	case 0x1ff7:
		return "\u03a9\u0342\u0399"
	case 0x1ffc:
		return "\u03a9\u0399"
	case 0xfb00:
		return "\u0046\u0046"
	case 0xfb01:
		return "\u0046\u0049"
	case 0xfb02:
		return "\u0046\u004c"
	case 0xfb03:
		return "\u0046\u0046\u0049"
	case 0xfb04:
		return "\u0046\u0046\u004c"
	case 0xfb05:
		return "\u0053\u0054"
	case 0xfb06:
		return "\u0053\u0054"
	case 0xfb13:
		return "\u0544\u0546"
	case 0xfb14:
		return "\u0544\u0535"
	case 0xfb15:
		return "\u0544\u053b"
	case 0xfb16:
		return "\u054e\u0546"
	case 0xfb17:
		return "\u0544\u053d"
	default:
		return string(unicode.ToUpper(r))
	}
}
