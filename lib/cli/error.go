package cli

import (
	"errors"
	"flag"
	"regexp"
)

// wordings turn the errors of the packages flag and ff, which tell what those were
// doing, into what is wrong with a setting.
var wordings = []struct {
	from *regexp.Regexp
	to   string
}{
	{regexp.MustCompile(`^error parsing [a-z ]+: `), ""},
	{regexp.MustCompile(`^error setting flag "[^"]*" from environment variable "([^"]*)": `), "bad $1: "},
	{regexp.MustCompile(`^error setting flag "([^"]*)" from config file: `), "bad $1 in the configuration file: "},
	{regexp.MustCompile(`^config file flag ("[^"]*") not defined in flag set$`), "unknown setting $1 in the configuration file"},
	{regexp.MustCompile(`^invalid (?:boolean )?value (".*") for (?:flag )?(-\S+): `), "bad $2 $1: "},
	{regexp.MustCompile(`^flag provided but not defined: `), "unknown flag "},
	{regexp.MustCompile(`^flag needs an argument: `), "no value for "},
	{regexp.MustCompile(`: parse error$`), ": " + wantBool}, // of a verb: what else there is has errors of its own
}

// plain returns an error of parsing in the words of this project.
func plain(err error) error {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	text := err.Error()
	for _, w := range wordings {
		text = w.from.ReplaceAllString(text, w.to)
	}
	return errors.New(text)
}
