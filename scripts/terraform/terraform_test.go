// Package terraform checks the example beside it as far as that can be done without
// Terraform's provider and an account: its form, its references, the policies and the
// user-data that come of it. That the provider takes it is not checked.
package terraform

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// example is what the files hold: blocks by their address, such as var.bucket.
type example map[string]*hclsyntax.Block

func load(t *testing.T) example {
	t.Helper()
	paths, err := filepath.Glob("*.tf")
	if err != nil || len(paths) != 2 {
		t.Fatalf("got files %v, %v, want two", paths, err)
	}
	e := example{}
	for _, path := range paths {
		file, problems := hclparse.NewParser().ParseHCLFile(path)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		if !bytes.Equal(hclwrite.Format(file.Bytes), file.Bytes) {
			t.Errorf("%s: terraform fmt would change it", path)
		}
		for _, block := range file.Body.(*hclsyntax.Body).Blocks {
			address := strings.Join(block.Labels, ".")
			if block.Type == "variable" {
				address = "var." + address
			} else if block.Type != "resource" {
				address = block.Type
			}
			e[address] = block
		}
	}
	return e
}

// TestReferences wants each thing that an expression names to be there, and each variable
// to be used.
func TestReferences(t *testing.T) {
	t.Parallel()
	e, used := load(t), map[string]bool{}
	for address, block := range e {
		problems := hclsyntax.VisitAll(block.Body, func(n hclsyntax.Node) hcl.Diagnostics {
			// A word alone, as in type = string, is no reference.
			if scope, ok := n.(*hclsyntax.ScopeTraversalExpr); ok && len(scope.Traversal) > 1 {
				used[name(scope.Traversal)] = true
			}
			return nil
		})
		if problems.HasErrors() {
			t.Errorf("%s: %v", address, problems)
		}
	}
	for name := range used {
		local, isLocal := strings.CutPrefix(name, "local.")
		if e[name] == nil && name != "path.module" && (!isLocal || e["locals"].Body.Attributes[local] == nil) {
			t.Errorf("there is no %s", name)
		}
	}
	for address := range e {
		if strings.HasPrefix(address, "var.") && !used[address] {
			t.Errorf("nothing uses %s", address)
		}
	}
}

// name returns the first two words of a reference, which are an address.
func name(reference hcl.Traversal) string {
	return reference.RootName() + "." + reference[1].(hcl.TraverseAttr).Name
}

// values are those of the variables of which policies and user-data are made.
type values struct{ bucket, artefacts, group, checksum string }

// scope is what expressions are evaluated in: the functions are Terraform's.
func (e example) scope(t *testing.T, v values) *hcl.EvalContext {
	t.Helper()
	file := function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, err := os.ReadFile(args[0].AsString())
			return cty.StringVal(string(text)), err
		},
	})
	encode := function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.StringVal(base64.StdEncoding.EncodeToString([]byte(args[0].AsString()))), nil
		},
	})
	ctx := &hcl.EvalContext{
		Variables: map[string]cty.Value{
			"path": cty.ObjectVal(map[string]cty.Value{"module": cty.StringVal(".")}),
			"var": cty.ObjectVal(map[string]cty.Value{
				"bucket": cty.StringVal(v.bucket), "artefacts": cty.StringVal(v.artefacts),
				"group": cty.StringVal(v.group), "checksum": cty.StringVal(v.checksum),
			}),
		},
		Functions: map[string]function.Function{
			"file": file, "base64encode": encode, "replace": stdlib.ReplaceFunc, "jsonencode": stdlib.JSONEncodeFunc,
		},
	}
	locals := map[string]cty.Value{}
	for _, name := range []string{"text", "user_data"} { // in the order of their use
		locals[name] = cty.StringVal(evaluate(t, ctx, e["locals"], name))
		ctx.Variables["local"] = cty.ObjectVal(locals)
	}
	return ctx
}

// evaluate returns the text that an attribute of a block has.
func evaluate(t *testing.T, ctx *hcl.EvalContext, block *hclsyntax.Block, name string) string {
	t.Helper()
	if block == nil || block.Body.Attributes[name] == nil {
		t.Fatalf("there is no %s", name)
	}
	value, problems := block.Body.Attributes[name].Expr.Value(ctx)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	return value.AsString()
}

// asWritten are the values that the user-data and the README have themselves.
var asWritten = values{"my-bucket", "my-artefacts", "my-group", strings.Repeat("0", 64)}

// TestUserData compares what machines are given with the repository's file.
func TestUserData(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../cloud-init/user-data")
	if err != nil {
		t.Fatal(err)
	}
	e := load(t)
	own := values{"one", "two", "three", strings.Repeat("4", 64)}
	replaced := strings.NewReplacer(asWritten.bucket, own.bucket, asWritten.artefacts, own.artefacts,
		asWritten.group, own.group, asWritten.checksum, own.checksum).Replace(string(text))
	if strings.Contains(replaced, "my-") {
		t.Errorf("more is to be replaced in\n%s", replaced)
	}
	for v, want := range map[values]string{asWritten: string(text), own: replaced} {
		encoded := evaluate(t, e.scope(t, v), e["aws_launch_template.node"], "user_data")
		got, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || string(got) != want {
			t.Errorf("got %v, %s\nwant %s", err, got, want)
		}
		if len(got) > 16*1024 {
			t.Errorf("the user-data has %d bytes, and EC2 takes 16 KiB", len(got))
		}
	}
}

// TestPolicies compares what the machines may do with what the README says that the
// registry wants, and with what the user-data calls.
func TestPolicies(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "<!-- check: policy -->\n```json\n")
	smallest, _, _ := strings.Cut(rest, "```")
	e := load(t)
	ctx := e.scope(t, asWritten)
	policy := func(address string) string { return evaluate(t, ctx, e["aws_iam_role_policy."+address], "policy") }
	if got, want := decode(t, policy("registry")), decode(t, smallest); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	for address, want := range map[string]string{
		"snapshots": `{"Version":"2012-10-17","Statement":[` +
			`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::my-bucket","Condition":{"StringLike":{"s3:prefix":"consul/snapshots/*"}}},` +
			`{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],"Resource":"arn:aws:s3:::my-bucket/consul/snapshots/*"}]}`,
		"start": `{"Version":"2012-10-17","Statement":[` +
			`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::my-artefacts/auto-consul.tar.gz"},` +
			`{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:*:*:secret:consul/*"}]}`,
		"leave": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"autoscaling:CompleteLifecycleAction",` +
			`"Resource":"arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/my-group"}]}`,
	} {
		if got := decode(t, policy(address)); !reflect.DeepEqual(got, decode(t, want)) {
			t.Errorf("%s: got %v\nwant %v", address, got, want)
		}
	}
	userData := evaluate(t, ctx, e["locals"], "user_data")
	hook := evaluate(t, ctx, e["aws_autoscaling_lifecycle_hook.leave"], "name")
	for _, part := range []string{
		"s3://my-artefacts/auto-consul.tar.gz ", "--secret-id \"consul/$1\"", "AC_REGISTRY=s3://my-bucket/consul\n",
		"\n      group=" + evaluate(t, ctx, e["aws_autoscaling_group.node"], "name") + "\n", "--lifecycle-hook-name " + hook + " \\\n",
	} {
		if !strings.Contains(userData, part) {
			t.Errorf("the user-data has no %q", part)
		}
	}
	if got := evaluate(t, ctx, e["aws_autoscaling_lifecycle_hook.leave"], "lifecycle_transition"); got != "autoscaling:EC2_INSTANCE_TERMINATING" {
		t.Errorf("the hook is for %s", got)
	}
}

// TestOrder wants the group to wait for all policies.
func TestOrder(t *testing.T) {
	t.Parallel()
	e := load(t)
	var awaited, want []string
	for _, reference := range e["aws_autoscaling_group.node"].Body.Attributes["depends_on"].Expr.Variables() {
		awaited = append(awaited, name(reference))
	}
	for address := range e {
		if strings.HasPrefix(address, "aws_iam_role_policy.") {
			want = append(want, address)
		}
	}
	slices.Sort(want)
	slices.Sort(awaited)
	if !slices.Equal(awaited, want) {
		t.Errorf("the group waits for %q, want %q", awaited, want)
	}
}

func decode(t *testing.T, text string) (doc any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return doc
}
