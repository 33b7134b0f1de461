package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// layout says where things are under the data directory.
type layout struct {
	data  string
	token string
}

func (l layout) ca() string      { return filepath.Join(l.data, "certs", "apiserver.crt") } // with the CA that signed it
func (l layout) key() string     { return filepath.Join(l.data, "service-account.key") }
func (l layout) tokens() string  { return filepath.Join(l.data, "tokens.csv") }
func (l layout) etcdURL() string { return "unix://" + filepath.Join(l.data, "etcd.sock") }

// prepare writes the key that signs ServiceAccount tokens and the token of the administrator.
func prepare(data string) (layout, error) {
	absolute, err := filepath.Abs(data)
	if err != nil {
		return layout{}, err
	}
	if err := os.MkdirAll(absolute, 0o700); err != nil {
		return layout{}, err
	}
	secret := make([]byte, 16)
	if _, err := rand.Read(secret); err != nil {
		return layout{}, err
	}
	l := layout{data: absolute, token: hex.EncodeToString(secret)}
	row := l.token + ",admin,admin,system:masters\n"
	if err := os.WriteFile(l.tokens(), []byte(row), 0o600); err != nil {
		return layout{}, err
	}
	return l, writeKey(l.key())
}

func writeKey(path string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return os.WriteFile(path, pem.EncodeToMemory(block), 0o600)
}

// startEtcd starts an etcd that listens on sockets in the data directory only, and waits until it has a leader.
// It does not sync to the disk: nothing here has to survive a crash.
func startEtcd(l layout) (*embed.Etcd, error) {
	client, err := url.Parse(l.etcdURL())
	if err != nil {
		return nil, err
	}
	peer, err := url.Parse("unix://" + filepath.Join(l.data, "peer.sock"))
	if err != nil {
		return nil, err
	}
	config := embed.NewConfig()
	config.Dir = filepath.Join(l.data, "etcd")
	config.LogOutputs = []string{filepath.Join(l.data, "etcd.log")}
	// What it would tell other members stays the default: there are none, and sockets cannot be told.
	config.ListenClientUrls, config.ListenPeerUrls = []url.URL{*client}, []url.URL{*peer}
	config.UnsafeNoFsync = true
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return etcd, nil
	case <-time.After(time.Minute):
		etcd.Close()
		return nil, errors.New("etcd is not ready after a minute")
	}
}
