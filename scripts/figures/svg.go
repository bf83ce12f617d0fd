package main

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// style has the looks of what is drawn by hand. The page has a colour of its own, because a site's
// theme and the reader's colour scheme may differ, and text must be readable all the same.
const style = `text { font: 14px system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; fill: #1f2328 }
.code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: 13px }
.head { font-size: 17px; font-weight: 600 }
.strong { font-weight: 600 }
.dim { fill: #59636e }
.middle { text-anchor: middle }
.page { fill: #ffffff }
.scene { fill: #f6f8fa; stroke: #d1d9e0 }
.box { fill: #ffffff; stroke: #59636e; stroke-width: 1.5 }
.blank { fill: none; stroke: #59636e; stroke-width: 1.5; stroke-dasharray: 5 4 }
.accent { fill: #ddf4ff; stroke: #0969da; stroke-width: 2 }
.line { fill: none; stroke: #59636e; stroke-width: 1.5 }
.tip { fill: #59636e }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.dim { fill: #9198a1 }
.page { fill: #0d1117 }
.scene { fill: #151b23; stroke: #3d444d }
.box { fill: #0d1117; stroke: #9198a1 }
.blank { stroke: #9198a1 }
.accent { fill: #121d2f; stroke: #4493f8 }
.line { stroke: #9198a1 }
.tip { fill: #9198a1 }
}`

// drawing is a picture that is being drawn. Lengths are in pixels, y counts downwards.
type drawing struct {
	body          strings.Builder
	width, height float64
}

// document returns the picture as an SVG document.
func (d *drawing) document(title, description string) string {
	var b strings.Builder
	w, h := number(d.width), number(d.height)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s"`, w, h, w, h)
	b.WriteString(described + head(title, description, style))
	fmt.Fprintf(&b, "<rect class=\"page\" width=\"%s\" height=\"%s\"/>\n", w, h)
	return b.String() + d.body.String() + "</svg>\n"
}

// described ends the first tag of a document that begins with a head.
const described = ` role="img" aria-labelledby="title desc">` + "\n"

// head is what a document begins with. Title and description are what screen readers say
// of it.
func head(title, description, style string) string {
	return fmt.Sprintf("<title id=\"title\">%s</title>\n<desc id=\"desc\">%s</desc>\n<style>\n%s\n</style>\n",
		html.EscapeString(title), html.EscapeString(description), style)
}

// text writes one line of text. What stands between backquotes is set as code.
func (d *drawing) text(x, y float64, class, text string) {
	fmt.Fprintf(&d.body, `<text x="%s" y="%s" class="%s">`, number(x), number(y), class)
	for i, part := range strings.Split(text, "`") {
		if part = html.EscapeString(part); i%2 == 1 {
			part = `<tspan class="code">` + part + "</tspan>"
		}
		d.body.WriteString(part)
	}
	d.body.WriteString("</text>\n")
}

func (d *drawing) rect(x, y, width, height float64, class string) {
	fmt.Fprintf(&d.body, `<rect x="%s" y="%s" width="%s" height="%s" rx="6" class="%s"/>`+"\n",
		number(x), number(y), number(width), number(height), class)
}

func (d *drawing) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(&d.body, `<line x1="%s" y1="%s" x2="%s" y2="%s" class="%s"/>`+"\n",
		number(x1), number(y1), number(x2), number(y2), class)
}

// path draws what a list of SVG's path commands and lengths says, moved by x and y: each
// two lengths after a command are a point.
func (d *drawing) path(x, y float64, class string, steps ...any) {
	words, horizontal := make([]string, 0, len(steps)), true
	for _, step := range steps {
		switch v := step.(type) {
		case string:
			words, horizontal = append(words, v), true
		case int:
			offset := y
			if horizontal {
				offset = x
			}
			words, horizontal = append(words, number(float64(v)+offset)), !horizontal
		}
	}
	fmt.Fprintf(&d.body, `<path d="%s" class="%s"/>`+"\n", strings.Join(words, " "), class)
}

// arrow draws a vertical arrow from one height to another.
func (d *drawing) arrow(x, from, to float64) {
	const long, wide = 9, 5
	back := to + math.Copysign(long, from-to)
	d.line(x, from, x, back, "line")
	fmt.Fprintf(&d.body, `<path d="M %s %s L %s %s L %s %s Z" class="tip"/>`+"\n",
		number(x), number(to), number(x-wide), number(back), number(x+wide), number(back))
}

// number is a length to a tenth of a pixel: the same text on every machine.
func number(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}
