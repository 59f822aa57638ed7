// Package serve is what the Go services share: the server, ballast, and the service's own count of its live memory.
//
// When OWN_COUNT_FILE is set and nothing was asked for a moment, the service collects and appends a line.
package serve

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"
)

// Shorter than Drip rests before it reads, so that the count is done by then.
const rest = 100 * time.Millisecond

const ballastObjectBytes = 100

type link struct {
	next   *link
	values [10]int
}

var (
	ballast               *link
	begun, answered, last int64
)

// Forever answers every request with what answer makes of its number and body. What the service registered with
// http.DefaultServeMux stays reachable.
func Forever(answer func(id int64, body []byte) string) {
	ForeverCounting(answer, collected)
}

// ForeverCounting does the same with a count of the service's own; nil for none. Where the floor is the trace of
// collections, one forced by the count would be read as if it had come by itself.
func ForeverCounting(answer func(id int64, body []byte) string, count func() uint64) {
	for bytes := number("BALLAST_MB") * 1_000_000; bytes > 0; bytes -= ballastObjectBytes {
		ballast = &link{next: ballast}
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, answer(atomic.AddInt64(&begun, 1), body))
		atomic.AddInt64(&answered, 1)
		atomic.StoreInt64(&last, time.Now().UnixNano())
	})
	if file := os.Getenv("OWN_COUNT_FILE"); file != "" && count != nil {
		go countAtRest(file, count)
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", number("PORT")))
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.Serve(listener, nil))
}

func number(name string) int {
	value, _ := strconv.Atoi(os.Getenv(name))
	return value
}

func collected() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc + stats.StackInuse
}

func countAtRest(file string, count func() uint64) {
	var counted int64
	for range time.Tick(rest / 8) {
		requests, began := atomic.LoadInt64(&answered), time.Now()
		if requests == counted || began.UnixNano()-atomic.LoadInt64(&last) < int64(rest) {
			continue
		}
		counted = requests
		line := fmt.Sprintf("{\"requests\":%d,\"bytes\":%d,\"ms\":%d}\n", requests, count(),
			time.Since(began).Milliseconds())
		add(file, line)
	}
}

func add(file, line string) {
	out, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	_, _ = out.WriteString(line)
	_ = out.Close()
}
