package cli

import (
	"errors"
	"strings"
	"time"
)

// duration is a flag value in whole seconds or Go's notation, never negative.
type duration time.Duration

func (d *duration) String() string { return time.Duration(*d).String() }

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
