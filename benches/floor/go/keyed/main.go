// Leaking: a map by a number that never comes again; the profiler's pages are open.
package main

import (
	_ "net/http/pprof"
	"sync"

	"drip.example/floor/serve"
)

var (
	lock sync.Mutex
	seen = map[int64]*[200]byte{}
)

func main() {
	serve.Forever(func(id int64, _ []byte) string {
		lock.Lock()
		defer lock.Unlock()
		seen[id] = new([200]byte)
		return "ok"
	})
}
