module drip.example/floor

go 1.19
