// Command leaky remembers the data of each request in a map that nothing ever empties.
package main

import (
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"
)

type requestData struct {
	received time.Time
	header   http.Header
	query    url.Values
}

var (
	mu       sync.Mutex
	counter  int
	requests = map[int]requestData{}
)

// remember is the leak: each request gets a key of its own, and no key is ever deleted.
func remember(r *http.Request) {
	data := requestData{received: time.Now(), header: r.Header, query: r.URL.Query()}
	mu.Lock()
	defer mu.Unlock()
	counter++
	requests[counter] = data
}

func handleData(w http.ResponseWriter, r *http.Request) {
	remember(r)
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"msg":"ok"}`)
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	http.HandleFunc("/data", handleData)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}
