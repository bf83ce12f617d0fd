package e2e

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// newOutfit is a folder with all that machines get: the user-data's files, an
// archive for them to install, and aws, which knows that and the secrets.
func newOutfit(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	sh := exec.Command("sh", "-euc", outfitText)
	sh.Dir = dir
	sh.Env = append(os.Environ(), "ROOT="+root())
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	archive, err := os.Open(filepath.Join(dir, "archive"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, archive); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "machine", install)
	text, err := os.ReadFile(path)
	right := strings.Replace(string(text), "sum="+strings.Repeat("0", 64), fmt.Sprintf("sum=%x", sum.Sum(nil)), 1)
	if err := errors.Join(err, os.WriteFile(path+".wrong", text, 0o755), os.WriteFile(path, []byte(right), 0o755)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The store's address and keys stand for the instance role's.
const outfitText = `
"$ROOT/scripts/cloud-init/files" "$ROOT/scripts/cloud-init/user-data" machine
cat >>machine/etc/auto-consul.env <<END
AWS_ENDPOINT_URL_S3=http://` + storeAddress + `:7070
AWS_ACCESS_KEY_ID=` + accessKey + `
AWS_SECRET_ACCESS_KEY=` + secretKey + `
END
cat >machine/etc/consul.d/fast.hcl <<END
performance {
  raft_multiplier  = 1
  leave_drain_time = "0s"
}
ports { serf_wan = -1 }
autopilot { server_stabilization_time = "100ms" }
END
mkdir -p machine/usr/local/bin tree/usr/local/bin tree/etc/systemd/system secrets/consul
cp "$ROOT"/bin/ac-* "$ROOT/bin/auto-consul" tree/usr/local/bin
cp -L "$ROOT/bin/tools/consul" tree/usr/local/bin # the units do not see what lies below /tmp
cp "$ROOT"/scripts/systemd/*.service tree/etc/systemd/system
tar -cf archive -C tree .
cd secrets/consul
"$ROOT/bin/tools/consul" keygen >gossip-key
"$ROOT/bin/tools/consul" tls ca create
"$ROOT/bin/tools/consul" tls cert create -server
mv consul-agent-ca.pem ca
mv dc1-server-consul-0.pem cert
mv dc1-server-consul-0-key.pem cert-key
cat /proc/sys/kernel/random/uuid >token
cd ../..
# Programs that end at once stay for a moment, for who looks at their arguments.
for name in cat chgrp chmod cp curl install mv rm sed; do
  printf '#!/bin/sh\nsleep 0.1\nexec %s "$@"\n' "$(command -v $name)" >machine/usr/local/bin/$name
  chmod 755 machine/usr/local/bin/$name
done
cat >aws <<END
#!/bin/sh
set -eu
case "\$1 \$2 \$3 \$4" in
  's3 cp --only-show-errors s3://my-artefacts/auto-consul.tar.gz') cp '$PWD/archive' "\$5" ;;
  'secretsmanager get-secret-value --secret-id '*)
    [ "\$AWS_DEFAULT_REGION" = us-east-1 ]
    [ ! -e "/tmp/consul/withheld/\$4" ] || { echo "\$4" >>/tmp/consul/refused; exit 254; }
    cat "$PWD/secrets/\$4"
    ;;
  'autoscaling complete-lifecycle-action --auto-scaling-group-name my-group')
    [ "\$AWS_DEFAULT_REGION" = us-east-1 ]
    shift 4
    echo "\$(systemctl show --property=ActiveState --value auto-consul.service): \$*" >>/tmp/consul/completed
    ;;
  *) exit 252 ;;
esac
END
chmod 755 aws`
