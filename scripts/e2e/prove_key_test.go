package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// putKey writes to Consul's key-value store through this machine's agent.
func (m *machine) putKey(key, value string) error {
	_, err := m.key(http.MethodPut, key, value)
	return err
}

// staleKey reads a key as this machine's server has it, whatever the leader says;
// empty if it has none.
func (m *machine) staleKey(key string) (string, error) {
	return m.key(http.MethodGet, key+"?raw&stale", "")
}

func (m *machine) key(method, key, body string) (string, error) {
	req, err := http.NewRequest(method, "http://"+m.address+":8500/v1/kv/"+key, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	client := http.Client{Timeout: 5 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	switch {
	case err != nil || method == http.MethodGet && res.StatusCode == http.StatusNotFound:
		return "", err
	case res.StatusCode != http.StatusOK:
		return "", fmt.Errorf("%s %s: %s: %s", method, key, res.Status, text)
	}
	return string(text), nil
}
