package cli

import (
	"flag"
	"io"
	"slices"
)

// canonical spells short options out and takes the verbs out of the arguments. If
// short options were flags of their own, ff could not tell that -r on the command
// line comes before AC_REGISTRY.
func (f *FlagSet) canonical(args []string) ([]string, error) {
	scan := flag.NewFlagSet(f.Name(), flag.ContinueOnError)
	scan.SetOutput(io.Discard)
	var out []string
	f.VisitAll(func(def *flag.Flag) {
		v := &spelling{def: def, out: &out}
		scan.Var(v, def.Name, "")
		if short := aliases[def.Name]; short != "" {
			scan.Var(v, short, "")
		}
	})
	f.verbs.VisitAll(func(def *flag.Flag) { scan.Var(def.Value, def.Name, "") })
	if err := scan.Parse(args); err != nil {
		return nil, plain(err)
	}
	f.given = out
	return slices.Concat(out, []string{"--"}, scan.Args()), nil
}

// spelling records a flag under its long name.
type spelling struct {
	def *flag.Flag
	out *[]string
}

func (s *spelling) String() string { return "" }

func (s *spelling) Set(value string) error {
	*s.out = append(*s.out, "-"+s.def.Name+"="+value)
	return nil
}

func (s *spelling) IsBoolFlag() bool {
	b, ok := s.def.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}
