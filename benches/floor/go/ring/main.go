// Healthy: a ring of the last 5,000 bodies.
package main

import (
	"sync"

	"drip.example/floor/serve"
)

const size = 5000

var (
	lock sync.Mutex
	ring [size][]byte
)

func main() {
	serve.Forever(func(id int64, _ []byte) string {
		lock.Lock()
		defer lock.Unlock()
		ring[id%size] = make([]byte, 1000)
		return "ok"
	})
}
