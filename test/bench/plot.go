package bench

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// Curve is one figure as the fleet grows.
type Curve struct {
	Name, Unit, Color string
	Points            []Point
}

// Point is a figure for so many members.
type Point struct{ Members, Value float64 }

// GrowthOf finds a curve among figures: those called "deploy to N members, WHAT".
func GrowthOf(figures []Figure, what, color string) Curve {
	curve := Curve{Name: what, Color: color}
	for _, figure := range figures {
		var many int
		name, rest, found := strings.Cut(figure.What, " members, ")
		if _, err := fmt.Sscanf(name, "deploy to %d", &many); err == nil && found && rest == what {
			curve.Unit = figure.Unit
			curve.Points = append(curve.Points, Point{float64(many), figure.Ours})
		}
	}
	return curve
}

const (
	plotWidth, plotHeight = 640.0, 240.0
	plotMargin            = 56.0
)

// Plot draws curves as an SVG, one below the other, over the number of members in
// both directions from nothing on.
func Plot(out io.Writer, curves ...Curve) {
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="sans-serif" font-size="12">`+"\n",
		plotWidth, plotHeight*float64(len(curves)))
	fmt.Fprintln(out, `<rect width="100%" height="100%" fill="white"/>`)
	for i, curve := range curves {
		curve.draw(out, plotHeight*float64(i))
	}
	fmt.Fprintln(out, "</svg>")
}

func (c Curve) draw(out io.Writer, top float64) {
	var most Point
	for _, point := range c.Points {
		most = Point{max(most.Members, point.Members), max(most.Value, point.Value)}
	}
	most.Value = roundUp(most.Value)
	x := func(members float64) float64 {
		return plotMargin + members/max(most.Members, 1)*(plotWidth-2*plotMargin)
	}
	y := func(value float64) float64 {
		return top + plotHeight - 32 - value/max(most.Value, 1)*(plotHeight-64)
	}
	fmt.Fprintf(out, `<text x="%g" y="%g" font-weight="bold">%s (%s), by members</text>`+"\n", plotMargin, top+18, c.Name, c.Unit)
	for step := range 5 {
		value := most.Value * float64(step) / 4
		fmt.Fprintf(out, `<line x1="%g" y1="%.1f" x2="%g" y2="%.1f" stroke="#ddd"/><text x="%g" y="%.1f" text-anchor="end">%g</text>`+"\n",
			plotMargin, y(value), plotWidth-plotMargin, y(value), plotMargin-6, y(value)+4, value)
	}
	var path []string
	for _, point := range c.Points {
		path = append(path, fmt.Sprintf("%.1f,%.1f", x(point.Members), y(point.Value)))
		fmt.Fprintf(out, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x(point.Members), y(point.Value), c.Color)
		if point.Members >= most.Members/10 {
			fmt.Fprintf(out, `<text x="%.1f" y="%g" text-anchor="middle">%g</text>`+"\n", x(point.Members), top+plotHeight-14, point.Members)
		}
	}
	fmt.Fprintf(out, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(path, " "), c.Color)
}

// roundUp is the next number that is easily divided by four.
func roundUp(value float64) float64 {
	if value <= 0 {
		return 4
	}
	step := math.Pow(10, math.Floor(math.Log10(value)))
	for _, of := range []float64{1, 2, 4, 8} {
		if value <= of*step {
			return of * step
		}
	}
	return 10 * step
}
