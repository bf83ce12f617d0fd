package datadir

import "auto-consul/lib/registry"

// StartRename takes the first steps of those that make the folder of one mode that of the
// other, and reports whether there were so many.
func (d Dir) StartRename(from, to registry.Mode, steps int) (bool, error) {
	moves, err := d.moves(from, to)
	if err != nil || steps > len(moves) {
		return false, err
	}
	for _, m := range moves[:steps] {
		if err := d.move(m); err != nil {
			return false, err
		}
	}
	return true, nil
}

// StartPlace takes the first steps of those that put what was restored in place, and
// reports whether there are more.
func (r Restore) StartPlace(steps int) (more bool, err error) {
	all := r.steps()
	for _, step := range all[:steps] {
		if err := step(); err != nil {
			return false, err
		}
	}
	return steps < len(all), nil
}
