package main

import "fmt"

// The measures of a scene, which has its machines below the bucket and words below these.
const (
	sceneWidth, sceneHeight, sceneGap = 320, 396, 10
	bucketTop, bucketBottom           = 62, 160
	machineTop, machineHeight         = 240, 56
	machineWidth, machineStep         = 80, 100
	machineLeft                       = 20
	sceneMiddle                       = sceneWidth / 2
)

// scene shows a bucket and three machines at one moment of a cluster's birth.
type scene struct {
	title    string
	bucket   []string // lines of what is in it
	machines [3]machine
	claims   bool   // the machines read from the bucket and write to it
	beats    bool   // the machines only write to it; if neither, they only read
	arrow    string // what the arrows mean
	words    [3]string
}

// machine is a box with its state. Its class is its look.
type machine struct{ state, class string }

// scenes are the birth as lib/rule/PROTOCOL.md has it under «Births of several servers»,
// with the program that acts in each of them.
var scenes = []scene{
	{
		title:    "1. Blank machines, a bucket",
		bucket:   []string{"empty"},
		machines: [3]machine{{"blank", "blank"}, {"blank", "blank"}, {"blank", "blank"}},
		arrow:    "who is live?",
		words: [3]string{
			"`ac-members` lists who is live: nobody.",
			"All machines start at the same moment,",
			"with one identical command line.",
		},
	},
	{
		title:    "2. Each claims a slot",
		bucket:   []string{"`cluster.json`", "`slots: m2 m3 m1`"},
		machines: [3]machine{{"slot 3", "box"}, {"slot 1", "box"}, {"slot 2", "box"}},
		claims:   true,
		arrow:    "what am I?",
		words: [3]string{
			"`ac-decide` claims a slot by compare and",
			"swap: one writer wins, the others read",
			"again. With three slots, all may start.",
		},
	},
	{
		title:    "3. Three servers that vote",
		bucket:   []string{"`cluster.json`", "`servers/ m1 m2 m3`", "`agents/ m1 m2 m3`"},
		machines: [3]machine{{"voter", "box"}, {"leader", "accent"}, {"voter", "box"}},
		beats:    true,
		arrow:    "heartbeat",
		words: [3]string{
			"`ac-exec` becomes `consul agent`. The",
			"agents elect a leader. `ac-heartbeat`",
			"asks each, and writes that it lives.",
		},
	},
}

// birth returns the picture of three blank machines that become a cluster.
func birth() string {
	d := &drawing{
		width:  float64(len(scenes)*(sceneWidth+sceneGap) + sceneGap),
		height: sceneHeight + 2*sceneGap,
	}
	for i, s := range scenes {
		s.draw(d, float64(sceneGap+i*(sceneWidth+sceneGap)), sceneGap)
	}
	return d.document("Three blank machines become a Consul cluster",
		"Three scenes. First: three blank machines ask an empty S3 bucket who is live; nobody is. "+
			"Second: each machine claims a slot in the bucket's record, cluster.json, by compare and swap. "+
			"Third: the machines are three Consul servers that vote, one of them the leader; "+
			"the bucket holds the record and the heartbeats that they write, under servers and agents.")
}

// draw draws a scene with its upper left corner at a point.
func (s scene) draw(d *drawing, x, y float64) {
	d.rect(x, y, sceneWidth, sceneHeight, "scene")
	d.text(x+16, y+30, "head", s.title)
	s.drawBucket(d, x, y)
	for i, m := range s.machines {
		left := x + machineLeft + float64(i*machineStep)
		middle := left + machineWidth/2
		d.rect(left, y+machineTop, machineWidth, machineHeight, m.class)
		d.text(middle, y+machineTop+23, "strong middle", fmt.Sprintf("m%d", i+1))
		d.text(middle, y+machineTop+43, "middle", m.state)
		s.drawArrow(d, middle, y)
	}
	d.text(x+sceneMiddle+49, y+211, "dim middle", s.arrow)
	if s.beats {
		s.drawVotes(d, x, y)
	}
	for i, words := range s.words {
		d.text(x+16, y+340+float64(i*20), "", words)
	}
}

// drawBucket draws the bucket and what is in it.
func (s scene) drawBucket(d *drawing, x, y float64) {
	d.path(x, y, "box", "M", 50, bucketTop, "L", 64, bucketBottom,
		"C", 64, bucketBottom+14, 256, bucketBottom+14, 256, bucketBottom, "L", 270, bucketTop)
	d.path(x, y, "box", "M", 50, bucketTop, "C", 50, bucketTop-15, 270, bucketTop-15, 270, bucketTop,
		"C", 270, bucketTop+15, 50, bucketTop+15, 50, bucketTop, "Z")
	d.text(x+sceneMiddle, y+bucketTop+5, "dim middle", "`s3://bucket/prefix`")
	for i, line := range s.bucket {
		d.text(x+sceneMiddle, y+bucketTop+71+float64(i*22-11*len(s.bucket)), "middle", line)
	}
}

// drawArrow draws what passes between the bucket and a machine.
func (s scene) drawArrow(d *drawing, x, y float64) {
	const top, bottom = bucketBottom + 18, machineTop - 6
	switch {
	case s.claims:
		d.arrow(x-6, y+top, y+bottom)
		d.arrow(x+6, y+bottom, y+top)
	case s.beats:
		d.arrow(x, y+bottom, y+top)
	default:
		d.arrow(x, y+top, y+bottom)
	}
}

// drawVotes connects the machines: each server talks to each other.
func (s scene) drawVotes(d *drawing, x, y float64) {
	const middle, bottom = machineTop + machineHeight/2, machineTop + machineHeight
	for i := range len(s.machines) - 1 {
		left := machineLeft + i*machineStep + machineWidth
		d.path(x, y, "line", "M", left, middle, "L", left+machineStep-machineWidth, middle)
	}
	d.path(x, y, "line", "M", 60, bottom, "C", 60, bottom+26, 260, bottom+26, 260, bottom)
}
