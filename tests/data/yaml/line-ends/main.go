// Writes cases.jsonl: texts with the line ends of YAML 1.1 in every place, and how Kubernetes' own
// reader reads them. Run it with `go run . > cases.jsonl`.
package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

// Each ⏎ is a place of a line end.
var templates = []string{
	"a: 1 # note⏎b: 2\n",
	"a: 1⏎b: 2⏎",
	"# note⏎a: 1\n",
	"a:⏎  b: 1⏎  c: 2\n",
	"a:⏎- 1⏎- 2\n",
	"a: {b: 1,⏎ c: 2}\n",
	"a: [1,⏎ 2 # note⏎ ]\n",
	"a: one⏎  two\n",
	"a: one ⏎ ⏎  two⏎⏎  three\nb: 1\n",
	"a: 'one⏎  two'\n",
	"a: 'it''s ⏎ ⏎  two⏎'\n",
	"a: \"one⏎  two\"\n",
	"a: \"o\\tne \\⏎   two⏎ ⏎ \\x41\"\n",
	"a: |⏎  one⏎  two⏎b: 1\n",
	"a: |-⏎  one⏎  two⏎b: 1\n",
	"a: |+\n  one⏎⏎b: 1\n",
	"a: |2⏎   one⏎  two\n",
	"a: >⏎  one⏎  two⏎⏎  three⏎    four⏎  five\n",
	"a: >-⏎  one⏎  two⏎⏎  three\n",
	"a: | # note⏎  # text⏎  two\n",
	"a: &x⏎  b: 1⏎c: *x\n",
	"a: !!str⏎  1\n",
	"---⏎a: 1\n",
	"a: 1⏎...\n",
	"a: 1⏎---⏎b: 2\n",
	"? a⏎: 1\n",
	"a: 1⏎ # note⏎b: 2⏎#end",
	"a: \"x⏎y\": 1\n",
	"a⏎: 1\n",
	"a: x⏎y: z⏎",
	"list:⏎  - a: 1⏎    b: 2⏎  - c\n",
	"a: 'x'⏎b: \"y\"⏎c: z # ⏎d: |⏎ t⏎",
}

var ends = []string{"\n", "\r\n", "\r", "\u0085", "\u2028", "\u2029"}

type result struct {
	Text string          `json:"text"`
	JSON json.RawMessage `json:"json"`
}

func main() {
	seen := map[string]bool{}
	emit := func(text string) {
		if seen[text] {
			return
		}
		seen[text] = true
		out, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			out = nil
		}
		line, err := json.Marshal(result{text, out})
		if err != nil {
			panic(err)
		}
		fmt.Println(string(line))
	}
	for _, template := range templates {
		parts := strings.Split(template, "⏎")
		places := len(parts) - 1
		// One place differs, then all, then all pairs.
		for first := range ends {
			for other := range ends {
				for at := 0; at < places; at++ {
					chosen := make([]string, places)
					for place := range chosen {
						chosen[place] = ends[first]
					}
					chosen[at] = ends[other]
					emit(join(parts, chosen))
				}
			}
		}
		state := uint32(len(template))
		for round := 0; round < 40; round++ {
			chosen := make([]string, places)
			for place := range chosen {
				state = state*1664525 + 1013904223
				chosen[place] = ends[int(state>>16)%len(ends)]
			}
			emit(join(parts, chosen))
		}
	}
}

func join(parts, ends []string) string {
	var out strings.Builder
	for at, part := range parts {
		out.WriteString(part)
		if at < len(ends) {
			out.WriteString(ends[at])
		}
	}
	return out.String()
}
