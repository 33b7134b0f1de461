// Command apiserver runs a real kube-apiserver and its etcd in one process, for tests on one machine.
//
//	apiserver -data DIR [-port N] [-- FLAGS OF kube-apiserver]
//
// When the server is ready it prints one JSON line: {"ca": FILE, "token": "...", "url": "https://127.0.0.1:N"}; the token
// is that of an administrator. It reads commands from its standard input: `compact` forgets every older revision in
// etcd, so that open continue tokens expire, and prints {"revision": N}. The end of the input ends the process:
// it cannot outlive whoever started it.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

const readyWithin = 2 * time.Minute

func main() {
	data := flag.String("data", "", "directory for etcd, keys and tokens; created when missing")
	port := flag.Int("port", 0, "port on 127.0.0.1; 0 takes a free one")
	flag.Parse()
	if err := run(*data, *port, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "apiserver:", err)
		os.Exit(1)
	}
}

func run(data string, port int, extra []string) error {
	if data == "" {
		return errors.New("-data names no directory")
	}
	layout, err := prepare(data)
	if err != nil {
		return err
	}
	etcd, err := startEtcd(layout)
	if err != nil {
		return err
	}
	defer etcd.Close()
	if port == 0 {
		if port, err = freePort(); err != nil {
			return err
		}
	}
	server := &server{url: fmt.Sprintf("https://127.0.0.1:%d", port), layout: layout}
	go server.announce()
	go server.obey(v3client.New(etcd.Server))
	command := app.NewAPIServerCommand()
	command.SetArgs(append(layout.flags(port), extra...))
	if code := cli.Run(command); code != 0 {
		return fmt.Errorf("kube-apiserver ended with code %d", code)
	}
	return nil
}

type server struct {
	url    string
	layout layout
}

// announce prints where the server is as soon as it is ready; a server that does not get there ends the process.
func (s *server) announce() {
	deadline := time.Now().Add(readyWithin)
	for !s.ready() {
		if time.Now().After(deadline) {
			fmt.Fprintf(os.Stderr, "apiserver: %s/readyz is not 200 after %s\n", s.url, readyWithin)
			os.Exit(1)
		}
		time.Sleep(100 * time.Millisecond)
	}
	say(map[string]any{"url": s.url, "ca": s.layout.ca(), "token": s.layout.token})
}

func (s *server) ready() bool {
	pem, err := os.ReadFile(s.layout.ca())
	if err != nil {
		return false // not written yet
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	client := http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true},
		Timeout:   5 * time.Second,
	}
	request, err := http.NewRequest(http.MethodGet, s.url+"/readyz", nil)
	if err != nil {
		return false
	}
	request.Header.Set("Authorization", "Bearer "+s.layout.token)
	reply, err := client.Do(request)
	if err != nil {
		return false
	}
	defer reply.Body.Close()
	return reply.StatusCode == http.StatusOK
}

// obey carries out the commands that come in on the standard input, until it ends.
func (s *server) obey(etcd *clientv3.Client) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if lines.Text() != "compact" {
			say(map[string]any{"error": "unknown command " + strconv.Quote(lines.Text())})
			continue
		}
		revision, err := compact(etcd)
		if err != nil {
			say(map[string]any{"error": err.Error()})
			continue
		}
		say(map[string]any{"revision": revision})
	}
	os.Exit(0) // the data is thrown away: nothing waits for a graceful end
}

// compact writes a key so that there is a newer revision, and drops all the older ones. The key is the one in which
// API servers tell each other what has been compacted, so that their caches forget it too.
func compact(etcd *clientv3.Client) (int64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	current, err := etcd.Get(ctx, "compact_rev_key")
	if err != nil {
		return 0, err
	}
	put, err := etcd.Put(ctx, "compact_rev_key", strconv.FormatInt(current.Header.Revision+1, 10))
	if err != nil {
		return 0, err
	}
	_, err = etcd.Compact(ctx, put.Header.Revision, clientv3.WithCompactPhysical())
	return put.Header.Revision, err
}

func say(values map[string]any) {
	line, err := json.Marshal(values)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// flags are those of a small kube-apiserver without controllers: no ServiceAccount appears in a new Namespace, so the
// admission plugin that wants one in every Pod is off, and nobody keeps the endpoints of the `kubernetes` Service.
func (l layout) flags(port int) []string {
	return []string{
		"--advertise-address=127.0.0.1",
		"--allow-privileged=true",
		"--authorization-mode=RBAC",
		"--bind-address=127.0.0.1",
		"--cert-dir=" + filepath.Join(l.data, "certs"),
		"--disable-admission-plugins=ServiceAccount",
		"--endpoint-reconciler-type=none",
		"--etcd-servers=" + l.etcdURL(),
		"--secure-port=" + strconv.Itoa(port),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + l.key(),
		"--service-account-signing-key-file=" + l.key(),
		"--service-cluster-ip-range=10.0.0.0/16",
		"--token-auth-file=" + l.tokens(),
	}
}
