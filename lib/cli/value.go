package cli

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// duration is a flag value in whole seconds or Go's notation. What is given is never
// negative.
type duration time.Duration

func (d *duration) String() string {
	if *d < 0 {
		return "" // it is optional, and was not given
	}
	return time.Duration(*d).String()
}

func (d *duration) Set(text string) error {
	value, err := ParseDuration(text)
	if err != nil {
		return err
	}
	*d = duration(value)
	return nil
}

// ParseDuration reads what [FlagSet.Duration] takes.
func ParseDuration(text string) (time.Duration, error) {
	unit := ""
	if strings.Trim(text, "0123456789") == "" {
		unit = "s"
	}
	value, err := time.ParseDuration(text + unit)
	if err != nil || strings.ContainsAny(text, "+-") {
		return 0, errors.New("want seconds (120) or a duration (2m)")
	}
	return value, nil
}

// number is a flag value in decimal digits.
type number int

func (n *number) String() string { return strconv.Itoa(int(*n)) }

func (n *number) Set(text string) error {
	value, err := strconv.Atoi(text)
	if err != nil {
		return errors.New("want a number")
	}
	*n = number(value)
	return nil
}

// boolean is a flag value that is true where the flag stands alone.
type boolean bool

const wantBool = "want true or false"

func (b *boolean) String() string { return strconv.FormatBool(bool(*b)) }

func (b *boolean) Set(text string) error {
	value, err := strconv.ParseBool(text)
	if err != nil {
		return errors.New(wantBool)
	}
	*b = boolean(value)
	return nil
}

func (b *boolean) IsBoolFlag() bool { return true }
