package main

import (
	"encoding/xml"
	"errors"
	"html"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// ticking is a clock that goes on by so much each time that it is looked at.
func ticking(step time.Duration) func() time.Time {
	now := time.Unix(0, 0)
	return func() time.Time {
		now = now.Add(step)
		return now
	}
}

func TestRecordingEndsWhereTheMachineBegins(t *testing.T) {
	lines, err := record(strings.NewReader("# a\n$ b <c> & d\n\nx   y\n\n# Done. The rest\nexport HOME=/home/me\n"), ticking(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, line := range lines {
		said = append(said, line.text)
	}
	if got := strings.Join(said, "|"); got != "# a|$ b <c> & d||x   y" {
		t.Errorf("it has %q", got)
	}
	if at := lines[3].at; at != 6*time.Second {
		t.Errorf("three pauses of an hour take %s", at)
	}
	var out strings.Builder
	if err := draw(&out, lines); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<text class="typed" x="16" y="35" xml:space="preserve">$ b &lt;c&gt; &amp; d</text>`, "0.000% { transform: translateY(20px) }", ">x   y<"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %s in\n%s", want, out.String())
		}
	}
	wellFormed(t, out.String())
	if _, err := record(strings.NewReader("# a\n"), ticking(0)); err == nil {
		t.Error("a demo that failed is recorded")
	}
}

func wellFormed(t *testing.T, svg string) {
	t.Helper()
	for decoder := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// The picture in the README is of the demo as it is: all that is run there.
func TestThePictureIsOfThisDemo(t *testing.T) {
	svg, err := os.ReadFile("../../docs/demo.svg")
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, string(svg))
	if strings.Contains(string(svg), "%!") {
		t.Error("it is not formatted")
	}
	demo, err := os.ReadFile("../demo.sh")
	if err != nil {
		t.Fatal(err)
	}
	runs := regexp.MustCompile(`(?m)^run (.*)$`).FindAllStringSubmatch(string(demo), -1)
	if len(runs) < 7 {
		t.Fatalf("the demo runs %d commands", len(runs))
	}
	values := strings.NewReplacer("$example", "examples/application/gitrepo-kustomization-demo.yaml", "$application", "gitrepo-kustomization-demo")
	for _, run := range runs {
		if want := html.EscapeString("$ " + values.Replace(run[1])); !strings.Contains(string(svg), ">"+want+"<") {
			t.Errorf("%q is not in docs/demo.svg: make recording makes it anew", want)
		}
	}
}
