package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		log.Println("go was asked")
		fmt.Fprintln(w, "go-marker")
	})
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
