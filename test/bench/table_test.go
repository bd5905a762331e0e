package bench

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "reports")
	t.Setenv(reportVariable, path)
	Report(t, Figure{What: "memory", Unit: "MB", Ours: 12.34, Bar: 150})
	Report(t, Figure{What: "wall", Unit: "ms", Ours: 1234.5, Bar: 1000, IsTime: true, Peers: map[string]float64{Bare: 1100, Kubectl: 99999}})
	Report(t, Figure{What: "times faster", Unit: "x", Ours: 12, Bar: 10, IsLeast: true})
	figures, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := Table(&out, figures); err != nil {
		t.Fatal(err)
	}
	const want = `WHAT           OURS      BAR             bare client   kubectl    client-go's defaults
memory         12.3 MB   ≤ 150 MB    ✔                            
wall           1234 ms   ≤ 1000 ms   ✗   1100 ms       99999 ms   
times faster   12 x      ≥ 10 x      ✔                            
`
	if got := out.String(); got != want {
		t.Errorf("the table is\n%s\nwant\n%s", got, want)
	}
	if err := Check(figures); err != nil {
		t.Errorf("time fails: %v", err)
	}
	for name, figures := range map[string][]Figure{
		"none": nil, "more memory": {{Ours: 151, Bar: 150}}, "not enough": {{Ours: 9, Bar: 10, IsLeast: true}},
	} {
		if err := Check(figures); err == nil {
			t.Errorf("%s: it does not fail", name)
		}
	}
}

func TestPlot(t *testing.T) {
	figures := []Figure{
		{What: "deploy to 10 members, wall", Unit: "ms", Ours: 400},
		{What: "deploy to 10 members, memory", Unit: "MB", Ours: 30},
		{What: "deploy to 5000 members, wall", Unit: "ms", Ours: 7000},
		{What: "deploy to 100 members of a real API server, wall", Unit: "ms", Ours: 1},
	}
	curve := GrowthOf(figures, "wall", "red")
	if len(curve.Points) != 2 || curve.Points[1] != (Point{5000, 7000}) {
		t.Errorf("the curve is %v", curve)
	}
	var out strings.Builder
	Plot(&out, curve)
	if text := out.String(); !strings.Contains(text, `<polyline points="57.1,`) || !strings.Contains(text, `584.0,`) {
		t.Errorf("the plot is\n%s", text)
	}
}
