package status

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// width is how many columns a line of text has at most.
const width = 79

// wrap breaks text into lines between its words.
func wrap(text string) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case column == 0:
		case column+1+n > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	b.WriteByte('\n')
	return b.String()
}

// span returns a duration in its two largest units, such as "2m5s".
func span(d time.Duration) string {
	seconds := int64(d / time.Second)
	pair := func(unit int64, big, small string, ratio int64) string {
		return fmt.Sprintf("%d%s%d%s", seconds/unit, big, seconds%unit/(unit/ratio), small)
	}
	const minute, hour, day = 60, 60 * 60, 24 * 60 * 60
	switch {
	case seconds < minute:
		return fmt.Sprintf("%ds", seconds)
	case seconds < hour:
		return pair(minute, "m", "s", minute)
	case seconds < day:
		return pair(hour, "h", "m", 60)
	}
	return pair(day, "d", "h", 24)
}

// ago says how long before now something was that has an age; what is still to come has
// a negative one.
func ago(age time.Duration) string {
	if age >= 0 {
		return span(age) + " ago"
	}
	return "in " + span(-age)
}

// stamp returns a time as documents have it.
func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// plain returns a text from the store so that a terminal shows it on one line and does
// nothing else: anybody may have written it.
func plain(text string) string {
	const most = 64
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "…"
	}
	if quoted := strconv.Quote(text); quoted != `"`+text+`"` {
		return quoted
	}
	return text
}

// count says how many there are of something.
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// are returns the verb that fits a number.
func are(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
