// Healthy: each request runs a handful of goroutines with deep stacks, and all of them end.
package main

import (
	_ "net/http/pprof"
	"strconv"
	"sync"

	"drip.example/floor/serve"
)

const (
	goroutines = 4
	depth      = 500
)

func descend(left int) int {
	if left == 0 {
		return 0
	}
	return 1 + descend(left-1)
}

func main() {
	serve.Forever(func(_ int64, _ []byte) string {
		var all sync.WaitGroup
		var depths [goroutines]int
		for i := range depths {
			all.Add(1)
			go func(i int) {
				defer all.Done()
				depths[i] = descend(depth)
			}(i)
		}
		all.Wait()
		return strconv.Itoa(depths[0])
	})
}
