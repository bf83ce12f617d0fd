package consul

import "testing"

// The port of the servers among themselves is Consul's, unless something says otherwise.
func TestServerPort(t *testing.T) {
	t.Parallel()
	file := func(text string) []File { return []File{{Name: "a.hcl", Body: []byte(text)}} }
	for name, tt := range map[string]struct {
		l     Launch
		files []File
		want  uint16
	}{
		"nothing said": {Launch{}, nil, 8300},
		"a file":       {Launch{}, file("ports { server = 9300 }"), 9300},
		"an argument":  {Launch{Extra: []string{"-server-port=9301"}}, file("ports { server = 9300 }"), 9301},
		"no port":      {Launch{}, file("ports { server = -1 }"), 8300},
	} {
		if got := ServerPort(tt.l, tt.files); got != tt.want {
			t.Errorf("%s: got %d, want %d", name, got, tt.want)
		}
	}
}
