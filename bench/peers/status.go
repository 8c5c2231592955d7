// What Go's net/http gives for a status request: over TLS, checks the key, answers from memory.
// usage: status PORT CERT KEY API_KEY BODY
package main

import (
	"net/http"
	"os"
)

func main() {
	key, body := os.Args[4], []byte(os.Args[5])
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-API-Key") != key {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(body)
	})
	panic(http.ListenAndServeTLS("127.0.0.1:"+os.Args[1], os.Args[2], os.Args[3], nil))
}
