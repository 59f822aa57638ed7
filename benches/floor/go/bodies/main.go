// Leaking: 1 KB of each request is kept in a slice; nothing of the runtime is exposed.
package main

import (
	"sync"
	"unsafe"

	"drip.example/floor/serve"
)

const size = 1024

var (
	lock   sync.Mutex
	bodies [][]byte
)

func held() uint64 {
	lock.Lock()
	defer lock.Unlock()
	return uint64(len(bodies)*size) + uint64(cap(bodies))*uint64(unsafe.Sizeof(bodies[0]))
}

func main() {
	serve.ForeverCounting(func(_ int64, _ []byte) string {
		lock.Lock()
		defer lock.Unlock()
		bodies = append(bodies, make([]byte, size))
		return "ok"
	}, held)
}
