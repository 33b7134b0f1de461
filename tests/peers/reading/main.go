// Command reading says what gator's reader makes of texts: a line of JSON for each, with the objects or the error.
//
// Standard input holds the texts, each behind its length in bytes on a line of its own.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/open-policy-agent/gatekeeper/v3/pkg/gator/reader"
)

func main() {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		var size int
		if _, err := fmt.Fscanf(in, "%d\n", &size); err != nil {
			return
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(in, text); err != nil {
			return
		}
		row, _ := json.Marshal(reading(text))
		out.Write(append(row, '\n'))
	}
}

func reading(text []byte) (row map[string]any) {
	defer func() {
		if found := recover(); found != nil {
			row = map[string]any{"error": fmt.Sprint("panic: ", found)}
		}
	}()
	found, err := reader.ReadK8sResources(bufio.NewReader(bytes.NewReader(text)))
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	objects := []any{}
	for _, object := range found {
		objects = append(objects, object.Object)
	}
	return map[string]any{"objects": objects}
}
