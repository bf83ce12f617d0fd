package main

import (
	"bytes"
	"fmt"
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// shade is a colour, and what takes its place where the reader has chosen dark.
type shade struct{ light, dark color.RGBA }

// The shades of what the plotting library draws are those of the style, by their uses.
var (
	page   = shade{rgb(0xffffff), rgb(0x0d1117)}
	ink    = shade{rgb(0x1f2328), rgb(0xf0f6fc)}
	dim    = shade{rgb(0x59636e), rgb(0x9198a1)}
	rule   = shade{rgb(0xd1d9e0), rgb(0x3d444d)}
	accent = shade{rgb(0x0969da), rgb(0x4493f8)}
)

func rgb(v uint32) color.RGBA {
	return color.RGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

// letters is text of a size and a shade. It is measured with a font whose letters are as
// wide as those of Arial and Helvetica, one of which most readers have.
func letters(size vg.Length, s shade) text.Style {
	return text.Style{
		Color: s.light, Handler: plot.DefaultTextHandler,
		Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
	}
}

// plotStyle has the fonts of a plot, and its dark look: the library writes its colours into
// each element, where only an important rule takes precedence.
func plotStyle() string {
	var b strings.Builder
	b.WriteString("text { font-family: \"Liberation Sans\", Arial, Helvetica, sans-serif !important }\n")
	b.WriteString("@media (prefers-color-scheme: dark) {\n")
	for _, s := range []shade{page, ink, dim, rule, accent} {
		for _, property := range []string{"fill", "stroke"} {
			fmt.Fprintf(&b, "[style*=\"%[1]s:%[2]s\"] { %[1]s: %[3]s !important }\n", property, hex(s.light), hex(s.dark))
		}
	}
	return b.String() + "}"
}

// hex writes a colour as the library does.
func hex(c color.RGBA) string { return fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B) }

// document returns what the library has drawn as an SVG document with a title, a
// description and both looks.
func document(canvas *vgsvg.Canvas, title, description string) string {
	var b bytes.Buffer
	_, _ = canvas.WriteTo(&b) // memory takes everything
	_, picture, _ := strings.Cut(b.String(), "<svg ")
	attributes, body, _ := strings.Cut(picture, ">\n")
	return "<svg " + attributes + described + head(title, description, plotStyle()) + body
}
