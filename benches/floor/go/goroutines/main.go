// Leaking: a goroutine for each request, which waits for somebody to take its result.
package main

import "drip.example/floor/serve"

func main() {
	serve.Forever(func(id int64, _ []byte) string {
		results := make(chan int64)
		go func() { results <- id }()
		return "ok"
	})
}
