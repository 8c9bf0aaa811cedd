// Asks Kubernetes' own resource.Quantity: pairs of texts come in as JSON, one a line, and for each one line says what they are
// worth, or that they are refused, and which is larger.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/big"
	"os"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Pair is what is asked about.
type Pair struct {
	A string `json:"a"`
	B string `json:"b"`
}

// Answer is the line for one pair.
type Answer struct {
	// A and B are the exact values; absent where the text is refused.
	A *string `json:"a,omitempty"`
	B *string `json:"b,omitempty"`
	// Compared is -1, 0 or 1, and Sum the sum, where both are quantities.
	Compared int    `json:"compared"`
	Sum      string `json:"sum,omitempty"`
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<20)
	output := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(output)
	for input.Scan() {
		var pair Pair
		if err := json.Unmarshal(input.Bytes(), &pair); err != nil {
			fail(err)
		}
		if err := encoder.Encode(answer(pair)); err != nil {
			fail(err)
		}
		// Whoever asks may wait for this line before it sends the next one.
		if err := output.Flush(); err != nil {
			fail(err)
		}
	}
	if err := input.Err(); err != nil {
		fail(err)
	}
}

func answer(pair Pair) Answer {
	var answer Answer
	a, errA := resource.ParseQuantity(pair.A)
	b, errB := resource.ParseQuantity(pair.B)
	if errA == nil {
		text := exact(a)
		answer.A = &text
	}
	if errB == nil {
		text := exact(b)
		answer.B = &text
	}
	if errA == nil && errB == nil {
		answer.Compared = a.Cmp(b)
		sum := a.DeepCopy()
		sum.Add(b)
		answer.Sum = exact(sum)
	}
	return answer
}

// exact writes whole units as they are, else in the coarsest of m, u and n that keeps the number whole.
func exact(quantity resource.Quantity) string {
	decimal := quantity.AsDec()
	nanos := new(big.Int).Set(decimal.UnscaledBig())
	for scale := decimal.Scale(); scale < 9; scale++ {
		nanos.Mul(nanos, big.NewInt(10))
	}
	for scale := decimal.Scale(); scale > 9; scale-- {
		if _, rest := nanos.QuoRem(nanos, big.NewInt(10), new(big.Int)); rest.Sign() != 0 {
			return "finer than a billionth"
		}
	}
	for _, unit := range []struct {
		suffix string
		nanos  int64
	}{{"", 1_000_000_000}, {"m", 1_000_000}, {"u", 1_000}, {"n", 1}} {
		if whole, rest := new(big.Int).QuoRem(nanos, big.NewInt(unit.nanos), new(big.Int)); rest.Sign() == 0 {
			return whole.String() + unit.suffix
		}
	}
	return nanos.String() + "n"
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
