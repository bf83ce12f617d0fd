package s3store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// The SDK bounds nothing in time by itself: one black-holed try would eat the
// caller's whole budget.
const (
	attemptTimeout = 10 * time.Second
	connectTimeout = 5 * time.Second
)

// maxAnswer bounds what is read of one answer. A page of a thousand keys at
// their longest has less, and no object that counts has more than a fraction.
const maxAnswer = 8 << 20

// attempts makes each try one whole: sent, answered and read to its end within
// the time-out. A body that breaks off is therefore a failed try, which the SDK
// repeats where the operation allows it.
type attempts struct {
	client  HTTPClient
	timeout time.Duration
}

// Do implements [HTTPClient].
func (a attempts) Do(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), a.timeout)
	defer cancel()
	resp, err := whole(a.client, r.WithContext(ctx))
	if err != nil && r.Context().Err() == nil && ctx.Err() != nil {
		return nil, fmt.Errorf("no answer within %v", a.timeout)
	}
	return resp, err
}

// whole sends a request and reads the body before it returns.
func whole(client HTTPClient, r *http.Request) (*http.Response, error) {
	resp, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, fmt.Errorf("answer cut short: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}
