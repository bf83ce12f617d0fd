package main

import (
	"encoding/xml"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// picture is what the tests read from an SVG document.
type picture struct {
	width, height   float64
	title, desc     string
	classes         []string
	texts           []line
	circles, styles int
}

// line is a line of text and where it stands.
type line struct {
	x, y         float64
	class, words string
}

// look reads a picture, which must be well-formed.
func look(t *testing.T, document string) picture {
	t.Helper()
	var p picture
	var open []string
	in := xml.NewDecoder(strings.NewReader(document))
	for {
		token, err := in.Token()
		if err == io.EOF {
			return p
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			open = append(open, token.Name.Local)
			p.begin(token)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			within := " " + strings.Join(open, " ") + " "
			switch {
			case strings.Contains(within, " title "):
				p.title += string(token)
			case strings.Contains(within, " desc "):
				p.desc += string(token)
			case strings.Contains(within, " text "):
				p.texts[len(p.texts)-1].words += string(token)
			}
		}
	}
}

// begin takes what the start of an element says.
func (p *picture) begin(e xml.StartElement) {
	attribute := map[string]string{}
	for _, a := range e.Attr {
		attribute[a.Name.Local] = a.Value
	}
	length := func(name string) float64 { v, _ := strconv.ParseFloat(attribute[name], 64); return v }
	p.classes = append(p.classes, strings.Fields(attribute["class"])...)
	switch e.Name.Local {
	case "svg":
		p.width, p.height = length("width"), length("height")
	case "text":
		p.texts = append(p.texts, line{x: length("x"), y: length("y"), class: attribute["class"]})
	case "circle":
		p.circles++
	case "style":
		p.styles++
	}
}

// pictures are the two pictures, the second of figures that are made up.
func pictures(t *testing.T) map[string]picture {
	t.Helper()
	return map[string]picture{"birth": look(t, birth()), "times": look(t, times(madeUpFigures(t)))}
}

// madeUpFigures reads the figures that are made up.
func madeUpFigures(t *testing.T) []measurement {
	t.Helper()
	text, err := os.ReadFile(madeUp)
	if err != nil {
		t.Fatal(err)
	}
	found, err := parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Every picture has a title and a description, and its looks are those of the style.
func TestDocument(t *testing.T) {
	t.Parallel()
	for name, p := range pictures(t) {
		if p.title == "" || len(p.desc) < 100 || p.styles != 1 {
			t.Errorf("%s: got title %q, description %q and %d styles", name, p.title, p.desc, p.styles)
		}
		for _, class := range p.classes {
			if !regexp.MustCompile(`\.` + class + `\b`).MatchString(style) {
				t.Errorf("%s: the style has no class %s", name, class)
			}
		}
	}
}

// Text stays within its scene, or within the picture if that has no scenes. Of a font that a
// reader may have, letters are 0.55 of its size wide on average, and those of code not wider.
func TestTextFits(t *testing.T) {
	t.Parallel()
	for name, p := range pictures(t) {
		for _, l := range p.texts {
			size := 14.0
			if strings.Contains(l.class, "head") {
				size = 17
			}
			width := 0.55 * size * float64(len([]rune(l.words)))
			left := l.x
			switch {
			case strings.Contains(l.class, "middle"):
				left -= width / 2
			case strings.Contains(l.class, "end"):
				left -= width
			}
			right := p.width
			if name == "birth" {
				right = math.Ceil(l.x/(sceneWidth+sceneGap)) * (sceneWidth + sceneGap)
			}
			if left < 0 || left+width > right || l.y < size || l.y > p.height {
				t.Errorf("%s: %q from %.0f to %.0f at %.0f leaves %.0f by %.0f", name, l.words, left, left+width, l.y, right, p.height)
			}
		}
	}
}

// Both looks must colour the same things, or one of them has text that cannot be read.
func TestStyleIsDark(t *testing.T) {
	t.Parallel()
	light, dark, found := strings.Cut(style, "@media (prefers-color-scheme: dark) {")
	if !found {
		t.Fatal("the style has no dark look")
	}
	for _, rule := range regexp.MustCompile(`(?m)^(\S+) \{.*#`).FindAllStringSubmatch(light, -1) {
		if !strings.Contains(dark, "\n"+rule[1]+" {") {
			t.Errorf("%s has a colour in the light only", rule[1])
		}
	}
}

// What comes from a file is text, whatever it looks like.
func TestTextIsEscaped(t *testing.T) {
	t.Parallel()
	d := &drawing{width: 10, height: 10}
	d.text(1, 2, "", "a <b> & `c < d`")
	p := look(t, d.document("<t>", "<d>"))
	if len(p.texts) != 1 || p.texts[0].words != "a <b> & c < d" || p.title != "<t>" || p.desc != "<d>" {
		t.Errorf("got %+v", p)
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "0", 1: "1", 1.04: "1", 1.06: "1.1", -2.5: "-2.5", 1e6: "1000000"} {
		if got := number(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}

// The picture says all that the README's diagram of letters said.
func TestBirthSays(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, l := range look(t, birth()).texts {
		all.WriteString(l.words + "\n")
	}
	for _, want := range []string{
		"ac-members", "who is live", "ac-decide", "what am I", "claim", "ac-exec", "consul agent", "ac-heartbeat", "asks",
		"heartbeat\n", "s3://bucket/prefix", "cluster.json", "servers/", "agents/", "blank", "leader", "voter",
	} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("the picture does not say %q:\n%s", want, all.String())
		}
	}
}
