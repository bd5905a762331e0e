package printer

import (
	"fmt"
	"reflect"
	"text/template"
	"text/template/parse"
)

// maxRange is how far a template counts. A range over a number is one over all
// numbers below it, and where a list should be a member may answer a number that
// is never reached.
const maxRange = 1_000_000

// rangeFunction is what bounded ranges call.
const rangeFunction = "rangeOver"

// boundRanges makes every range in a template bounded.
func boundRanges(made *template.Template) {
	for _, each := range made.Templates() {
		if each.Tree != nil {
			boundNode(each.Root)
		}
	}
}

func boundNode(node parse.Node) {
	switch node := node.(type) {
	case *parse.ListNode:
		if node == nil {
			return
		}
		for _, inner := range node.Nodes {
			boundNode(inner)
		}
	case *parse.IfNode:
		boundBranch(&node.BranchNode)
	case *parse.WithNode:
		boundBranch(&node.BranchNode)
	case *parse.RangeNode:
		boundBranch(&node.BranchNode)
		node.Pipe.Cmds = append(node.Pipe.Cmds, &parse.CommandNode{
			NodeType: parse.NodeCommand, Pos: node.Pos,
			Args: []parse.Node{parse.NewIdentifier(rangeFunction).SetPos(node.Pos)},
		})
	}
}

func boundBranch(node *parse.BranchNode) {
	boundNode(node.List)
	boundNode(node.ElseList)
}

// rangeOver is what a range is over.
func rangeOver(value any) (any, error) {
	if number := reflect.ValueOf(value); number.CanInt() && number.Int() > maxRange {
		return nil, fmt.Errorf("%d is more than a template counts to", number.Int())
	}
	return value, nil
}
