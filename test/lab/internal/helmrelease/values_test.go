package helmrelease

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	v2 "github.com/fluxcd/helm-controller/api/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestComposeValues(t *testing.T) {
	in := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "apps", Name: name} }
	cluster := newClient(t,
		&corev1.ConfigMap{ObjectMeta: in("base"), Data: map[string]string{
			"values.yaml": "color: blue\nui: {message: base, logo: base}\n",
			"other":       "color: green\n",
		}},
		&corev1.Secret{ObjectMeta: in("secret"), Data: map[string][]byte{
			"values.yaml": []byte("color: red\n"),
			"message":     []byte("hidden"),
		}},
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "elsewhere", Name: "far"}},
	)
	tests := []struct {
		name   string
		from   []v2.ValuesReference
		values any
		want   map[string]any
		err    string
	}{
		{name: "none"},
		{
			name:   "spec only",
			values: map[string]any{"color": "black"},
			want:   map[string]any{"color": "black"},
		},
		{
			name: "later reference wins, maps are merged",
			from: []v2.ValuesReference{{Kind: "ConfigMap", Name: "base"}, {Kind: "Secret", Name: "secret"}},
			want: map[string]any{"color": "red", "ui": map[string]any{"message": "base", "logo": "base"}},
		},
		{
			name:   "spec wins over references",
			from:   []v2.ValuesReference{{Kind: "Secret", Name: "secret"}, {Kind: "ConfigMap", Name: "base"}},
			values: map[string]any{"color": "black", "ui": map[string]any{"message": "spec"}},
			want:   map[string]any{"color": "black", "ui": map[string]any{"message": "spec", "logo": "base"}},
		},
		{
			name: "valuesKey",
			from: []v2.ValuesReference{{Kind: "ConfigMap", Name: "base", ValuesKey: "other"}},
			want: map[string]any{"color": "green"},
		},
		{
			name: "targetPath",
			from: []v2.ValuesReference{{Kind: "Secret", Name: "secret", ValuesKey: "message", TargetPath: "ui.message"}},
			want: map[string]any{"ui": map[string]any{"message": "hidden"}},
		},
		{
			name: "optional may be absent, object or key",
			from: []v2.ValuesReference{
				{Kind: "Secret", Name: "absent", Optional: true},
				{Kind: "Secret", Name: "secret", ValuesKey: "absent", Optional: true},
				{Kind: "ConfigMap", Name: "base", ValuesKey: "other"},
			},
			want: map[string]any{"color": "green"},
		},
		{
			name: "absent object",
			from: []v2.ValuesReference{{Kind: "Secret", Name: "absent"}},
			err:  "'apps/absent'",
		},
		{
			name: "other namespace is not looked at",
			from: []v2.ValuesReference{{Kind: "ConfigMap", Name: "far"}},
			err:  "'apps/far'",
		},
		{
			name: "absent key",
			from: []v2.ValuesReference{{Kind: "Secret", Name: "secret", ValuesKey: "absent"}},
			err:  "key not found",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hr := newRelease(func(hr *v2.HelmRelease) {
				hr.Spec.ValuesFrom = test.from
				if test.values != nil {
					hr.Spec.Values = jsonValues(t, test.values)
				}
			})
			got, err := composeValues(t.Context(), cluster, hr)
			if test.err != "" {
				var f *failure
				if !errors.As(err, &f) || f.reason != "ValuesError" || !strings.Contains(err.Error(), test.err) {
					t.Fatalf("got %v, want a ValuesError with %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(got)+len(test.want) > 0 && !reflect.DeepEqual(got.AsMap(), test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestConfigDigestFollowsValues(t *testing.T) {
	one := configDigest(map[string]any{"a": "1", "b": map[string]any{"c": 2}})
	same := configDigest(map[string]any{"b": map[string]any{"c": 2}, "a": "1"})
	other := configDigest(map[string]any{"a": "2", "b": map[string]any{"c": 2}})
	if one != same || one == other || !strings.HasPrefix(one, "sha256:") {
		t.Errorf("digests are %s, %s and %s, want the first two alike", one, same, other)
	}
	if configDigest(nil) != configDigest(map[string]any{}) {
		t.Error("no values and empty values have different digests")
	}
}
