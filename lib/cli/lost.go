package cli

// Lost defines -lost-cluster; usage says what the program does with it.
func (f *FlagSet) Lost(p *string, usage string) { f.StringVar(p, "lost-cluster", "auto", usage) }

// CheckLost refuses what is none of the four policies.
func CheckLost(policy string) error {
	return OneOf("lost-cluster", policy, "auto", "wait", "bootstrap", "restore")
}
