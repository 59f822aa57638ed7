// Healthy: pooled buffers of 256 KB, and as much garbage beside them; nothing of the runtime is exposed.
package main

import (
	"strconv"
	"sync"

	"drip.example/floor/serve"
)

const size = 256 * 1024

var buffers = sync.Pool{New: func() any { return make([]byte, size) }}

func main() {
	serve.ForeverCounting(func(id int64, _ []byte) string {
		buffer := buffers.Get().([]byte)
		defer buffers.Put(buffer)
		garbage := make([]byte, size)
		copy(garbage, buffer)
		return strconv.Itoa(len(garbage) + int(id))
	}, nil)
}
