package standin

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	day       = 24 * time.Hour
	leafLife  = 365 * day // as k3s
	renewFrom = 90 * day  // a certificate with less left is made anew at the next start, as k3s does
)

// authority is a CA that can sign.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	pem  []byte
}

// leaf describes a certificate to be made.
type leaf struct {
	path  string // without .crt and .key
	ca    *authority
	cn    string
	orgs  []string
	names []string // host names and addresses; none: client only
}

// loadAuthority reads DIR/NAME.crt and .key or makes them.
func loadAuthority(path, cn string) (*authority, error) {
	if cert, key, err := readPair(path); err == nil {
		return &authority{cert, key, pemOf("CERTIFICATE", cert.Raw)}, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := template(fmt.Sprintf("%s@%d", cn, time.Now().Unix()), nil, 3650*day)
	t.IsCA, t.BasicConstraintsValid = true, true
	t.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign
	raw, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	if err := writePair(path, raw, key); err != nil {
		return nil, err
	}
	return loadAuthority(path, cn)
}

// ensure makes the certificate unless a good one is there: signed by this CA, for these names, not about to end.
func (l leaf) ensure() error {
	if cert, _, err := readPair(l.path); err == nil && l.fits(cert) {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	raw, err := l.ca.sign(key.Public(), l)
	if err != nil {
		return err
	}
	return writePair(l.path, raw, key)
}

func (l leaf) fits(cert *x509.Certificate) bool {
	for _, name := range l.names {
		if cert.VerifyHostname(name) != nil {
			return false
		}
	}
	return cert.CheckSignatureFrom(l.ca.cert) == nil && time.Until(cert.NotAfter) > renewFrom && cert.Subject.CommonName == l.cn
}

func (a *authority) sign(public crypto.PublicKey, l leaf) ([]byte, error) {
	t := template(l.cn, l.orgs, leafLife)
	t.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(l.names) > 0 {
		t.ExtKeyUsage = append(t.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, name := range l.names {
		if ip := net.ParseIP(name); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	return x509.CreateCertificate(rand.Reader, t, a.cert, public, a.key)
}

func template(cn string, orgs []string, life time.Duration) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	return &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: cn, Organization: orgs},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(life)}
}

func pemOf(kind string, raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw})
}

func readPair(path string) (*x509.Certificate, crypto.Signer, error) {
	text, err := os.ReadFile(path + ".crt")
	if err != nil {
		return nil, nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, nil, fmt.Errorf("%s.crt: no PEM", path)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, nil, err
	}
	text, err = os.ReadFile(path + ".key")
	if err != nil {
		return nil, nil, err
	}
	if block, _ = pem.Decode(text); block == nil {
		return nil, nil, fmt.Errorf("%s.key: no PEM", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, nil, fmt.Errorf("%s.key: not a signing key", path)
	}
	return cert, signer, nil
}

func writePair(path string, cert []byte, key crypto.Signer) error {
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writeFile(path+".key", pemOf("PRIVATE KEY", raw), 0o600); err != nil {
		return err
	}
	return writeFile(path+".crt", pemOf("CERTIFICATE", cert), 0o644)
}

// ensureAccountKey makes the RSA key that signs service account tokens (PATH.key; its public half is PATH.pub).
func ensureAccountKey(path string) error {
	if _, err := os.Stat(path + ".pub"); err == nil {
		return nil
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	if err := writeFile(path+".key", pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)), 0o600); err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	return writeFile(path+".pub", pemOf("PUBLIC KEY", public), 0o644)
}

// writeFile replaces a file in one step, so that a power cut leaves the old or the new one.
func writeFile(path string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	temporary := path + ".new"
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Chmod(mode)
	}
	if err == nil {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
