package main

import (
	"encoding/xml"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// picture is what the tests read from an SVG document.
type picture struct {
	width, height float64
	title, desc   string
	classes       []string
	texts         []line
	colours       []string // those in the elements themselves
	styles        []string
}

// line is a line of text and where it stands.
type line struct {
	x, y, size   float64
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
			case strings.Contains(within, " style "):
				p.styles = append(p.styles, string(token))
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
	length := func(text string) float64 { v, _ := strconv.ParseFloat(text, 64); return v }
	p.classes = append(p.classes, strings.Fields(attribute["class"])...)
	p.colours = append(p.colours, regexp.MustCompile(`[a-z]+:#[0-9A-F]{6}`).FindAllString(attribute["style"], -1)...)
	switch e.Name.Local {
	case "svg":
		box := append(strings.Fields(attribute["viewBox"]), "", "", "", "")
		p.width, p.height = length(box[2]), length(box[3])
	case "text":
		l := line{x: length(attribute["x"]), y: length(attribute["y"]), size: 14, class: attribute["class"]}
		if size := regexp.MustCompile(`font-size:([0-9.]+)px`).FindStringSubmatch(attribute["style"]); size != nil {
			l.size, l.y = length(size[1]), l.y+p.height // the library counts upwards
		} else if strings.Contains(l.class, "head") {
			l.size = 17
		}
		p.texts = append(p.texts, l)
	}
}

// pictures are the two pictures, the second of the figures that are kept, and of others that
// are made up.
func pictures(t *testing.T) map[string]picture {
	t.Helper()
	return map[string]picture{
		"birth":   look(t, birth()),
		"times":   look(t, times(measurements(t, readFile(t, "../../docs/"+kept)))),
		"made up": look(t, times(measurements(t, readFile(t, madeUp)))),
	}
}

// Every picture has a title and a description, and its looks are those of the style.
func TestDocument(t *testing.T) {
	t.Parallel()
	for name, p := range pictures(t) {
		if p.title == "" || len(p.desc) < 100 || len(p.styles) != 1 || p.width == 0 || p.height == 0 {
			t.Fatalf("%s: got title %q, description %q, %d styles, %v by %v", name, p.title, p.desc, len(p.styles), p.width, p.height)
		}
		for _, class := range p.classes {
			if !regexp.MustCompile(`\.` + class + `\b`).MatchString(p.styles[0]) {
				t.Errorf("%s: the style has no class %s", name, class)
			}
		}
		for _, colour := range p.colours {
			if _, dark, _ := strings.Cut(p.styles[0], "(prefers-color-scheme: dark) {"); !strings.Contains(dark, `"`+colour+`"`) {
				t.Errorf("%s: %s has no dark look", name, colour)
			}
		}
	}
}

// Text stays within its scene or chart, or within the picture if it is above all charts. Of a font that a
// reader may have, letters are 0.55 of its size wide on average, and those of code not wider.
func TestTextFits(t *testing.T) {
	t.Parallel()
	for name, p := range pictures(t) {
		for _, l := range p.texts {
			width := 0.55 * l.size * float64(len([]rune(l.words)))
			left := l.x
			switch {
			case strings.Contains(l.class, "middle"):
				left -= width / 2
			case strings.Contains(l.class, "end"):
				left -= width
			}
			right := p.width
			switch {
			case name == "birth":
				right = math.Ceil(l.x/(sceneWidth+sceneGap)) * (sceneWidth + sceneGap)
			case l.y > headHeight:
				right = math.Ceil(l.x/chartWidth) * chartWidth
			}
			if left < 0 || left+width > right || l.y < l.size || l.y > p.height {
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
