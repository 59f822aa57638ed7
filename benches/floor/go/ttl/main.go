// Healthy: entries of a cache live for half a second; the profiler's pages are open, as in many services.
package main

import (
	_ "net/http/pprof"
	"sync"
	"time"

	"drip.example/floor/serve"
)

const lives = 500 * time.Millisecond

type entry struct {
	made  time.Time
	value [100]byte
}

var (
	lock    sync.Mutex
	entries = map[int64]entry{}
)

func sweep() {
	for now := range time.Tick(lives / 10) {
		lock.Lock()
		for id, entry := range entries {
			if now.Sub(entry.made) > lives {
				delete(entries, id)
			}
		}
		lock.Unlock()
	}
}

func main() {
	go sweep()
	serve.Forever(func(id int64, _ []byte) string {
		lock.Lock()
		defer lock.Unlock()
		entries[id%20_000] = entry{made: time.Now()}
		return "ok"
	})
}
