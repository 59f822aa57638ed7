module drip-example-go-http

go 1.19
