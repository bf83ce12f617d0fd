package datadir

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var errCut = errors.New("msgpack: the value is cut off")

// unpack reads one value of Consul's msgpack and returns what follows it: a uint64, a
// []byte for texts, bytes and extensions, a []any, a map[string]any, or nil for
// whatever else there is.
func unpack(b []byte) (value any, rest []byte, err error) {
	if len(b) == 0 {
		return nil, nil, errCut
	}
	kind, b := b[0], b[1:]
	switch {
	case kind <= 0x7f:
		return uint64(kind), b, nil
	case kind <= 0x8f:
		return unpackMap(int(kind&0x0f), b)
	case kind <= 0x9f:
		return unpackList(int(kind&0x0f), b)
	case kind <= 0xbf:
		return unpackBytes(int(kind&0x1f), b)
	case kind >= 0xe0:
		return nil, b, nil // below zero: none that counts here is
	}
	switch kind {
	case 0xc0, 0xc2, 0xc3:
		return nil, b, nil
	case 0xcc, 0xcd, 0xce, 0xcf:
		return unpackNumber(1<<(kind-0xcc), b)
	case 0xd0, 0xd1, 0xd2, 0xd3:
		return unpackNumber(1<<(kind-0xd0), b) // none that counts here is below zero
	case 0xca, 0xcb:
		_, rest, err := unpackBytes(4<<(kind-0xca), b)
		return nil, rest, err
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8: // an extension, with its type before it
		return unpackBytes(1+1<<(kind-0xd4), b)
	}
	// Whatever is left begins with its length.
	form, ok := lengths[kind]
	if !ok {
		return nil, nil, fmt.Errorf("msgpack: unknown kind %#x", kind)
	}
	n, b, err := unpackNumber(form.size, b)
	if err != nil || n > 1<<30 {
		return nil, nil, errors.Join(errCut, err)
	}
	return form.unpack(int(n)+form.more, b)
}

// lengths are the kinds of values that begin with their length, which has so many bytes.
var lengths map[byte]struct {
	size, more int
	unpack     func(n int, b []byte) (any, []byte, error)
}

func init() {
	type form = struct {
		size, more int
		unpack     func(n int, b []byte) (any, []byte, error)
	}
	lengths = map[byte]form{
		0xc4: {1, 0, unpackBytes}, 0xc5: {2, 0, unpackBytes}, 0xc6: {4, 0, unpackBytes},
		0xc7: {1, 1, unpackBytes}, 0xc8: {2, 1, unpackBytes}, 0xc9: {4, 1, unpackBytes},
		0xd9: {1, 0, unpackBytes}, 0xda: {2, 0, unpackBytes}, 0xdb: {4, 0, unpackBytes},
		0xdc: {2, 0, unpackList}, 0xdd: {4, 0, unpackList}, 0xde: {2, 0, unpackMap}, 0xdf: {4, 0, unpackMap},
	}
}

// unpackNumber reads an unsigned number of so many bytes, the highest first.
func unpackNumber(size int, b []byte) (uint64, []byte, error) {
	if len(b) < size {
		return 0, nil, errCut
	}
	var eight [8]byte
	copy(eight[8-size:], b[:size])
	return binary.BigEndian.Uint64(eight[:]), b[size:], nil
}

func unpackBytes(n int, b []byte) (any, []byte, error) {
	if len(b) < n {
		return nil, nil, errCut
	}
	return b[:n], b[n:], nil
}

func unpackList(n int, b []byte) (any, []byte, error) {
	var out []any
	for range n {
		value, rest, err := unpack(b)
		if err != nil {
			return nil, nil, err
		}
		out, b = append(out, value), rest
	}
	return out, b, nil
}

func unpackMap(n int, b []byte) (any, []byte, error) {
	out := map[string]any{}
	for range n {
		key, rest, err := unpack(b)
		if err != nil {
			return nil, nil, err
		}
		value, rest, err := unpack(rest)
		if err != nil {
			return nil, nil, err
		}
		if name, ok := key.([]byte); ok {
			out[string(name)] = value
		}
		b = rest
	}
	return out, b, nil
}
