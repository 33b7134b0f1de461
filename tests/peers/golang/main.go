// Command golang says what Go's own library makes of texts and numbers: a line of JSON for each line [function, argument].
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

var functions = map[string]func(text string) (any, error){
	"quoted": func(text string) (any, error) { return strconv.Quote(text), nil },
	"json_string": func(text string) (any, error) {
		made, err := json.Marshal(text)
		return string(made), err
	},
	"lower_case": func(text string) (any, error) { return strings.ToLower(text), nil },
	"upper_case": func(text string) (any, error) { return strings.ToUpper(text), nil },
	"general":    func(text string) (any, error) { return strconv.FormatFloat(float(text), 'g', -1, 64), nil },
	"general32":  func(text string) (any, error) { return strconv.FormatFloat(float(text), 'g', -1, 32), nil },
	"plain":      func(text string) (any, error) { return strconv.FormatFloat(float(text), 'f', -1, 64), nil },
	"json_number": func(text string) (any, error) {
		made, err := json.Marshal(float(text))
		return string(made), err
	},
	"atoi": func(text string) (any, error) {
		found, err := strconv.Atoi(text)
		return fmt.Sprint(found), err
	},
	"durations.parse": func(text string) (any, error) {
		found, err := time.ParseDuration(text)
		return fmt.Sprint(int64(found)), err
	},
	"durations.written": func(text string) (any, error) {
		found, err := strconv.ParseInt(text, 10, 64)
		return time.Duration(found).String(), err
	},
	"parse_url": func(text string) (any, error) {
		found, err := url.Parse(text)
		if err != nil {
			return nil, err
		}
		user := []string{}
		if found.User != nil {
			user = append(user, found.User.Username())
			if password, set := found.User.Password(); set {
				user = append(user, password)
			}
		}
		return map[string]any{
			"scheme": found.Scheme, "opaque": found.Opaque, "user": user, "host": found.Host, "path": found.Path,
			"raw_path": found.RawPath, "raw_query": found.RawQuery, "force_query": found.ForceQuery,
			"omit_host": found.OmitHost, "fragment": found.Fragment, "raw_fragment": found.RawFragment,
			"hostname": found.Hostname(), "port": found.Port(), "escaped_path": found.EscapedPath(),
			"escaped_fragment": found.EscapedFragment(), "text": found.String(),
		}, nil
	},
	"check_request_uri": func(text string) (any, error) {
		_, err := url.ParseRequestURI(text)
		return nil, err
	},
	"query_of": func(text string) (any, error) {
		found, _ := url.ParseQuery(text)
		return found, nil
	},
	"unescape": func(text string) (any, error) { return url.PathUnescape(text) },
	"complaint": func(text string) (any, error) {
		_, err := netip.ParseAddr(text)
		return nil, err
	},
	"parse_rfc3339": func(text string) (any, error) {
		found, err := time.Parse(time.RFC3339, text)
		_, offset := found.Zone()
		return []any{fmt.Sprint(found.Unix()), found.Nanosecond(), offset}, err
	},
	"parse_time": func(text string) (any, error) {
		layout, value, _ := strings.Cut(text, "|")
		found, err := time.Parse(layout, value)
		return []any{fmt.Sprint(found.Unix()), found.Nanosecond()}, err
	},
	"format_time": func(text string) (any, error) {
		layout, value, _ := strings.Cut(text, "|")
		nanoseconds, err := strconv.ParseInt(value, 10, 64)
		return time.Unix(0, nanoseconds).UTC().Format(layout), err
	},
}

func float(text string) float64 {
	found, _ := strconv.ParseFloat(text, 64)
	return found
}

func main() {
	in, out := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)
	in.Buffer(nil, 1<<24)
	defer out.Flush()
	written := json.NewEncoder(out)
	written.SetEscapeHTML(false)
	for in.Scan() {
		var asked [2]string
		if err := json.Unmarshal(in.Bytes(), &asked); err != nil {
			panic(err)
		}
		answer, err := functions[asked[0]](asked[1])
		if err != nil {
			answer = map[string]string{"error": err.Error()}
		}
		written.Encode(answer)
	}
}
